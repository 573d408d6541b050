/* Reading packs: rules over other rules (all, any, not, at_least).
 *
 * Names are looked up when all rules of all packs are there, so a rule may name one further down or
 * in another pack. Rules that need others are then put into an order in which each comes after
 * those it needs; what cannot be ordered within NEEDS_NESTING_MAX rounds needs itself. */
#include "rules/pack_tables.h"
#include "rules/ruleset.h"

#define NEEDS_ITEMS_MAX 64
#define NEEDS_NESTING_MAX 8
#define WHERE_MAX 160

struct at_least_body {
    int64_t n;
    const struct config_node *of;
};

const struct option at_least_options[] = {
    {.key = "n", .kind = OPTION_INT, .offset = offsetof(struct at_least_body, n), .min = 1,
     .max = NEEDS_ITEMS_MAX, .required = true, .help = "How many of the rules must count."},
    {.key = "of", .kind = OPTION_NODE, .offset = offsetof(struct at_least_body, of),
     .required = true, .help = "The rules."},
    {0},
};

struct naming {
    struct ruleset *set;
    const struct rule *rule;
    const char *where;
    struct diag *d;
};

/* ---- names ---------------------------------------------------------------------------------- */

static bool find_in(const struct ruleset *set, const struct pack *pack, struct str id,
                    uint32_t *ret)
{
    char name[2 * NAME_MAX_LEN + 2];
    int len = snprintf(name, sizeof(name), "%.*s/%.*s", STR_FMT(pack->name), STR_FMT(id));

    return len > 0 && (size_t)len < sizeof(name) &&
           name_index_find(&set->names, (struct str){name, (size_t)len}, ret);
}

bool pack_find_rule(const struct ruleset *set, uint32_t pack, struct str name, uint32_t *ret)
{
    const struct pack *own = &set->packs[pack];

    if (find_in(set, own, name, ret) || name_index_find(&set->names, name, ret))
        return true;
    for (size_t i = 0; i < set->n_packs; i++)
        if (pack_shares(own, &set->packs[i]) && find_in(set, &set->packs[i], name, ret))
            return true;
    return false;
}

static void report_unknown(const struct naming *x, const struct config_node *node)
{
    const struct config_doc *doc = x->set->packs[x->rule->pack].doc;
    const char *guess = pack_guess_rule(x->set, x->rule->pack, node->value);

    if (guess)
        diag_error(x->d, doc, node->mark, "%s: no rule is called '%.*s' (did you mean '%s'?)",
                   x->where, STR_FMT(node->value), guess);
    else
        diag_error(x->d, doc, node->mark, "%s: no rule is called '%.*s'", x->where,
                   STR_FMT(node->value));
}

static void name_add(const struct naming *x, const struct config_node *node,
                     struct rule_names *names, uint32_t *items)
{
    const struct config_doc *doc = x->set->packs[x->rule->pack].doc;
    char shown[CONFIG_SHOWN_MAX];
    uint32_t rule;

    if (node->kind != CONFIG_SCALAR || config_is_null(node))
        diag_error(x->d, doc, node->mark, "%s: expected the id of a rule, got %s", x->where,
                   config_shown(node, shown));
    else if (!pack_find_rule(x->set, x->rule->pack, node->value, &rule))
        report_unknown(x, node);
    else
        items[names->n++] = rule;
}

/* One id or a list of them. */
static void read_names(const struct naming *x, const struct config_node *node,
                       struct rule_names *ret)
{
    size_t n = !node ? 0 : node->kind == CONFIG_LIST ? node->n : 1;
    uint32_t *items;

    if (n == 0)
        return;
    if (n > NEEDS_ITEMS_MAX) {
        diag_error(x->d, x->set->packs[x->rule->pack].doc, node->mark, "%s: more than %d rules",
                   x->where, NEEDS_ITEMS_MAX);
        return;
    }
    items = arena_alloc(&x->set->arena, n * sizeof(*items));
    for (size_t i = 0; items && i < n; i++)
        name_add(x, node->kind == CONFIG_LIST ? node->items[i] : node, ret, items);
    ret->items = items;
}

/* ---- one rule ------------------------------------------------------------------------------- */

static void read_at_least(struct naming *x, const struct config_node *map,
                          struct rule_needs *needs)
{
    struct at_least_body body = {0};
    const struct option_target target = {at_least_options, &body};
    struct config_doc *doc = x->set->packs[x->rule->pack].doc;
    const char *rule_where = x->where;
    char where[WHERE_MAX + 16];

    if (!map)
        return;
    snprintf(where, sizeof(where), "%s.at_least", rule_where);
    if (!options_decode(&target, 1, where, map, doc, x->d))
        return;
    x->where = where;
    read_names(x, body.of, &needs->of);
    x->where = rule_where;
    needs->at_least = (size_t)body.n;
    if (needs->at_least > needs->of.n)
        diag_error(x->d, doc, map->mark, "%s: %zu of %zu rules can never be", where,
                   needs->at_least, needs->of.n);
}

static void check_needs(const struct naming *x, const struct rule_needs *needs)
{
    const struct config_node *node = x->rule->node;

    if (needs->all.n == 0 && needs->any.n == 0 && needs->of.n == 0 && !x->rule->has_patterns)
        diag_error(x->d, x->set->packs[x->rule->pack].doc, node->mark,
                   "%s: only says what must not be; it needs phrases, regex, is, all, any or "
                   "at_least",
                   x->where);
}

static void read_needs(struct ruleset *set, struct rule *rule, struct diag *d)
{
    struct rule_needs *needs = arena_zalloc(&set->arena, sizeof(*needs));
    size_t errors = d->n_errors;
    char where[WHERE_MAX];
    struct naming x = {set, rule, where, d};

    if (!needs)
        return;
    snprintf(where, sizeof(where), "rules.%.*s", STR_FMT(rule->id));
    read_names(&x, config_get(rule->node, "all"), &needs->all);
    read_names(&x, config_get(rule->node, "any"), &needs->any);
    read_names(&x, config_get(rule->node, "not"), &needs->none);
    read_at_least(&x, config_get(rule->node, "at_least"), needs);
    x.where = where;
    if (d->n_errors == errors)
        check_needs(&x, needs);
    rule->needs = needs;
}

void pack_read_needs(struct ruleset *set, uint32_t pack, struct diag *d)
{
    for (size_t i = 0; i < set->n_rules; i++)
        if (set->rules[i].pack == pack && set->rules[i].needs_others)
            read_needs(set, &set->rules[i], d);
}

/* ---- the order ------------------------------------------------------------------------------ */

static bool is_settled(const struct ruleset *set, const struct rule_names *names,
                       const bool *placed)
{
    for (size_t i = 0; i < names->n; i++)
        if (set->rules[names->items[i]].needs_others && !placed[names->items[i]])
            return false;
    return true;
}

static bool is_ready(const struct ruleset *set, const struct rule *rule, const bool *placed)
{
    const struct rule_needs *needs = rule->needs;

    return !needs || (is_settled(set, &needs->all, placed) &&
                      is_settled(set, &needs->any, placed) &&
                      is_settled(set, &needs->none, placed) &&
                      is_settled(set, &needs->of, placed));
}

/* One round: those that were ready before it. */
static void place_ready(struct ruleset *set, bool *placed, const bool *before)
{
    for (size_t i = 0; i < set->n_rules; i++) {
        if (!set->rules[i].needs_others || before[i] || !is_ready(set, &set->rules[i], before))
            continue;
        placed[i] = true;
        set->needing[set->n_needing++] = (uint32_t)i;
    }
}

void ruleset_order_needs(struct ruleset *set, struct diag *d)
{
    bool *placed = arena_zalloc(&set->arena, 2 * set->n_rules + 1), *before;

    set->needing = arena_alloc(&set->arena, (set->n_rules + 1) * sizeof(*set->needing));
    if (!placed || !set->needing)
        return;
    before = placed + set->n_rules;
    for (int round = 0; round < NEEDS_NESTING_MAX; round++) {
        place_ready(set, placed, before);
        memcpy(before, placed, set->n_rules);
    }
    for (size_t i = 0; i < set->n_rules; i++) {
        const struct rule *rule = &set->rules[i];
        if (rule->needs_others && !placed[i])
            diag_error(d, set->packs[rule->pack].doc, rule->node->mark,
                       "rules.%.*s: needs itself by way of others, or is more than %d rules deep",
                       STR_FMT(rule->id), NEEDS_NESTING_MAX);
    }
}
