/* `rules test`, `rules explain`, `rules list`: what rule authors need; no Redis, no network. */
#include <errno.h>
#include <stdio.h>

#include "ctl.h"
#include "mentiond/text.h"
#include "packs.h"
#include "table.h"
#include "verdict.h"
#include "view.h"

#define EXPLAIN_MAX (1024 * 1024)
#define ARENA_MAX (4 * 1024 * 1024)

/* ---- test ----------------------------------------------------------------------------------- */

static void print_tested(struct ctl *ctl, const struct diag *d, size_t n_rules, size_t n_tests)
{
    struct buf *out = &ctl->out.buf;

    if (ctl->common.json) {
        CLEANUP(buf_finish) struct buf json = BUF_INIT(OUT_MAX);

        buf_printf(&json, "{\"rules\":%zu,\"tests\":%zu,\"failed\":%zu,\"errors\":", n_rules,
                   n_tests, d->n_errors);
        packs_print_messages(d, false, &json);
        buf_append_str(&json, STR(",\"warnings\":"));
        packs_print_messages(d, true, &json);
        buf_append_char(&json, '}');
        out_json(&ctl->out, buf_str(&json));
        return;
    }
    if (d->n_items > 0)
        diag_print(d, "rules", stderr);
    buf_printf(out, "%zu rule%s, %zu test%s", n_rules, n_rules == 1 ? "" : "s", n_tests,
               n_tests == 1 ? "" : "s");
    if (d->n_errors == 0)
        buf_append_str(out, STR(", all passed\n"));
    else
        buf_printf(out, ", %zu failed\n", d->n_errors);
}

static enum exit_code run_test(struct ctl *ctl, const void *opaque)
{
    CLEANUP(packs_finish) struct packs packs;
    CLEANUP(diag_finish) struct diag d;
    struct ruleset *set;
    size_t n_rules = 0, n_tests = 0;
    struct error err;

    (void)opaque;
    packs_init(&packs);
    diag_init(&d);
    if (packs_of_words(&packs, ctl, &err) < 0)
        return ctl_fail(ctl, &err);
    set = ruleset_load(packs.paths, packs.n, RULE_ENGINE_FAST, &d);
    if (set) {
        n_rules = ruleset_count(set);
        n_tests = ruleset_run_tests(set, &d);
    }
    print_tested(ctl, &d, n_rules, n_tests);
    ruleset_unref(set);
    return set && d.n_errors == 0 ? CTL_DONE : CTL_FAILED;
}

const struct verb verb_rules_test = {
    .name = "rules test",
    .group = RULES_GROUP,
    .words = "[PATH...]",
    .max_words = WORDS_MAX,
    .summary = "Check rule packs and run the tests inside them",
    .help = "PATH is a pack or a folder of packs; without one, the packs of the configuration.\n"
            "Every error is reported at once, with file, line and column.",
    .run = run_test,
};

/* ---- explain -------------------------------------------------------------------------------- */

struct explain_args {
    struct list_arg rules;
    struct str lang;
};

static int explain_as_text(struct ctl *ctl, struct ruleset *set, const struct mention *m,
                           struct error *err)
{
    CLEANUP(buf_finish) struct buf story = BUF_INIT(EXPLAIN_MAX);
    struct str rest;
    int r = ruleset_explain(set, m, &story, err);

    if (r < 0)
        return r;
    rest = buf_str(&story);
    while (rest.len > 0) {
        out_text(&ctl->out, str_split(rest, '\n', &rest));
        out_printf(&ctl->out, "\n");
    }
    return 0;
}

static int explain_as_json(struct ctl *ctl, struct ruleset *set, struct mention *m,
                           struct error *err)
{
    CLEANUP(buf_finish) struct buf json = BUF_INIT(EXPLAIN_MAX);
    CLEANUP(arena_finish) struct arena arena;
    int r;

    arena_init(&arena, ARENA_MAX);
    r = ruleset_judge(set, m, &arena, err);
    if (r < 0)
        return r;
    verdict_to_json(m, STR("null"), &json);
    out_json(&ctl->out, buf_str(&json));
    return 0;
}

static enum exit_code run_explain(struct ctl *ctl, const void *opaque)
{
    const struct explain_args *args = opaque;
    CLEANUP(packs_finish) struct packs packs;
    struct ruleset *set = NULL;
    struct mention m;
    struct error err;
    int r;

    packs_init(&packs);
    if (packs_find(&packs, ctl, args->rules.items, args->rules.n, &err) == 0)
        set = packs_load(&packs, RULE_ENGINE_FAST, &err);
    if (!set)
        return ctl_fail(ctl, &err);
    mention_init(&m);
    m.text = str_from(ctl->words.items[0]);
    m.lang = args->lang.s ? args->lang : text_language(m.text);
    r = ctl->common.json ? explain_as_json(ctl, set, &m, &err)
                         : explain_as_text(ctl, set, &m, &err);
    ruleset_unref(set);
    return r < 0 ? ctl_fail(ctl, &err) : CTL_DONE;
}

static const struct arg explain_args[] = {
    {"rules", 'r', ARG_LIST, offsetof(struct explain_args, rules), "PATH", NULL,
     "A pack or a folder of packs, as often as needed; else those of the configuration"},
    {"lang", 'l', ARG_TEXT, offsetof(struct explain_args, lang), "LANG", NULL,
     "The text's language; else it is guessed"},
    {0},
};

const struct verb verb_rules_explain = {
    .name = "rules explain",
    .group = RULES_GROUP,
    .words = "TEXT",
    .min_words = 1,
    .max_words = 1,
    .args = explain_args,
    .args_size = sizeof(struct explain_args),
    .summary = "Show how the rules judge a text: hits, guards, scores, verdict",
    .run = run_explain,
};

/* ---- list ----------------------------------------------------------------------------------- */

/* "outage", "signal recovery", or "captures" for a rule that only finds. */
static void name_kind(const struct rule_info *rule, char *ret_text, size_t size)
{
    if (rule->class != CLASS_NONE)
        snprintf(ret_text, size, "%s", mention_class_name(rule->class));
    else if (rule->signal)
        snprintf(ret_text, size, "signal %s", mention_signal_name(rule->signal));
    else
        snprintf(ret_text, size, "captures");
}

static void list_as_table(struct ctl *ctl, const struct ruleset *set)
{
    static const struct column columns[] = {
        {"RULE", false, 10},
        {"LANG", false, 0},
        {"GIVES", false, 0},
        {"SCORE", true, 0},
    };
    struct table t;

    table_init(&t, columns, ARRAY_LEN(columns));
    for (size_t i = 0; i < ruleset_count(set); i++) {
        struct rule_info rule = ruleset_rule(set, i);
        char kind[64];

        name_kind(&rule, kind, sizeof(kind));
        table_cell(&t, STYLE_PLAIN, rule.name);
        table_cell(&t, STYLE_PLAIN, rule.lang.len ? rule.lang : STR("*"));
        table_cell(&t, view_class_style(str_from(kind)), str_from(kind));
        table_cell_printf(&t, STYLE_PLAIN, "%d", rule.score);
    }
    table_print(&t, &ctl->out);
    table_finish(&t);
}

static void list_as_json(struct ctl *ctl, const struct ruleset *set)
{
    CLEANUP(buf_finish) struct buf json = BUF_INIT(OUT_MAX);

    for (size_t i = 0; i < ruleset_count(set); i++) {
        struct rule_info rule = ruleset_rule(set, i);

        buf_append_str(&json, i ? STR(",{\"rule\":") : STR("[{\"rule\":"));
        buf_append_json(&json, rule.name);
        buf_append_str(&json, STR(",\"lang\":"));
        buf_append_json(&json, rule.lang);
        buf_printf(&json, ",\"class\":\"%s\",\"signal\":\"%s\",\"score\":%d}",
                   mention_class_name(rule.class), mention_signal_name(rule.signal), rule.score);
    }
    buf_append_str(&json, json.len ? STR("]") : STR("[]"));
    out_json(&ctl->out, buf_str(&json));
}

static enum exit_code run_list(struct ctl *ctl, const void *opaque)
{
    CLEANUP(packs_finish) struct packs packs;
    struct ruleset *set = NULL;
    struct error err;

    (void)opaque;
    packs_init(&packs);
    if (packs_of_words(&packs, ctl, &err) == 0)
        set = packs_load(&packs, RULE_ENGINE_FAST, &err);
    if (!set)
        return ctl_fail(ctl, &err);
    if (ctl->common.json)
        list_as_json(ctl, set);
    else
        list_as_table(ctl, set);
    ruleset_unref(set);
    return CTL_DONE;
}

const struct verb verb_rules_list = {
    .name = "rules list",
    .group = RULES_GROUP,
    .words = "[PATH...]",
    .max_words = WORDS_MAX,
    .summary = "List the rules: name, language, class or signal, score",
    .run = run_list,
};
