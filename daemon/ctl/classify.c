/* `rules classify`: the filter from posts to verdicts that scripts and benchmarks rely on. Reads
 * and writes in blocks, but answers every whole line it has before it waits for more, so it may sit
 * in the middle of a live pipe. A bad line costs one answer, never the stream. */
#include <unistd.h>

#include "ctl.h"
#include "lines.h"
#include "mentiond/json.h"
#include "mentiond/text.h"
#include "packs.h"
#include "verdict.h"

#define FLUSH_BYTES (256 * 1024)
#define ARENA_MAX (64 * 1024 * 1024) /* of one line's JSON */
#define COMPLAINTS_MAX 100           /* further bad lines are only counted */

struct classify_args {
    struct str engine;
    struct list_arg rules;
};

struct filter {
    struct ctl *ctl;
    struct ruleset *set;
    struct arena arena; /* of one line */
    uint64_t line, bad;
};

static int answer_bad(struct filter *f, struct str id, const char *why)
{
    f->bad++;
    if (f->bad <= COMPLAINTS_MAX)
        ctl_note("line %llu: %s, answered with \"label\":null", (unsigned long long)f->line, why);
    if (f->bad == COMPLAINTS_MAX)
        ctl_note("line %llu: further bad lines are only counted", (unsigned long long)f->line);
    verdict_bad_to_json(id, &f->ctl->out.buf);
    buf_append_char(&f->ctl->out.buf, '\n');
    return 0;
}

/* The id as JSON text, as it came. */
static struct str id_text(const json_t *id)
{
    const char *text = id ? json_dumps(id, JSON_ENCODE_ANY | JSON_COMPACT) : NULL;

    return text ? str_from(text) : STR("null"); /* lives in the arena, like the value */
}

static int judge(struct filter *f, const json_t *post, struct error *err)
{
    struct str id = id_text(json_get(post, "id"));
    struct mention m;
    int r;

    if (!json_is_object(post))
        return answer_bad(f, id, "not a JSON object");
    if (!json_is_string(json_get(post, "text")))
        return answer_bad(f, id, "\"text\" is missing or no string");
    if (json_get(post, "lang") && !json_is_string(json_get(post, "lang")))
        return answer_bad(f, id, "\"lang\" is no string");
    mention_init(&m);
    m.text = json_get_text(post, "text");
    m.lang = json_get_text(post, "lang");
    if (m.lang.len == 0)
        m.lang = text_language(m.text);
    r = ruleset_judge(f->set, &m, &f->arena, err);
    if (r < 0)
        return error_prefix(err, r, "line %llu", (unsigned long long)f->line);
    verdict_to_json(&m, id, &f->ctl->out.buf);
    buf_append_char(&f->ctl->out.buf, '\n');
    return 0;
}

static int classify_line(void *user, struct str line, bool too_long, struct error *err)
{
    struct filter *f = user;
    json_t *post = NULL;
    struct error why;
    int r;

    f->line++;
    line = str_trim(line);
    if (too_long)
        return answer_bad(f, STR("null"), "longer than 1 MiB");
    if (line.len == 0)
        return 0;
    arena_reset(&f->arena);
    json_use_arena(&f->arena);
    if (json_page_parse(line, NULL, &post, &why) < 0)
        r = answer_bad(f, STR("null"), why.text);
    else
        r = judge(f, post, err);
    json_use_arena(NULL);
    if (r == 0 && f->ctl->out.buf.len >= FLUSH_BYTES)
        r = out_flush(&f->ctl->out, err);
    return r;
}

static int flush_answers(void *user, struct error *err)
{
    struct filter *f = user;

    return out_flush(&f->ctl->out, err);
}

static enum exit_code classify(struct ctl *ctl, struct ruleset *set, struct error *err)
{
    struct filter f = {.ctl = ctl, .set = set};
    struct line_taker taker = {classify_line, flush_answers, &f};
    int r;

    arena_init(&f.arena, ARENA_MAX);
    r = lines_read(STDIN_FILENO, "standard input", &taker, err);
    if (f.bad > 0)
        ctl_note("%llu of %llu lines could not be judged", (unsigned long long)f.bad,
                 (unsigned long long)f.line);
    arena_finish(&f.arena);
    return r < 0 ? ctl_fail(ctl, err) : CTL_DONE;
}

static enum exit_code run_classify(struct ctl *ctl, const void *opaque)
{
    const struct classify_args *args = opaque;
    enum rule_engine engine =
        str_eq(args->engine, STR("reference")) ? RULE_ENGINE_REFERENCE : RULE_ENGINE_FAST;
    CLEANUP(packs_finish) struct packs packs;
    struct ruleset *set = NULL;
    enum exit_code code;
    struct error err;

    packs_init(&packs);
    if (packs_find(&packs, ctl, args->rules.items, args->rules.n, &err) == 0)
        set = packs_load(&packs, engine, &err);
    if (!set)
        return ctl_fail(ctl, &err);
    code = classify(ctl, set, &err);
    ruleset_unref(set);
    return code;
}

static const char *const engine_choices[] = {"fast", "reference", NULL};

static const struct arg classify_args[] = {
    {"engine", 0, ARG_CHOICE, offsetof(struct classify_args, engine), "ENGINE", engine_choices,
     "The matcher: fast, or the plain one that says what rules mean"},
    {"rules", 'r', ARG_LIST, offsetof(struct classify_args, rules), "PATH", NULL,
     "A pack or a folder of packs, as often as needed; else those of the configuration"},
    {0},
};

const struct verb verb_rules_classify = {
    .name = "rules classify",
    .group = RULES_GROUP,
    .words = "< posts.jsonl > verdicts.jsonl",
    .args = classify_args,
    .args_size = sizeof(struct classify_args),
    .summary = "Judge posts from standard input, one JSON object a line",
    .help =
        "Reads {\"id\",\"text\",\"lang\"} a line (lang may be missing), writes\n"
        "{\"id\",\"label\",\"score\",\"scores\",\"hits\",\"captures\"} a line, in the same order.\n"
        "label is outage, complaint, praise or none; start and end of a hit are bytes of\n"
        "the text. A bad line is reported on standard error with its number and answered\n"
        "with \"label\":null; the rest goes on and the exit code stays 0.",
    .run = run_classify,
};
