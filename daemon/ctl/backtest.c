/* `rules backtest`: what would have been judged otherwise with other packs. Posts are judged twice by
 * one thread a core, each with rule sets of its own (a set serves one thread); only the verdicts are
 * kept. The few posts whose verdict changed are then judged once more, to say which rules did it. */
#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <unistd.h>

#include "ctl.h"
#include "packs.h"
#include "posts.h"
#include "table.h"
#include "view.h"

#define THREADS_MAX 64
#define CHUNK 64 /* posts that a thread takes at once */
#define ARENA_MAX (16 * 1024 * 1024)
#define FLUSH_BYTES (256 * 1024)

enum side { OLD, NEW, SIDES };

struct backtest_args {
    struct list_arg rules, old;
};

struct judge {
    struct backtest *test;
    struct ruleset *sets[SIDES]; /* owned */
    struct arena arena;          /* of one post */
    pthread_t thread;
    bool started;
    struct error err; /* code 0: went well */
};

struct backtest {
    struct ctl *ctl;
    struct posts posts;
    struct packs packs[SIDES];
    unsigned char *verdicts[SIDES]; /* owned, a class for each post */
    struct judge judges[THREADS_MAX];
    size_t n_judges;
    atomic_size_t next; /* post that nobody has taken */
};

/* ---- judging --------------------------------------------------------------------------------- */

static int judge_post(struct judge *j, enum side side, const struct post *post, struct mention *m,
                      struct error *err)
{
    mention_init(m);
    m->text = post->text;
    m->lang = post->lang;
    return ruleset_judge(j->sets[side], m, &j->arena, err);
}

static int judge_both(struct judge *j, size_t i)
{
    struct backtest *test = j->test;

    for (enum side side = OLD; side < SIDES; side++) {
        struct mention m;
        int r;

        arena_reset(&j->arena);
        r = judge_post(j, side, &test->posts.items[i], &m, &j->err);
        if (r < 0)
            return r;
        test->verdicts[side][i] = (unsigned char)m.class;
    }
    return 0;
}

static void *judge_run(void *user)
{
    struct judge *j = user;
    struct backtest *test = j->test;
    size_t from = atomic_fetch_add(&test->next, CHUNK);
    int r = 0;

    while (r == 0 && from < test->posts.n) {
        for (size_t i = from; r == 0 && i < from + CHUNK && i < test->posts.n; i++)
            r = judge_both(j, i);
        from = atomic_fetch_add(&test->next, CHUNK);
    }
    return NULL;
}

/* The first set of a side says what is wrong with the packs, the others are the same again. */
static struct ruleset *load_side(const struct packs *packs, bool first, struct error *err)
{
    struct ruleset *set;
    struct diag d;

    if (first)
        return packs_load(packs, RULE_ENGINE_FAST, err);
    diag_init(&d);
    set = ruleset_load(packs->paths, packs->n, RULE_ENGINE_FAST, &d);
    diag_finish(&d);
    if (!set)
        error_set(err, -EINVAL, "the rules cannot be read again; were they changed just now?");
    return set;
}

static int prepare_judges(struct backtest *test, struct error *err)
{
    long cores = sysconf(_SC_NPROCESSORS_ONLN);
    size_t useful = test->posts.n / CHUNK + 1;
    size_t n = cores < 1 ? 1 : cores > THREADS_MAX ? THREADS_MAX : (size_t)cores;

    n = n < useful ? n : useful;
    for (size_t i = 0; i < n; i++) {
        struct judge *j = &test->judges[test->n_judges++];

        j->test = test;
        arena_init(&j->arena, ARENA_MAX);
        for (enum side side = OLD; side < SIDES; side++) {
            j->sets[side] = load_side(&test->packs[side], i == 0, err);
            if (!j->sets[side])
                return error_prefix(err, err->code, side == OLD ? "old rules" : "new rules");
        }
    }
    return 0;
}

/* A thread that cannot be had is one the less; the last one is ourselves. */
static int judge_all(struct backtest *test, struct error *err)
{
    for (enum side side = OLD; side < SIDES; side++) {
        test->verdicts[side] = calloc(test->posts.n + 1, 1);
        if (!test->verdicts[side])
            return error_oom(err);
    }
    for (size_t i = 1; i < test->n_judges; i++) {
        struct judge *j = &test->judges[i];

        j->started = pthread_create(&j->thread, NULL, judge_run, j) == 0;
    }
    judge_run(&test->judges[0]);
    for (size_t i = 1; i < test->n_judges; i++) {
        if (test->judges[i].started)
            pthread_join(test->judges[i].thread, NULL);
    }
    for (size_t i = 0; i < test->n_judges; i++) {
        if (test->judges[i].err.code) {
            *err = test->judges[i].err;
            return err->code;
        }
    }
    return 0;
}

/* ---- what changed ---------------------------------------------------------------------------- */

static bool has_rule(const struct mention *m, struct str rule, size_t before)
{
    for (size_t i = 0; i < before; i++) {
        if (str_eq(m->hits[i].rule, rule))
            return true;
    }
    return false;
}

/* The rules that hit in `m` and not in `other`, each once. */
static size_t rules_only_in(const struct mention *m, const struct mention *other,
                            struct str ret_rules[MENTION_HITS_MAX])
{
    size_t n = 0;

    for (size_t i = 0; i < m->n_hits; i++) {
        if (!has_rule(m, m->hits[i].rule, i) && !has_rule(other, m->hits[i].rule, other->n_hits))
            ret_rules[n++] = m->hits[i].rule;
    }
    return n;
}

struct change {
    const struct post *post;
    enum mention_class classes[SIDES];
    struct str rules[SIDES][MENTION_HITS_MAX]; /* which hit on this side only */
    size_t n_rules[SIDES];
};

static void print_class(struct out *out, enum mention_class class)
{
    struct str name = str_from(mention_class_name(class));

    out_styled(out, view_class_style(name), name);
}

static void print_change(struct out *out, const struct change *c)
{
    static const char *const signs[] = {"-", "+"};

    print_class(out, c->classes[OLD]);
    out_printf(out, " -> ");
    print_class(out, c->classes[NEW]);
    if (c->post->agreed != POST_UNKNOWN)
        out_printf(out, " (is %s)", mention_class_name((enum mention_class)c->post->agreed));
    out_printf(out, "  ");
    out_styled(out, STYLE_DIM, c->post->id);
    out_printf(out, "\n");
    for (enum side side = OLD; side < SIDES; side++) {
        for (size_t i = 0; i < c->n_rules[side]; i++) {
            out_printf(out, "  %s ", signs[side]);
            out_text(out, c->rules[side][i]);
            out_printf(out, "\n");
        }
    }
    if (c->n_rules[OLD] + c->n_rules[NEW] == 0)
        out_printf(out, "  the same rules, with other scores or thresholds\n");
    out_post(out, "", 4, c->post->text, NULL, 0);
    out_printf(out, "\n");
}

static void print_change_json(struct out *out, const struct change *c)
{
    static const char *const names[] = {",\"rules_lost\":[", ",\"rules_gained\":["};
    CLEANUP(buf_finish) struct buf json = BUF_INIT(OUT_MAX);

    buf_append_str(&json, STR("{\"id\":"));
    buf_append_json(&json, c->post->id);
    buf_printf(&json, ",\"old\":\"%s\",\"new\":\"%s\"", mention_class_name(c->classes[OLD]),
               mention_class_name(c->classes[NEW]));
    if (c->post->agreed != POST_UNKNOWN)
        buf_printf(&json, ",\"label\":\"%s\"",
                   mention_class_name((enum mention_class)c->post->agreed));
    for (enum side side = OLD; side < SIDES; side++) {
        buf_append_str(&json, str_from(names[side]));
        for (size_t i = 0; i < c->n_rules[side]; i++) {
            buf_append_str(&json, i ? STR(",") : STR(""));
            buf_append_json(&json, c->rules[side][i]);
        }
        buf_append_char(&json, ']');
    }
    buf_append_str(&json, STR(",\"text\":"));
    buf_append_json(&json, c->post->text);
    buf_append_char(&json, '}');
    out_json(out, buf_str(&json));
}

static int tell_change(struct backtest *test, size_t i, struct error *err)
{
    struct judge *j = &test->judges[0];
    struct change c = {.post = &test->posts.items[i]};
    struct mention m[SIDES];

    arena_reset(&j->arena);
    for (enum side side = OLD; side < SIDES; side++) {
        int r = judge_post(j, side, c.post, &m[side], err);

        if (r < 0)
            return r;
        c.classes[side] = m[side].class;
    }
    c.n_rules[OLD] = rules_only_in(&m[OLD], &m[NEW], c.rules[OLD]);
    c.n_rules[NEW] = rules_only_in(&m[NEW], &m[OLD], c.rules[NEW]);
    if (test->ctl->common.json)
        print_change_json(&test->ctl->out, &c);
    else
        print_change(&test->ctl->out, &c);
    return test->ctl->out.buf.len >= FLUSH_BYTES ? out_flush(&test->ctl->out, err) : 0;
}

/* ---- totals ---------------------------------------------------------------------------------- */

struct totals {
    size_t changed, known, right[SIDES];
    size_t of_class[SIDES][CLASS_COUNT]; /* all verdicts */
    size_t only[SIDES][CLASS_COUNT];     /* verdicts that the other side did not give */
};

static void count_post(const struct backtest *test, size_t i, struct totals *t)
{
    int agreed = test->posts.items[i].agreed;
    bool changed = test->verdicts[OLD][i] != test->verdicts[NEW][i];

    t->changed += changed;
    t->known += agreed != POST_UNKNOWN;
    for (enum side side = OLD; side < SIDES; side++) {
        unsigned char class = test->verdicts[side][i];

        t->of_class[side][class]++;
        t->only[side][class] += changed;
        t->right[side] += class == agreed;
    }
}

static void print_totals(struct backtest *test, const struct totals *t)
{
    static const struct column columns[] = {
        {"CLASS", false, 0}, {"OLD", true, 0},  {"NEW", true, 0},
        {"GAINED", true, 0}, {"LOST", true, 0},
    };
    struct out *out = &test->ctl->out;
    struct table table;

    table_init(&table, columns, ARRAY_LEN(columns));
    for (int class = CLASS_COUNT - 1; class >= CLASS_NONE; class --) {
        struct str name = str_from(mention_class_name((enum mention_class) class));

        table_cell(&table, view_class_style(name), name);
        table_cell_printf(&table, STYLE_PLAIN, "%zu", t->of_class[OLD][class]);
        table_cell_printf(&table, STYLE_PLAIN, "%zu", t->of_class[NEW][class]);
        table_cell_printf(&table, STYLE_PLAIN, "%zu", t->only[NEW][class]);
        table_cell_printf(&table, STYLE_PLAIN, "%zu", t->only[OLD][class]);
    }
    table_print(&table, out);
    table_finish(&table);
    out_printf(out, "%zu of %zu verdicts changed\n", t->changed, test->posts.n);
    if (t->known > 0)
        out_printf(out, "of %zu posts whose class is known, %zu were right, %zu are now\n", t->known,
                   t->right[OLD], t->right[NEW]);
}

static void print_totals_json(struct backtest *test, const struct totals *t)
{
    struct buf *out = &test->ctl->out.buf;

    buf_printf(out,
               "{\"posts\":%zu,\"changed\":%zu,\"known\":%zu,\"right\":{\"old\":%zu,\"new\":%zu},"
               "\"classes\":{",
               test->posts.n, t->changed, t->known, t->right[OLD], t->right[NEW]);
    for (int class = CLASS_COUNT - 1; class >= CLASS_NONE; class --)
        buf_printf(out, "%s\"%s\":{\"old\":%zu,\"new\":%zu,\"gained\":%zu,\"lost\":%zu}",
                   class == CLASS_COUNT - 1 ? "" : ",",
                   mention_class_name((enum mention_class) class), t->of_class[OLD][class],
                   t->of_class[NEW][class], t->only[NEW][class], t->only[OLD][class]);
    buf_append_str(out, STR("}}\n"));
}

static int tell(struct backtest *test, struct error *err)
{
    struct totals totals = {0};
    int r = 0;

    for (size_t i = 0; r == 0 && i < test->posts.n; i++) {
        count_post(test, i, &totals);
        if (test->verdicts[OLD][i] != test->verdicts[NEW][i])
            r = tell_change(test, i, err);
    }
    if (r < 0)
        return r;
    if (test->ctl->common.json)
        print_totals_json(test, &totals);
    else
        print_totals(test, &totals);
    return 0;
}

/* ---- the verb -------------------------------------------------------------------------------- */

static enum exit_code backtest(struct backtest *test, const struct backtest_args *args)
{
    struct ctl *ctl = test->ctl;
    enum exit_code code;
    struct error err;
    int r = packs_find(&test->packs[NEW], ctl, args->rules.items, args->rules.n, &err);

    if (r == 0)
        r = packs_find(&test->packs[OLD], ctl, args->old.items, args->old.n, &err);
    if (r < 0)
        return ctl_fail(ctl, &err);
    code = posts_read(&test->posts, ctl, ctl_word(ctl, 0).s);
    if (code != CTL_DONE)
        return code;
    posts_note(&test->posts);
    r = prepare_judges(test, &err);
    if (r == 0)
        r = judge_all(test, &err);
    if (r == 0)
        r = tell(test, &err);
    return r < 0 ? ctl_fail(ctl, &err) : CTL_DONE;
}

static void backtest_finish(struct backtest *test)
{
    for (size_t i = 0; i < test->n_judges; i++) {
        ruleset_unref(test->judges[i].sets[OLD]);
        ruleset_unref(test->judges[i].sets[NEW]);
        arena_finish(&test->judges[i].arena);
    }
    for (enum side side = OLD; side < SIDES; side++) {
        packs_finish(&test->packs[side]);
        free(test->verdicts[side]);
    }
    posts_finish(&test->posts);
    free(test);
}

static enum exit_code run_backtest(struct ctl *ctl, const void *opaque)
{
    const struct backtest_args *args = opaque;
    struct backtest *test;
    enum exit_code code;
    struct error err;

    if (args->rules.n == 0)
        return ctl_usage(ctl, "needs --rules: the packs to try");
    test = calloc(1, sizeof(*test));
    if (!test) {
        error_oom(&err);
        return ctl_fail(ctl, &err);
    }
    test->ctl = ctl;
    posts_init(&test->posts);
    packs_init(&test->packs[OLD]);
    packs_init(&test->packs[NEW]);
    code = backtest(test, args);
    backtest_finish(test);
    return code;
}

static const struct arg backtest_args[] = {
    {"rules", 'r', ARG_LIST, offsetof(struct backtest_args, rules), "PATH", NULL,
     "The packs to try, as often as needed"},
    {"old", 'o', ARG_LIST, offsetof(struct backtest_args, old), "PATH", NULL,
     "The packs to compare them with; else those of the configuration"},
    {0},
};

const struct verb verb_rules_backtest = {
    .name = "rules backtest",
    .group = TUNING_GROUP,
    .words = "--rules PATH [FILE.jsonl]",
    .max_words = 1,
    .args = backtest_args,
    .args_size = sizeof(struct backtest_args),
    .summary = "Judge posts with other packs and show every verdict that changes",
    .help = "FILE has {\"id\",\"text\",\"lang\",\"label\"} a line, all but text may be missing (\"-\":\n"
            "standard input); without one, what the queue keeps of the brand. Each changed\n"
            "verdict is shown with the rules that hit only before (-) or only now (+), then\n"
            "the totals. Where a label, or an agent's work, says what a post is, it also says\n"
            "how many are right. With --json one object a line, the last one has the totals.",
    .run = run_backtest,
};
