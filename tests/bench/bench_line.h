/* What the files of bench_line share: its parts, its runs and their figures. */
#ifndef BENCH_LINE_H
#define BENCH_LINE_H

#include "bench_line_redis.h"
#include "bench_line_server.h"
#include "mentiond/mention.h"

#define RUNS_MAX 9
#define PAGES_MAX 1000

enum stage {
    STAGE_HTTP,        /* request to body */
    STAGE_PARSE,       /* body to mentions: JSON and driver */
    STAGE_JUDGE,       /* mentions to verdicts */
    STAGE_INGEST,      /* mentions to Redis' answer */
    /* parts of the above, done once more apart */
    STAGE_JSON,        /* of PARSE: the tree on an arena */
    STAGE_NORMALISE,   /* of JUDGE */
    STAGE_ENCODE,      /* of INGEST: header and records */
    /* yardsticks */
    STAGE_CURL,        /* HTTP: blocking libcurl */
    STAGE_JSON_PLAIN,  /* JSON: jansson on malloc() */
    STAGE_REFERENCE,   /* JUDGE: with the reference matcher */
    STAGE_SETS,        /* INGEST: pipelined SETs of the same records with hiredis */
    STAGE_COUNT,
};

struct bench_options {
    int64_t pages, runs; /* pages of each walk */
    const char *rules;
};

/* All CPU, in us a mention. */
struct run {
    double line_us, redis_us; /* the poller's walk: ours, the server's */
    double stage_us[STAGE_COUNT];
    double sets_redis_us;
};

struct bench {
    struct bench_options options;
    char folder[64], config_path[96];
    struct page_server pages;
    struct bench_redis redis_server;
    struct event_base *base;
    struct http_client *http;
    struct redis *redis;
    struct store *store;
    struct settings *settings;
    struct source_set *sources;
    struct ruleset *rules, *reference;
    struct poller *poller;
    char nonce[33]; /* the poller's, of this start */
    unsigned n_failed;
    bool finished;
    struct run runs[RUNS_MAX + 1];
    uint64_t n_mentions, n_bytes, n_judged[CLASS_COUNT]; /* of all runs' stages */
};

/* Runs the benchmark; on success the figures are in b->runs. bench_finish() also after a failure. */
int bench_init(struct bench *b, struct error *err);
int bench_run(struct bench *b, struct error *err);
void bench_print(const struct bench *b);
void bench_finish(struct bench *b);

#endif
