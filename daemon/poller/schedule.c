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

int64_t flood_add(struct flood *flood, uint64_t n_new, int64_t max_per_minute, int64_t now_ms)
{
    double per_ms = (double)max_per_minute / 60000;

    if (flood->at_ms > 0 && now_ms > flood->at_ms)
        flood->level -= (double)(now_ms - flood->at_ms) * per_ms;
    if (flood->level < 0)
        flood->level = 0;
    flood->level += (double)n_new;
    flood->at_ms = now_ms;
    if (flood->level <= (double)max_per_minute)
        return 0;
    return (int64_t)((flood->level - (double)max_per_minute) / per_ms) + 1;
}
