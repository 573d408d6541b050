/* `rules stats`: how each rule has done. Hits and agents' verdicts come from what the queue keeps;
 * what agents resolved or reclassified counts as looked at, and there a rule was right when the
 * class it speaks for is the one the post was left with. Time comes from judging a sample anew. */
#include <errno.h>
#include <stdio.h>

#include "ctl.h"
#include "packs.h"
#include "posts.h"
#include "mentiond/clock.h"
#include "reckon.h"
#include "table.h"
#include "uses.h"
#include "view.h"
#include "when.h"

#define SAMPLE_MAX 20000 /* posts judged for the time */
#define ARENA_MAX (16 * 1024 * 1024)

struct stats_args {
    struct list_arg rules;
};

struct row {
    struct str rule; /* borrowed from the set */
    enum mention_class class;
    bool disabled;
    uint64_t hits;          /* posts, however often in one */
    uint64_t looked, right; /* of those: agents have looked at; and agreed with the rule */
    uint64_t ns;            /* of its phrases and regexes, for the sample */
    int64_t fired_ms;       /* when it last counted in a daemon's verdict; 0: never */
    int64_t limited;        /* how often its regexes reached their limit in daemons */
};

struct stats {
    struct ctl *ctl;
    struct posts posts;
    struct packs packs;
    struct ruleset *set; /* owned */
    struct row *rows;    /* owned, by name until they are printed */
    size_t n_rows, n_sample;
    int64_t sample_us; /* that judging the sample took, all in all */
    struct uses uses;
    uint64_t gone;            /* hits of rules that are in no pack any more */
    size_t looked, corrected; /* posts */
};

/* ---- counting -------------------------------------------------------------------------------- */

static int compare_names(const void *a, const void *b)
{
    const struct row *x = a, *y = b;

    return str_compare(x->rule, y->rule);
}

static int compare_hits(const void *a, const void *b)
{
    const struct row *x = a, *y = b;

    if (x->hits != y->hits)
        return x->hits < y->hits ? 1 : -1;
    return compare_names(a, b);
}

static int make_rows(struct stats *s, struct error *err)
{
    s->n_rows = ruleset_count(s->set);
    s->rows = calloc(s->n_rows + 1, sizeof(*s->rows));
    if (!s->rows)
        return error_oom(err);
    for (size_t i = 0; i < s->n_rows; i++) {
        struct rule_info info = ruleset_rule(s->set, i);

        s->rows[i] = (struct row){.rule = info.name,
                                  .class = info.class,
                                  .disabled = info.disabled,
                                  .ns = ruleset_cost(s->set, i).ns,
                                  .fired_ms = uses_number(s->uses.fired, info.name),
                                  .limited = uses_number(s->uses.limited, info.name)};
    }
    qsort(s->rows, s->n_rows, sizeof(*s->rows), compare_names);
    return 0;
}

static bool hit_before(const struct post *post, size_t at)
{
    for (size_t i = 0; i < at; i++) {
        if (str_eq(post->hits[i].rule, post->hits[at].rule))
            return true;
    }
    return false;
}

static void count_hit(struct stats *s, const struct post *post, const struct post_hit *hit)
{
    struct row wanted = {.rule = hit->rule};
    struct row *row = bsearch(&wanted, s->rows, s->n_rows, sizeof(*s->rows), compare_names);

    if (!row) {
        s->gone++;
        return;
    }
    row->hits++;
    if (post->agreed == POST_UNKNOWN || hit->class == CLASS_NONE)
        return;
    row->looked++;
    row->right += post->agreed == (int)hit->class;
}

static void count_posts(struct stats *s)
{
    for (size_t i = 0; i < s->posts.n; i++) {
        const struct post *post = &s->posts.items[i];

        s->looked += post->agreed != POST_UNKNOWN;
        s->corrected += post->agreed != POST_UNKNOWN && post->agreed != post->judged;
        for (size_t j = 0; j < post->n_hits; j++) {
            if (!hit_before(post, j))
                count_hit(s, post, &post->hits[j]);
        }
    }
}

/* The newest posts, judged by the packs as they are now. */
static int judge_sample(struct stats *s, struct error *err)
{
    int64_t start_us = clock_monotonic_us();
    struct arena arena;
    int r = 0;

    arena_init(&arena, ARENA_MAX);
    while (r == 0 && s->n_sample < s->posts.n && s->n_sample < SAMPLE_MAX) {
        const struct post *post = &s->posts.items[s->n_sample++];
        struct mention m;

        arena_reset(&arena);
        mention_init(&m);
        m.text = post->text;
        m.lang = post->lang;
        r = ruleset_judge(s->set, &m, &arena, err);
    }
    arena_finish(&arena);
    s->sample_us = clock_monotonic_us() - start_us;
    return r;
}

/* ---- printing -------------------------------------------------------------------------------- */

static double us_a_post(const struct stats *s, const struct row *row)
{
    return s->n_sample ? (double)row->ns / 1000 / (double)s->n_sample : 0;
}

/* What a mean post takes: all in all, and of it what can be told apart by rules. */
static double us_of_all(const struct stats *s)
{
    return s->n_sample ? (double)s->sample_us / (double)s->n_sample : 0;
}

static double us_of_rules(const struct stats *s)
{
    double sum = 0;

    for (size_t i = 0; i < s->n_rows; i++)
        sum += us_a_post(s, &s->rows[i]);
    return sum;
}

static void print_row(struct stats *s, struct table *t, const struct row *row)
{
    struct interval in = reckon_wilson(row->right, row->looked, RECKON_Z95);
    char ago[WHEN_TEXT] = "-";

    table_cell(t, STYLE_PLAIN, row->rule);
    table_cell(t, STYLE_PLAIN, str_from(row->class ? mention_class_name(row->class) : "-"));
    table_cell_printf(t, STYLE_PLAIN, "%llu", (unsigned long long)row->hits);
    table_cell_printf(t, STYLE_PLAIN, "%llu", (unsigned long long)row->looked);
    table_cell_printf(t, STYLE_PLAIN, "%llu", (unsigned long long)(row->looked - row->right));
    if (row->looked > 0) {
        table_cell_printf(t, STYLE_PLAIN, "%.2f", (double)row->right / (double)row->looked);
        table_cell_printf(t, STYLE_PLAIN, "%.2f-%.2f", in.low, in.high);
    } else {
        table_cell(t, STYLE_PLAIN, STR("-"));
        table_cell(t, STYLE_PLAIN, STR("-"));
    }
    table_cell_printf(t, STYLE_PLAIN, "%.3f", us_a_post(s, row));
    table_cell_printf(t, STYLE_PLAIN, "%lld", (long long)row->limited);
    if (row->fired_ms > 0)
        when_ago(row->fired_ms, clock_now_ms(), ago);
    table_cell(t, STYLE_PLAIN, str_from(ago));
}

static void print_table(struct stats *s)
{
    static const struct column columns[] = {
        {"RULE", false, 10},   {"GIVES", false, 0}, {"HITS", true, 0}, {"LOOKED", true, 0},
        {"WRONG", true, 0}, {"PRECISION", true, 0}, {"95 %", true, 0}, {"US/POST", true, 0},
        {"LIMITED", true, 0}, {"LAST", false, 0},
    };
    size_t silent = 0;
    struct table t;

    table_init(&t, columns, ARRAY_LEN(columns));
    for (size_t i = 0; i < s->n_rows; i++) {
        silent += s->rows[i].hits == 0;
        if (s->rows[i].hits > 0 || s->ctl->common.verbose)
            print_row(s, &t, &s->rows[i]);
    }
    table_print(&t, &s->ctl->out);
    table_finish(&t);
    out_printf(&s->ctl->out,
               "%zu posts, agents looked at %zu and corrected %zu; %zu of %zu rules never hit%s\n",
               s->posts.n, s->looked, s->corrected, silent, s->n_rows,
               silent && !s->ctl->common.verbose ? " (-v lists them)" : "");
    if (s->n_sample > 0)
        out_printf(&s->ctl->out,
                   "a mean post takes %.1f us: %.1f in runs of these rules' phrases and regexes, the rest in "
                   "what all share\n",
                   us_of_all(s), us_of_rules(s));
    if (s->gone > 0)
        out_printf(&s->ctl->out, "%llu hits were of rules that these packs do not have\n",
                   (unsigned long long)s->gone);
}

static void print_row_json(struct stats *s, const struct row *row, struct buf *json)
{
    struct interval in = reckon_wilson(row->right, row->looked, RECKON_Z95);

    buf_append_str(json, STR("{\"rule\":"));
    buf_append_json(json, row->rule);
    buf_printf(json,
               ",\"class\":\"%s\",\"disabled\":%s,\"hits\":%llu,\"looked\":%llu,\"right\":%llu,"
               "\"precision\":",
               mention_class_name(row->class), row->disabled ? "true" : "false",
               (unsigned long long)row->hits, (unsigned long long)row->looked,
               (unsigned long long)row->right);
    if (row->looked > 0)
        buf_printf(json, "%.4f", (double)row->right / (double)row->looked);
    else
        buf_append_str(json, STR("null"));
    buf_printf(json, ",\"low\":%.4f,\"high\":%.4f,\"us_a_post\":%.4f,\"limited\":%lld,\"last_fired\":%lld}",
               in.low, in.high, us_a_post(s, row), (long long)row->limited, (long long)row->fired_ms);
}

static void print_json(struct stats *s)
{
    CLEANUP(buf_finish) struct buf json = BUF_INIT(OUT_MAX);

    buf_printf(&json,
               "{\"posts\":%zu,\"events\":%llu,\"cut\":%s,\"looked\":%zu,\"corrected\":%zu,"
               "\"sample\":%zu,\"us_a_post\":%.4f,\"other_hits\":%llu,\"rules\":[",
               s->posts.n, (unsigned long long)s->posts.events, s->posts.cut ? "true" : "false",
               s->looked, s->corrected, s->n_sample, us_of_all(s), (unsigned long long)s->gone);
    for (size_t i = 0; i < s->n_rows; i++) {
        buf_append_str(&json, i ? STR(",") : STR(""));
        print_row_json(s, &s->rows[i], &json);
    }
    buf_append_str(&json, STR("]}"));
    out_json(&s->ctl->out, buf_str(&json));
}

/* ---- the verb -------------------------------------------------------------------------------- */

static enum exit_code stats(struct stats *s, const struct stats_args *args)
{
    enum exit_code code;
    struct error err;
    int r = packs_find(&s->packs, s->ctl, args->rules.items, args->rules.n, &err);

    if (r == 0)
        s->set = packs_load(&s->packs, RULE_ENGINE_FAST, &err);
    if (!s->set)
        return ctl_fail(s->ctl, &err);
    code = posts_read_queue(&s->posts, s->ctl);
    if (code != CTL_DONE)
        return code;
    posts_note(&s->posts);
    if (uses_fetch(&s->uses, s->ctl, &err) < 0)
        return ctl_fail(s->ctl, &err);
    r = judge_sample(s, &err);
    if (r == 0)
        r = make_rows(s, &err);
    if (r < 0)
        return ctl_fail(s->ctl, &err);
    count_posts(s);
    if (s->n_rows > 0)
        qsort(s->rows, s->n_rows, sizeof(*s->rows), compare_hits);
    if (s->ctl->common.json)
        print_json(s);
    else
        print_table(s);
    return CTL_DONE;
}

static enum exit_code run_stats(struct ctl *ctl, const void *opaque)
{
    struct stats s = {.ctl = ctl};
    enum exit_code code;

    posts_init(&s.posts);
    packs_init(&s.packs);
    code = stats(&s, opaque);
    free(s.rows);
    uses_finish(&s.uses);
    ruleset_unref(s.set);
    packs_finish(&s.packs);
    posts_finish(&s.posts);
    return code;
}

static const struct arg stats_args[] = {
    {"rules", 'r', ARG_LIST, offsetof(struct stats_args, rules), "PATH", NULL,
     "A pack or a folder of packs, as often as needed; else those of the configuration"},
    {0},
};

const struct verb verb_rules_stats = {
    .name = "rules stats",
    .group = TUNING_GROUP,
    .words = "",
    .args = stats_args,
    .args_size = sizeof(struct stats_args),
    .summary = "Show how rules do: hits, agents' corrections, precision, time",
    .help = "HITS are posts that the queue keeps and the rule hit when they were heard; LOOKED\n"
            "those of them that agents resolved or reclassified, WRONG those left with another\n"
            "class than the rule's. PRECISION is the share that was right, with Wilson's 95 %\n"
            "interval: few looks make it wide. US/POST is what runs of the rule's phrases and\n"
            "regexes take for a mean post, in microseconds, on the newest 20,000. LIMITED is how\n"
            "often they reached their limit in a daemon, which is no hit, and LAST when the rule\n"
            "last counted in a daemon's verdict. With -v also rules without hits.",
    .run = run_stats,
};
