/* Guards: which hits do not count.
 *
 * A guard was seen in some sentences of the post, kept as one bit each. A hit is held back by
 * the first of its rule's guards that was seen in its sentence, or anywhere if the guard looks
 * at the whole post; and if the rule has a `when`, unless one of those was seen. */
#include "rules/ruleset.h"

static uint64_t sentence_bit(const struct judgement *j, uint32_t at)
{
    uint32_t sentence = text_sentence(&j->text, at);

    return 1ull << (sentence < 63 ? sentence : 63);
}

/* The first of the guards that was seen; HELD_BY_NOBODY if none was. */
static uint32_t find_seen(const struct ruleset *set, const struct judgement *j,
                          const uint32_t *guards, size_t n, uint64_t here)
{
    for (size_t i = 0; i < n; i++) {
        uint64_t seen = j->guards[guards[i]];
        if (set->guards[guards[i]].whole_post ? seen != 0 : (seen & here) != 0)
            return guards[i];
    }
    return HELD_BY_NOBODY;
}

static uint32_t find_guard(const struct ruleset *set, const struct judgement *j,
                           const struct judged_hit *hit)
{
    const struct rule *rule = &set->rules[hit->rule];
    uint64_t here = sentence_bit(j, hit->start);

    if (hit->negated &&
        (rule->negated == NEGATED_SKIP || windows_flip(rule->class) == CLASS_NONE))
        return HELD_BY_NEGATION;
    if (rule->n_when > 0 &&
        find_seen(set, j, rule->when, rule->n_when, here) == HELD_BY_NOBODY)
        return HELD_BY_WHEN;
    return find_seen(set, j, rule->guards, rule->n_guards, here);
}

static struct counted *counted_find(const struct judgement *j, uint32_t rule)
{
    size_t i = 0;

    while (j->counted[i].rule != rule)
        i++;
    return &j->counted[i];
}

void hit_decide(const struct ruleset *set, struct judgement *j, struct judged_hit *hit)
{
    struct counted *counted;

    hit->held_by = find_guard(set, j, hit);
    if (hit->held_by != HELD_BY_NOBODY)
        return;
    if (!j->counts[hit->rule]) {
        j->counts[hit->rule] = true;
        j->counted[j->n_counted++] =
            (struct counted){.rule = hit->rule, .flipped = hit->negated, .boost = hit->boost};
        return;
    }
    if (set->n_windows == 0)
        return;
    counted = counted_find(j, hit->rule);
    counted->flipped &= hit->negated;
    if (abs(hit->boost) > abs(counted->boost))
        counted->boost = hit->boost;
}

void guards_apply(const struct ruleset *set, struct judgement *j)
{
    for (size_t i = 0; i < j->n_hits; i++)
        if (!set->rules[j->hits[i].rule].needs_others)
            hit_decide(set, j, &j->hits[i]);
}

void judged_hit_reason(const struct ruleset *set, const struct judged_hit *hit, char *ret_text,
                       size_t size)
{
    const struct guard *guard;

    if (hit->held_by == HELD_BY_WHEN) {
        snprintf(ret_text, size, "held back: nothing of its when was seen");
        return;
    }
    if (hit->held_by == HELD_BY_NEGATION) {
        snprintf(ret_text, size, "held back: negated");
        return;
    }
    if (hit->held_by == HELD_BY_NEEDS) {
        snprintf(ret_text, size, "held back: the rules that it needs do not agree");
        return;
    }
    guard = &set->guards[hit->held_by];
    if (guard->name.len > 0)
        snprintf(ret_text, size, "held back: guard %.*s was seen in %s", STR_FMT(guard->name),
                 guard->whole_post ? "the post" : "its sentence");
    else
        snprintf(ret_text, size, "held back by its unless");
}
