/* What a report weighs as evidence: one for each person of the hour, less for what looks bought,
 * nothing for reposts and copies.
 *
 * Short texts ("Acme down?") are alike by nature and are never taken for copies. The second text of
 * a group still weighs a half: two people may well choose the same words. */
#include <errno.h>
#include <stdlib.h>

#include "outage/detector.h"

#define COPY_WORDS_MIN 5
#define COPY_LIKE 0.6 /* Jaccard index of the word sets */
#define COPY_MS (120 * MINUTE_MS)
#define COPIES_FIRST 8 /* allocated at first */
#define FAINT_QUARTERS 3 /* of a person's first report: four people instead of three */

static int by_value(const void *a, const void *b)
{
    uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;

    return (x > y) - (x < y);
}

static void copy_make(const struct outage_fact *f, struct outage_copy *ret)
{
    *ret = (struct outage_copy){.seen_ms = f->created_ms, .count = 1};
    for (size_t i = 0; i < f->n_words && i < MENTION_WORDS_MAX; i++)
        ret->words[ret->n_words++] = f->words[i];
    qsort(ret->words, ret->n_words, sizeof(ret->words[0]), by_value);
    for (size_t i = 0; i < ret->n_words; i++)
        ret->sketch |= 1u << (ret->words[i] & 31);
}

static unsigned common_words(const struct outage_copy *a, const struct outage_copy *b)
{
    unsigned i = 0, k = 0, n = 0;

    while (i < a->n_words && k < b->n_words) {
        n += a->words[i] == b->words[k];
        if (a->words[i] < b->words[k])
            i++;
        else if (a->words[i] > b->words[k])
            k++;
        else
            i++, k++;
    }
    return n;
}

/* The sketch bounds what they can have in common from above: nothing alike is passed over. */
static bool alike(const struct outage_copy *a, const struct outage_copy *b)
{
    int most_a = a->n_words - __builtin_popcount(a->sketch & ~b->sketch);
    int most_b = b->n_words - __builtin_popcount(b->sketch & ~a->sketch);
    int most = most_a < most_b ? most_a : most_b, all = a->n_words + b->n_words;
    unsigned common;

    if (most < COPY_LIKE * (all - most))
        return false;
    common = common_words(a, b);
    return common >= COPY_LIKE * ((unsigned)all - common);
}

static int copies_add(struct outage_detector *d, const struct outage_copy *copy)
{
    if (d->n_copies == OUTAGE_COPIES_MAX) {
        memmove(d->copies, d->copies + 1, (OUTAGE_COPIES_MAX - 1) * sizeof(*d->copies));
        d->n_copies--;
    }
    if (d->n_copies == d->cap_copies) {
        uint32_t cap = d->cap_copies ? 2 * d->cap_copies : COPIES_FIRST;
        struct outage_copy *more;

        cap = cap < OUTAGE_COPIES_MAX ? cap : OUTAGE_COPIES_MAX;
        more = realloc(d->copies, cap * sizeof(*more));
        if (!more)
            return -ENOMEM;
        d->copies = more;
        d->cap_copies = cap;
    }
    d->copies[d->n_copies++] = *copy;
    return 0;
}

/* How many texts like this one there are now, itself included. */
static int count_copies(struct outage_detector *d, const struct outage_fact *f, unsigned *ret)
{
    struct outage_copy copy;

    *ret = 1;
    if (f->n_words < COPY_WORDS_MIN)
        return 0;
    copy_make(f, &copy);
    for (uint32_t i = 0; i < d->n_copies; i++) {
        struct outage_copy *known = &d->copies[i];

        if (f->created_ms - known->seen_ms > COPY_MS || !alike(known, &copy))
            continue;
        if (known->seen_ms < f->created_ms)
            known->seen_ms = f->created_ms;
        if (known->count < UINT16_MAX)
            known->count++;
        *ret = known->count;
        return 0;
    }
    return copies_add(d, &copy);
}

static bool author_seen(const struct outage_detector *d, const struct outage_fact *f)
{
    for (uint32_t i = d->n_ring; i-- > 0;) {
        if (d->ring[i].created_ms <= f->created_ms - WINDOW_MS)
            return false;
        if (d->ring[i].author == f->author)
            return true;
    }
    return false;
}

static bool is_announced(const struct outage_detector *d, const struct outage_fact *f)
{
    for (uint32_t i = 0; i < d->n_guards; i++) {
        const struct outage_guard *g = &d->guards[i];

        if (g->maintenance && d->now_ms >= g->from_ms && d->now_ms < g->until_ms &&
            cell_compatible((struct outage_cell){g->topic, g->place}, f->topics, f->place))
            return true;
    }
    return false;
}

int weight_report(struct outage_detector *d, const struct outage_fact *f, bool *ret_person,
                  uint8_t *ret_quarters, uint8_t *ret_less)
{
    unsigned quarters = f->faint ? FAINT_QUARTERS : QUARTERS, n_copies;
    bool seen = author_seen(d, f), announced = is_announced(d, f), person = !f->repost && !seen;
    int r = count_copies(d, f, &n_copies);

    if (r < 0)
        return r;
    *ret_less = (uint8_t)((f->faint ? OUTAGE_LESS_FAINT : 0) | (f->repost ? OUTAGE_LESS_REPOST : 0) |
                          (seen ? OUTAGE_LESS_AGAIN : 0) | (f->young ? OUTAGE_LESS_YOUNG : 0) |
                          (n_copies > 1 ? OUTAGE_LESS_COPY : 0) | (announced ? OUTAGE_LESS_MAINTENANCE : 0));
    if (!person || n_copies > 2 || announced)
        quarters = 0;
    if (f->young)
        quarters /= 2;
    if (n_copies == 2)
        quarters /= 2;
    *ret_person = person;
    *ret_quarters = (uint8_t)quarters;
    return 0;
}
