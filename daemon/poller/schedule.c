/* When to ask again: pure arithmetic. */
#include "mentiond/poller.h"

int64_t backoff_ms(unsigned failures, int64_t min_ms, int64_t max_ms, uint32_t random)
{
    int64_t wait_ms = min_ms;

    for (unsigned i = 1; i < failures && wait_ms < max_ms; i++)
        wait_ms *= 2;
    if (wait_ms > max_ms)
        wait_ms = max_ms;
    return wait_ms / 2 + (int64_t)((uint64_t)(wait_ms - wait_ms / 2) * random / UINT32_MAX);
}

int64_t schedule_interval_ms(int64_t current_ms, int64_t floor_ms, int64_t ceiling_ms, uint64_t n_new)
{
    int64_t next_ms = n_new ? current_ms / 2 : current_ms + current_ms / 2;

    if (next_ms > ceiling_ms)
        next_ms = ceiling_ms;
    return next_ms < floor_ms ? floor_ms : next_ms;
}
