/* The tests inside packs. A `match` holds if its rule counts and the verdict of the whole set
 * is the rule's class (a rule that adds nothing to a class only has to count); a `skip` holds if
 * its rule does not count. A todo is a test that fails as yet: it is reported when it passes. */
#include <errno.h>

#include "rules/ruleset.h"

static const struct {
    const char *name;
    bool want, todo;
} kinds[RULE_TEST_KINDS] = {
    [RULE_TEST_MATCH] = {"match", true, false},
    [RULE_TEST_SKIP] = {"skip", false, false},
    [RULE_TEST_TODO_MATCH] = {"match", true, true},
    [RULE_TEST_TODO_SKIP] = {"skip", false, true},
};

struct testing {
    struct ruleset *set;
    uint32_t rule;
    enum rule_test kind;
    size_t ran;
    struct diag *d;
};

/* "verdict complaint (4), held back: guard past was seen in its sentence" */
static void describe(const struct testing *t, const struct judgement *j, char *text, size_t size)
{
    int len = snprintf(text, size, "verdict %s (%d)", mention_class_name(j->class),
                       j->scores[j->class]);
    char reason[256];

    for (size_t i = 0; i < j->n_hits && len >= 0 && (size_t)len < size; i++) {
        const struct judged_hit *hit = &j->hits[i];
        if (hit->rule != t->rule || hit->held_by == HELD_BY_NOBODY)
            continue;
        judged_hit_reason(t->set, hit, reason, sizeof(reason));
        snprintf(text + len, size - (size_t)len, ", %s", reason);
        return;
    }
}

/* What is wrong, or NULL. */
static const char *judge_test(const struct testing *t, const struct judgement *j)
{
    const struct rule *rule = &t->set->rules[t->rule];
    bool counts = j->counts[t->rule];

    if (!kinds[t->kind].want)
        return counts ? "should skip this test" : NULL;
    if (!counts)
        return "does not match this test";
    if (rule->scores[rule->class] <= 0 || rule->overridden || j->class == rule->class)
        return NULL;
    return "matches this test, but";
}

static void check(const struct testing *t, const struct config_node *node,
                  const struct judgement *j)
{
    const struct rule *rule = &t->set->rules[t->rule];
    const struct config_doc *doc = t->set->packs[rule->pack].doc;
    const char *wrong = judge_test(t, j);
    char verdict[320];

    describe(t, j, verdict, sizeof(verdict));
    if (wrong && !kinds[t->kind].todo)
        diag_error(t->d, doc, node->mark, "rules.%.*s: %s: %s", STR_FMT(rule->id), wrong, verdict);
    else if (!wrong && kinds[t->kind].todo)
        diag_warning(t->d, doc, node->mark, "rules.%.*s: this todo passes now; make it a %s",
                     STR_FMT(rule->id), kinds[t->kind].name);
}

static void run_one(struct testing *t, const struct config_node *node)
{
    const struct pack *pack = &t->set->packs[t->set->rules[t->rule].pack];
    char shown[CONFIG_SHOWN_MAX];
    struct judgement j;
    struct mention m;

    t->ran++;
    if (node->kind != CONFIG_SCALAR) {
        diag_error(t->d, pack->doc, node->mark, "rules.%.*s: expected a text as a test, got %s",
                   STR_FMT(t->set->rules[t->rule].id), config_shown(node, shown));
        return;
    }
    mention_init(&m);
    m.text = node->value;
    if (pack->lang.len > 0)
        m.lang = pack->lang;
    if (judgement_make(t->set, &m, &j) == 0)
        check(t, node, &j);
    else
        diag_error(t->d, pack->doc, node->mark, "rules: out of memory");
    judgement_finish(&j);
}

static void run_all(struct testing *t, enum rule_test kind)
{
    const struct config_node *node = t->set->rules[t->rule].tests[kind];

    t->kind = kind;
    if (!node)
        return;
    if (node->kind != CONFIG_LIST) {
        run_one(t, node);
        return;
    }
    for (size_t i = 0; i < node->n; i++)
        run_one(t, node->items[i]);
}

size_t ruleset_run_tests(struct ruleset *set, struct diag *d)
{
    struct testing t = {.set = set, .d = d};

    for (t.rule = 0; t.rule < set->n_rules; t.rule++)
        for (int kind = 0; kind < RULE_TEST_KINDS && !set->rules[t.rule].disabled; kind++)
            run_all(&t, (enum rule_test)kind);
    return t.ran;
}
