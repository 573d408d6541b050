/* The reports that the scan looks at, by when they were written: those of the last hour, and those of
 * open outages. Grows with the brand up to OUTAGE_RING_MAX; then the oldest gives way, and the scan
 * reaches less far back. */
#include <errno.h>
#include <stdlib.h>

#include "outage/detector.h"

#define RING_FIRST 16 /* allocated at first */

/* The first report written after `created_ms`. */
uint32_t ring_lower_bound(const struct outage_detector *d, int64_t created_ms)
{
    uint32_t low = 0, high = d->n_ring;

    while (low < high) {
        uint32_t middle = low + (high - low) / 2;

        if (d->ring[middle].created_ms > created_ms)
            high = middle;
        else
            low = middle + 1;
    }
    return low;
}

void ring_forget(struct outage_detector *d, int64_t now_ms)
{
    uint32_t kept = 0;

    for (uint32_t i = 0; i < d->n_ring; i++) {
        bool needed = d->ring[i].created_ms > now_ms - WINDOW_MS - LEAD_MS ||
                      (d->ring[i].outage && cluster_by_number(d, d->ring[i].outage));

        if (needed)
            d->ring[kept++] = d->ring[i];
    }
    d->n_ring = kept;
}

static int make_room(struct outage_detector *d, const struct outage_sink *sink)
{
    uint32_t cap = d->cap_ring ? 2 * d->cap_ring : RING_FIRST;
    struct outage_report *more;

    cap = cap < OUTAGE_RING_MAX ? cap : OUTAGE_RING_MAX; /* a loaded one has any size */
    if (d->n_ring < d->cap_ring)
        return 0;
    if (d->cap_ring < OUTAGE_RING_MAX) {
        more = realloc(d->ring, cap * sizeof(*more));
        if (!more)
            return -ENOMEM;
        d->ring = more;
        d->cap_ring = cap;
        return 0;
    }
    if (d->ring[0].untold)
        cluster_tell(d, cluster_by_number(d, d->ring[0].outage), OUTAGE_UPDATED, sink);
    memmove(d->ring, d->ring + 1, (OUTAGE_RING_MAX - 1) * sizeof(*d->ring));
    d->n_ring--;
    return 0;
}

int ring_insert(struct outage_detector *d, const struct outage_report *r,
                const struct outage_sink *sink, struct outage_report **ret)
{
    uint32_t at;
    int error = make_room(d, sink);

    if (error < 0)
        return error;
    at = ring_lower_bound(d, r->created_ms);
    memmove(d->ring + at + 1, d->ring + at, (d->n_ring - at) * sizeof(*d->ring));
    d->ring[at] = *r;
    d->n_ring++;
    *ret = &d->ring[at];
    return 0;
}

double ring_weight_since(const struct outage_detector *d, uint32_t outage, int64_t since_ms)
{
    unsigned quarters = 0;

    for (uint32_t i = d->n_ring; i-- > 0 && d->ring[i].created_ms > since_ms;)
        quarters += d->ring[i].outage == outage ? d->ring[i].quarters : 0u;
    return (double)quarters / QUARTERS;
}
