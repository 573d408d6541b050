/* The tests inside packs. A `match` holds if its rule counts and the verdict of the whole set
 * is the rule's class (a signal or extract rule only has to count); a `skip` holds if its rule
 * does not count. */
#include <errno.h>

#include "rules/ruleset.h"

struct testing {
    struct ruleset *set;
    uint32_t rule;
    bool want; /* the rule should count */
    size_t ran;
    struct diag *d;
};

/* "complaint (4), guard 'past' held it back" */
static void describe(const struct testing *t, const struct judgement *j, char *text, size_t size)
{
    int len = snprintf(text, size, "verdict %s (%d)", mention_class_name(j->class),
                       j->scores[j->class]);

    for (size_t i = 0; i < j->n_hits && len >= 0 && (size_t)len < size; i++) {
        const struct judged_hit *hit = &j->hits[i];
        if (hit->rule == t->rule && hit->held_by != HELD_BY_NOBODY) {
            struct str name = t->set->guards[hit->held_by].name;
            snprintf(text + len, size - (size_t)len, ", held back by %s %.*s",
                     name.len > 0 ? "guard" : "its unless", STR_FMT(name));
            return;
        }
    }
}

static void check(const struct testing *t, const struct config_node *node,
                  const struct judgement *j)
{
    const struct rule *rule = &t->set->rules[t->rule];
    const struct config_doc *doc = t->set->packs[rule->pack].doc;
    char verdict[256];

    describe(t, j, verdict, sizeof(verdict));
    if (t->want && !j->counts[t->rule])
        diag_error(t->d, doc, node->mark, "rules.%.*s: does not match this test: %s",
                   STR_FMT(rule->id), verdict);
    else if (t->want && rule->class != CLASS_NONE && j->class != rule->class)
        diag_error(t->d, doc, node->mark, "rules.%.*s: matches this test, but: %s",
                   STR_FMT(rule->id), verdict);
    else if (!t->want && j->counts[t->rule])
        diag_error(t->d, doc, node->mark, "rules.%.*s: should skip this test: %s",
                   STR_FMT(rule->id), verdict);
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

static void run_all(struct testing *t, const struct config_node *node, bool want)
{
    t->want = want;
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

    for (t.rule = 0; t.rule < set->n_rules; t.rule++) {
        run_all(&t, set->rules[t.rule].match, true);
        run_all(&t, set->rules[t.rule].skip, false);
    }
    return t.ran;
}
