/* What each rule has cost, from the engine's tallies, and what costs on every post. */
#include <stdio.h>

#include "rules/ruleset.h"

struct rule_cost ruleset_cost(const struct ruleset *set, size_t rule)
{
    struct rule_cost cost = {.rule = set->rules[rule].name};

    for (size_t i = 0; set->matcher && i < set->n_patterns; i++) {
        if (set->patterns[i].owner != rule)
            continue;
        const struct pattern_tally *tally = set->engine->tally(set->matcher, i);
        cost.runs += tally->runs;
        cost.hits += tally->hits;
        cost.limited += tally->limited;
        cost.ns += set->engine->tally_ns(set->matcher, i);
    }
    return cost;
}

/* The rule that a limited pattern is told of by: its own, or one whose guard it is; its pack and "unless". */
static void tell_limited(struct ruleset *set, const struct pattern *p, uint64_t limited, rule_use_fn *use,
                         void *user)
{
    char text[2 * NAME_MAX_LEN + 16];

    if (!(p->owner & OWNER_GUARD)) {
        use(user, &(struct rule_use){.name = set->rules[p->owner].name, .limited = limited});
        return;
    }
    const struct guard *guard = &set->guards[p->owner & ~OWNER_GUARD];
    snprintf(text, sizeof(text), "%.*s/unless%s%.*s", STR_FMT(set->packs[guard->pack].name),
             guard->name.len > 0 ? " " : "", STR_FMT(guard->name));
    use(user, &(struct rule_use){.name = str_from(text), .limited = limited});
}

void ruleset_take_uses(struct ruleset *set, rule_use_fn *use, void *user)
{
    for (size_t i = 0; i < set->n_rules; i++) {
        if (set->fired[i])
            use(user, &(struct rule_use){.name = set->rules[i].name, .fired = true});
        set->fired[i] = false;
    }
    if (set->limited == set->limited_told || !set->matcher)
        return;
    set->limited_told = set->limited;
    for (size_t i = 0; i < set->n_patterns; i++) {
        uint64_t limited = set->engine->tally(set->matcher, i)->limited;
        if (limited > set->limits_told[i])
            tell_limited(set, &set->patterns[i], limited - set->limits_told[i], use, user);
        set->limits_told[i] = limited;
    }
}

size_t ruleset_unfiltered(const struct ruleset *set)
{
    size_t n = 0;

    for (size_t i = 0; set->matcher && i < set->n_patterns; i++)
        n += set->engine->is_unfiltered(set->matcher, i);
    return n;
}
