/* What each rule has cost, from the engine's tallies, and what costs on every post. */
#include "rules/ruleset.h"

struct rule_cost ruleset_cost(const struct ruleset *set, size_t rule)
{
    struct rule_cost cost = {.rule = set->rules[rule].name};

    for (size_t i = 0; i < set->n_patterns; i++) {
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

size_t ruleset_unfiltered(const struct ruleset *set)
{
    size_t n = 0;

    for (size_t i = 0; i < set->n_patterns; i++)
        n += set->engine->is_unfiltered(set->matcher, i);
    return n;
}
