/* Judging rules over other rules, after all hits of words have been told to count or not.
 *
 * Such a rule stands where the first rule that made it true stands: it gets a hit there, with which
 * it is shown, captures, and is looked at by its guards. One that has phrases of its own has hits
 * already; they are held back if the rules it needs do not agree. */
#include "rules/ruleset.h"

static size_t count_counting(const struct judgement *j, const struct rule_names *names)
{
    size_t n = 0;

    for (size_t i = 0; i < names->n; i++)
        n += j->counts[names->items[i]];
    return n;
}

static bool is_met(const struct judgement *j, const struct rule_needs *needs)
{
    return count_counting(j, &needs->all) == needs->all.n &&
           (needs->any.n == 0 || count_counting(j, &needs->any) > 0) &&
           count_counting(j, &needs->none) == 0 &&
           count_counting(j, &needs->of) >= needs->at_least;
}

static const struct judged_hit *first_hit(const struct judgement *j,
                                          const struct rule_names *names)
{
    for (size_t i = 0; i < names->n; i++)
        for (size_t k = 0; j->counts[names->items[i]] && k < j->n_hits; k++)
            if (j->hits[k].rule == names->items[i] && j->hits[k].held_by == HELD_BY_NOBODY)
                return &j->hits[k];
    return NULL;
}

static void hit_of_others(const struct ruleset *set, struct judgement *j, uint32_t rule,
                          const struct rule_needs *needs)
{
    const struct judged_hit *at = first_hit(j, &needs->all);

    at = at ? at : first_hit(j, &needs->any);
    at = at ? at : first_hit(j, &needs->of);
    if (!at)
        return;
    if (j->n_hits == JUDGED_HITS_MAX) {
        j->dropped = true;
        return;
    }
    struct judged_hit hit = {.rule = rule, .start = at->start, .end = at->end,
                             .first_capture = j->n_captures};
    j->hits[j->n_hits] = hit;
    hit_decide(set, j, &j->hits[j->n_hits++]);
}

/* Its own hits were left undecided by guards_apply(). */
static void own_hits(const struct ruleset *set, struct judgement *j, uint32_t rule, bool met)
{
    for (size_t i = 0; i < j->n_hits; i++) {
        if (j->hits[i].rule != rule)
            continue;
        if (met)
            hit_decide(set, j, &j->hits[i]);
        else
            j->hits[i].held_by = HELD_BY_NEEDS;
    }
}

void needs_apply(const struct ruleset *set, struct judgement *j)
{
    for (size_t i = 0; i < set->n_needing; i++) {
        const struct rule *rule = &set->rules[set->needing[i]];
        if (!j->packs[rule->pack] || !rule->needs)
            continue;
        bool met = is_met(j, rule->needs);
        if (rule->has_patterns)
            own_hits(set, j, set->needing[i], met);
        else if (met)
            hit_of_others(set, j, set->needing[i], rule->needs);
    }
}
