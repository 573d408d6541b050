/* CPU time of this process, added up over many short stretches. */
#ifndef BENCH_LINE_METER_H
#define BENCH_LINE_METER_H

#include <stdint.h>
#include <stdlib.h>
#include <time.h>

struct meter {
    int64_t total_ns, started_ns;
};

static inline int64_t cpu_now_ns(void)
{
    struct timespec now;

    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
    return (int64_t)now.tv_sec * 1000000000 + now.tv_nsec;
}

static inline void meter_start(struct meter *m)
{
    m->started_ns = cpu_now_ns();
}

static inline void meter_stop(struct meter *m)
{
    m->total_ns += cpu_now_ns() - m->started_ns;
}

#endif
