/* The outage detector alone: facts a second on one core, and the most memory that one brand took.
 *
 *   bench_outage [FACTS]
 *
 * Made-up brands of three kinds: chatter with few reports, a giant in trouble (nine of ten mentions are
 * reports, many of them copies), and a mix as of a benchmark stream. Exit code 1 below the promise. */
#include <stdio.h>
#include <stdlib.h>

#include "mentiond/clock.h"
#include "mentiond/outage.h"

#define PROMISE 200000.0 /* facts a second, of the mix */
#define START_MS INT64_C(1790000000000)
#define BRANDS 24

struct kind {
    const char *name;
    unsigned reports;   /* of 1000 facts */
    unsigned gap_ms;    /* between facts of one brand, at most */
    unsigned texts;     /* how many different ones there are; 0: all are */
};

static const struct kind kinds[] = {
    {"chatter", 20, 60000, 0},
    {"giant", 900, 400, 40},
    {"mix", 120, 8000, 2000},
};

static uint64_t n_events;

static uint32_t draw(uint64_t *seed, uint32_t below)
{
    *seed = *seed * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
    return (uint32_t)((*seed >> 33) % below);
}

static void count_event(void *user, const struct outage_event *event)
{
    (void)user;
    n_events += event->kind == OUTAGE_OPENED;
}

static struct outage_fact make_fact(const struct kind *kind, uint64_t *seed, uint64_t n, int64_t now_ms)
{
    struct outage_fact f = {.id = n, .ref = n, .created_ms = now_ms - draw(seed, 60000)};
    uint32_t text = kind->texts ? draw(seed, kind->texts) : (uint32_t)n;

    if (draw(seed, 1000) >= kind->reports)
        return f;
    f.kind = OUTAGE_REPORT;
    f.author = draw(seed, 100000) + 1;
    f.topics = 1u << draw(seed, 6);
    f.place = draw(seed, 30);
    f.repost = draw(seed, 10) == 0;
    f.n_words = (uint8_t)(4 + draw(seed, 16));
    for (uint32_t i = 0; i < f.n_words; i++)
        f.words[i] = (text * 31 + i) * 2654435761u;
    return f;
}

static double run(const struct kind *kind, uint64_t n_facts, size_t *ret_memory)
{
    struct outage_detector *brands[BRANDS];
    int64_t now_ms[BRANDS], took_us = 0, begun_us;
    const struct outage_sink sink = {count_event, NULL};
    uint64_t seed = 7;
    static struct outage_fact facts[4096];

    for (size_t i = 0; i < BRANDS; i++) {
        brands[i] = outage_create();
        now_ms[i] = START_MS;
    }
    for (uint64_t n = 0; n < n_facts; n += ARRAY_LEN(facts)) {
        size_t b = n / ARRAY_LEN(facts) % BRANDS;

        for (size_t i = 0; i < ARRAY_LEN(facts); i++) {
            now_ms[b] += draw(&seed, kind->gap_ms);
            facts[i] = make_fact(kind, &seed, n + i, now_ms[b]);
        }
        begun_us = clock_monotonic_us();
        for (size_t i = 0; i < ARRAY_LEN(facts); i++)
            if (outage_update(brands[b], &facts[i], 1, facts[i].created_ms + 60000, &sink) < 0)
                abort();
        took_us += clock_monotonic_us() - begun_us;
    }
    for (size_t i = 0; i < BRANDS; i++) {
        *ret_memory = outage_memory(brands[i]) > *ret_memory ? outage_memory(brands[i]) : *ret_memory;
        outage_destroy(brands[i]);
    }
    return (double)n_facts / ((double)took_us / 1e6);
}

int main(int argc, char **argv)
{
    uint64_t n_facts = argc > 1 ? strtoull(argv[1], NULL, 10) : 2000000;
    double rate = 0;
    size_t memory = 0;

    for (size_t i = 0; i < ARRAY_LEN(kinds); i++) {
        n_events = 0;
        rate = run(&kinds[i], n_facts, &memory);
        printf("%-8s %10.0f facts/s, %llu outages\n", kinds[i].name, rate, (unsigned long long)n_events);
    }
    printf("largest brand %zu bytes of %d\n", memory, OUTAGE_MEMORY_MAX);
    return rate >= PROMISE && memory <= OUTAGE_MEMORY_MAX ? 0 : 1;
}
