/* The line cut into its stages: page by page through the same code as the poller's, each stage under a meter
 * of its own, and beside it, on the same page, what it is compared with. */
#ifndef BENCH_LINE_STAGES_H
#define BENCH_LINE_STAGES_H

#include "bench_line.h"
#include "bench_line_meter.h"
#include "poller/poller_internal.h"

struct stages {
    struct event_base *base;          /* borrowed, as all of these */
    struct http_client *http;
    struct store *store;
    struct bench_redis *redis;
    const struct source *source;
    struct poll_brand brand;          /* rules, terms: borrowed */
    struct ruleset *reference;

    struct meter meters[STAGE_COUNT];
    int64_t sets_redis_ns; /* the server's CPU for the SETs */
    uint64_t n_bytes, n_mentions, n_judged[CLASS_COUNT];
};

/* Walks the source from its newest page to its end. */
int stages_run(struct stages *stages, struct error *err);

#endif
