/* Windows: what words near a hit do to it.
 *
 * A negation ("not", "never") up to some words before a hit, or behind it, takes it away or turns
 * it round; a booster ("so", "really") adds to its score. Which words, and how far they reach,
 * packs say for their language; rules say whether they mind. A hit that holds the word itself
 * ("not good") has thought of it. */
#include "rules/ruleset.h"

/* Where in `normal` the byte of the original begins, or the next that does. */
static size_t normal_at(const struct text_normal *text, uint32_t at)
{
    size_t low = 0, high = text->normal.len;

    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (text->offsets[middle] < at)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

/* Are two places in one sentence, with at most `words` between? A sentence's end has the place of
 * the word behind it. Looks no further than it must, so that many marks are not many walks over
 * the post. */
static bool is_near(const struct text_normal *text, uint32_t from, uint32_t to, size_t words)
{
    const char *normal = text->normal.s;
    size_t n = 0;

    for (size_t i = normal_at(text, from); i < text->normal.len && text->offsets[i] <= to; i++) {
        n += text->offsets[i] < to && i > 0 && normal[i - 1] == ' ' && normal[i] != ' ';
        if (normal[i] == '\n' || n > words)
            return false;
    }
    return true;
}

static bool reaches(const struct judgement *j, const struct window *window,
                    const struct window_mark *mark, const struct judged_hit *hit)
{
    if (mark->end <= hit->start)
        return window->side != WINDOW_BEHIND &&
               is_near(&j->text, mark->end, hit->start, window->words);
    if (mark->start >= hit->end)
        return window->side != WINDOW_BEFORE &&
               is_near(&j->text, hit->end, mark->start, window->words);
    return false;
}

static void apply(const struct window *window, const struct rule *rule, struct judged_hit *hit)
{
    if (!window->negates) {
        if (rule->boosted && abs(window->add) > abs(hit->boost))
            hit->boost = window->add;
    } else if (rule->negated != NEGATED_KEEP) {
        hit->negated = true;
    }
}

void windows_apply(const struct ruleset *set, struct judgement *j)
{
    for (size_t i = 0; i < j->n_hits; i++) {
        struct judged_hit *hit = &j->hits[i];
        const struct rule *rule = &set->rules[hit->rule];
        if (rule->negated == NEGATED_KEEP && !rule->boosted)
            continue;
        for (size_t k = 0; k < j->n_marks; k++) {
            const struct window *window = &set->windows[j->marks[k].window];
            if (pack_shares(&set->packs[rule->pack], &set->packs[window->pack]) &&
                reaches(j, window, &j->marks[k], hit))
                apply(window, rule, hit);
        }
    }
}

/* Praise that is denied is a complaint, and the other way round; an outage that is denied is
 * nothing. */
enum mention_class windows_flip(enum mention_class class)
{
    static const enum mention_class flipped[CLASS_COUNT] = {
        [CLASS_PRAISE] = CLASS_COMPLAINT,
        [CLASS_COMPLAINT] = CLASS_PRAISE,
    };

    return flipped[class];
}
