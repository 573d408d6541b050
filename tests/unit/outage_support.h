/* What the tests of the detector share: facts made by a line, events as text, a made-up brand whose
 * days are the same for a seed. */
#ifndef OUTAGE_SUPPORT_H
#define OUTAGE_SUPPORT_H

#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <stdio.h>
#include <cmocka.h>

#include "mentiond/outage.h"

#define MIN_MS INT64_C(60000)
#define START_MS (INT64_C(1790000000) * 1000 / MIN_MS * MIN_MS)
#define LOG_MAX (8 * 1024 * 1024)

enum { LOGIN, PAYMENTS, INTERNET, APP };

/* Every event as a line: "opened 1 at 12.5 since 3.0 topic 0 place 7 people 3 refs 4,5,6". */
static inline void log_event(void *user, const struct outage_event *e)
{
    static const char *const kinds[] = {"opened", "updated", "closed"};
    struct buf *log = user;

    buf_printf(log, "%s %u why %u beside %u at %.3f since %.3f topic %d place %u people %u of %u %.9g/%.9g %.9g refs",
               kinds[e->kind], e->number, e->why, e->beside, (double)(e->at_ms - START_MS) / MIN_MS,
               (double)(e->since_ms - START_MS) / MIN_MS, e->topic, e->place, e->people, e->reports,
               e->per_minute, e->expected_per_minute, e->score);
    for (size_t i = 0; i < e->n_refs; i++)
        buf_printf(log, " %llu", (unsigned long long)e->refs[i]);
    buf_append_char(log, '\n');
}

struct rig {
    struct outage_detector *d;
    struct buf log;
    struct outage_sink sink;
    uint64_t last; /* id and ref of the latest fact */
};

static inline void rig_init(struct rig *rig)
{
    *rig = (struct rig){.d = outage_create(), .log = BUF_INIT(LOG_MAX)};
    rig->sink = (struct outage_sink){log_event, &rig->log};
    assert_non_null(rig->d);
}

static inline void rig_finish(struct rig *rig)
{
    outage_destroy(rig->d);
    buf_finish(&rig->log);
}

static inline int64_t at_min(double minute)
{
    return START_MS + (int64_t)(minute * MIN_MS);
}

/* A report of a new person that arrives half a minute later. */
static inline struct outage_fact report_at(struct rig *rig, double minute, unsigned author)
{
    uint64_t id = ++rig->last;

    return (struct outage_fact){
        .kind = OUTAGE_REPORT, .created_ms = at_min(minute), .id = id, .ref = id, .author = author};
}

static inline void give_at(struct rig *rig, struct outage_fact f, int64_t now_ms)
{
    assert_int_equal(outage_update(rig->d, &f, 1, now_ms, &rig->sink), 0);
}

static inline void give(struct rig *rig, struct outage_fact f)
{
    give_at(rig, f, f.created_ms + MIN_MS / 2);
}

static inline void pass(struct rig *rig, double minute)
{
    outage_tick(rig->d, at_min(minute), &rig->sink);
}

/* `n` other mentions, spread evenly. */
static inline void chat(struct rig *rig, double from, double to, unsigned n)
{
    for (unsigned i = 0; i < n; i++) {
        struct outage_fact f = {.id = ++rig->last, .author = 1000 + i};

        f.created_ms = at_min(from + (to - from) * i / n);
        give_at(rig, f, f.created_ms);
    }
}

static inline unsigned count_lines(const struct rig *rig, const char *kind)
{
    unsigned n = 0;

    for (const char *at = rig->log.data; at && *at; at = strchr(at, '\n') + 1)
        n += strncmp(at, kind, strlen(kind)) == 0;
    return n;
}

/* ---- a made-up brand -------------------------------------------------------------------------- */

static inline uint32_t draw(uint64_t *seed, uint32_t below)
{
    *seed = *seed * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
    return (uint32_t)((*seed >> 33) % below);
}

/* The n-th fact of a brand's days: chatter, some reports, and an outage each 600 facts or so. */
static inline struct outage_fact made_up(uint64_t *seed, uint64_t n, int64_t *now_ms)
{
    bool outage = n % 600 > 500;
    struct outage_fact f = {.id = draw(seed, UINT32_MAX) + 1ull, .ref = n};
    uint32_t kind = draw(seed, 100);

    *now_ms += draw(seed, outage ? 40000 : 200000);
    f.created_ms = *now_ms - draw(seed, 120000);
    f.author = draw(seed, outage ? 5000 : 500) + 1;
    f.kind = kind < (outage ? 85 : 6) ? OUTAGE_REPORT : kind > 97 ? OUTAGE_RECOVERY : OUTAGE_OTHER;
    f.topics = 1u << draw(seed, outage ? 2 : 6);
    f.place = draw(seed, 4);
    f.repost = draw(seed, 20) == 0;
    f.young = draw(seed, 20) == 0;
    f.n_words = (uint8_t)draw(seed, 9);
    for (uint32_t i = 0; i < f.n_words; i++)
        f.words[i] = 100 * i + draw(seed, 4);
    return f;
}

#endif
