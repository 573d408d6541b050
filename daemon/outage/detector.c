/* The detector as its callers see it: time goes on minute by minute, facts of one batch in an order
 * that does not depend on how they arrived. What a step does is in the other files; the state is the
 * one struct of detector.h, owned here. */
#include <errno.h>
#include <stdlib.h>

#include "outage/detector.h"

#define TIME_MAX_MS (INT64_C(1) << 53)

struct outage_detector *outage_create(void)
{
    return calloc(1, sizeof(struct outage_detector));
}

void outage_destroy(struct outage_detector *d)
{
    if (!d)
        return;
    free(d->ring);
    free(d->copies);
    free(d->guards);
    free(d);
}

size_t outage_open_count(const struct outage_detector *d)
{
    return d->n_open;
}

size_t outage_memory(const struct outage_detector *d)
{
    return sizeof(*d) + d->cap_ring * sizeof(*d->ring) + d->cap_copies * sizeof(*d->copies);
}

uint64_t outage_hash(struct str text)
{
    uint64_t hash = UINT64_C(0xcbf29ce484222325);

    for (size_t i = 0; i < text.len; i++)
        hash = (hash ^ (unsigned char)text.s[i]) * UINT64_C(0x100000001b3);
    hash ^= hash >> 32;
    hash *= UINT64_C(0x9e3779b97f4a7c15);
    return hash ? hash : 1;
}

static void roll(struct outage_detector *d, int64_t now_ms)
{
    int64_t bin = d->bin;

    d->now_ms = now_ms;
    baseline_roll(d, now_ms);
    if (d->bin != bin)
        ring_forget(d, now_ms);
}

static void advance(struct outage_detector *d, int64_t now_ms, const struct outage_sink *sink)
{
    int64_t minute = d->now_ms - d->now_ms % MINUTE_MS;

    now_ms = now_ms < TIME_MAX_MS ? now_ms : TIME_MAX_MS;
    if (now_ms < d->now_ms)
        now_ms = d->now_ms;
    while (d->n_open > 0 && minute + MINUTE_MS <= now_ms) {
        minute += MINUTE_MS;
        roll(d, minute);
        cluster_tick(d, sink);
    }
    roll(d, now_ms);
}

static int take_report(struct outage_detector *d, const struct outage_fact *f,
                       const struct outage_sink *sink)
{
    struct outage_report report = {
        .created_ms = f->created_ms,
        .author = f->author,
        .ref = f->ref,
        .topics = f->topics & ((1u << OUTAGE_TOPICS_MAX) - 1),
        .place = f->place,
    };
    struct outage_report *r = &report;
    struct outage_cluster *k;
    struct outage_alarm alarm;
    int error = weight_report(d, f, &report.person, &report.quarters, &report.less);

    if (error < 0)
        return error;
    baseline_share(d, r);
    k = cluster_find(d, r);
    if (!k || cluster_is_settled(d, k))
        d->running.reports += (double)r->quarters / QUARTERS;
    if (!k && r->created_ms <= d->now_ms - WINDOW_MS - LEAD_MS)
        return 0; /* too old to explain anything that is open, or to open anything */
    error = ring_insert(d, &report, sink, &r);
    if (error < 0)
        return error;
    if (k)
        cluster_join(k, r);
    else if (r->quarters > 0 && scan_report(d, r, &alarm))
        cluster_open(d, &alarm, sink);
    return 0;
}

static int take_fact(struct outage_detector *d, const struct outage_fact *f,
                     const struct outage_sink *sink)
{
    if (f->kind == OUTAGE_REPORT)
        return take_report(d, f, sink);
    d->running.others++;
    if (f->kind == OUTAGE_RECOVERY)
        cluster_hear_back(d, f);
    return 0;
}

static int in_order(const void *a, const void *b)
{
    const struct outage_fact *x = a, *y = b;

    if (x->created_ms != y->created_ms)
        return x->created_ms < y->created_ms ? -1 : 1;
    return (x->id > y->id) - (x->id < y->id);
}

int outage_update(struct outage_detector *d, struct outage_fact *facts, size_t n_facts,
                  int64_t now_ms, const struct outage_sink *sink)
{
    int r = 0;

    advance(d, now_ms, sink);
    for (size_t i = 0; i < n_facts; i++) {
        if (facts[i].created_ms > d->now_ms || facts[i].created_ms < 0)
            facts[i].created_ms = d->now_ms;
    }
    if (n_facts > 1)
        qsort(facts, n_facts, sizeof(*facts), in_order);
    for (size_t i = 0; i < n_facts && r == 0; i++)
        r = take_fact(d, &facts[i], sink);
    return r;
}

void outage_tick(struct outage_detector *d, int64_t now_ms, const struct outage_sink *sink)
{
    advance(d, now_ms, sink);
}
