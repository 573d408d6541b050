/* Making ready, and the runs: the poller with its source set to one of the benchmark's,
 * exactly as with `mentiond --once`, then the stages. Each walk reads pages of its own, for
 * the queue knows what it has seen. */
#include <errno.h>
#include <stdio.h>
#include <unistd.h>

#include "bench_line_stages.h"
#include "mentiond/clock.h"

#define DRAIN_GRACE_MS 5000
#define WALK_MAX_MS 120000 /* of the poller, with all pauses; its timers keep the loop turning */

/* ---- making ready ----------------------------------------------------------------------------- */

static int write_config(struct bench *b, struct error *err)
{
    FILE *f;

    snprintf(b->config_path, sizeof(b->config_path), "%s/config.yaml", b->folder);
    f = fopen(b->config_path, "w");
    if (!f)
        return error_errno(err, errno, "%s", b->config_path);
    fprintf(f, "state_dir: %s\nredis: { url: \"unix://%s\" }\nbrands:\n  acme:\n    terms: [acme]\n"
               "    own_accounts: { mastodon: [acme@social.example] }\n    languages: [en]\n"
               "    rules: [\"%s\"]\n    sources:\n", b->folder, b->redis_server.socket, b->options.rules);
    for (int64_t i = 0; i < 2 * (b->options.runs + 1); i++)
        fprintf(f, "      - { name: run%d, type: mastodon, instance: \"http://127.0.0.1:%u\", hashtags: [run%d] }\n",
                (int)i, b->pages.set.port, (int)i);
    return fclose(f) == 0 ? 0 : error_errno(err, errno, "%s", b->config_path);
}

static int load(struct bench *b, struct error *err)
{
    const struct str rules = str_from(b->options.rules);
    struct diag d;
    int r = 0;

    diag_init(&d);
    b->settings = settings_load(b->config_path, &d);
    if (b->settings)
        b->sources = source_set_create(b->settings, &d);
    b->rules = ruleset_load(&rules, 1, RULE_ENGINE_FAST, &d);
    b->reference = ruleset_load(&rules, 1, RULE_ENGINE_REFERENCE, &d);
    if (!b->sources || !b->rules || !b->reference) {
        diag_print(&d, b->config_path, stderr);
        r = error_set(err, -EINVAL, "the benchmark's configuration does not load");
    }
    diag_finish(&d);
    return r;
}

static int connect_all(struct bench *b, struct error *err)
{
    const struct http_options http = {.timeout_ms = 30000,
                                      .connect_timeout_ms = 5000,
                                      .max_body = 8 * 1024 * 1024,
                                      .user_agent = "mentiond-bench",
                                      .allow_private = true};
    const struct redis_options redis = {.url = b->settings->redis.url,
                                        .connect_timeout_ms = 5000,
                                        .command_timeout_ms = 10000,
                                        .backoff_min_ms = 10,
                                        .backoff_max_ms = 100};

    b->base = event_base_new();
    if (!b->base)
        return error_oom(err);
    if (http_client_create(b->base, &http, &b->http, err) < 0 ||
        redis_create(b->base, &redis, NULL, NULL, &b->redis, err) < 0)
        return err->code;
    return store_create(b->base, b->redis, b->settings->redis.name_space, &b->store, err);
}

int bench_init(struct bench *b, struct error *err)
{
    store_make_req(b->nonce);
    snprintf(b->folder, sizeof(b->folder), "/tmp/bench_line.XXXXXX");
    if (!mkdtemp(b->folder))
        return error_errno(err, errno, "%s", b->folder);
    if (page_server_start(&b->pages, (uint32_t)b->options.pages * PAGE_STATUSES, err) < 0 ||
        bench_redis_start(&b->redis_server, b->folder, err) < 0 || write_config(b, err) < 0 ||
        load(b, err) < 0)
        return err->code;
    return connect_all(b, err);
}

void bench_finish(struct bench *b)
{
    poller_destroy(b->poller);
    redis_destroy(b->redis);
    store_destroy(b->store);
    http_client_destroy(b->http);
    if (b->base)
        event_base_free(b->base);
    ruleset_unref(b->rules);
    ruleset_unref(b->reference);
    source_set_destroy(b->sources);
    settings_destroy(b->settings);
    bench_redis_stop(&b->redis_server);
    page_server_stop(&b->pages);
    unlink(b->config_path);
    rmdir(b->folder);
}

/* ---- the line, by the poller ------------------------------------------------------------------ */

static void on_finished(void *user, unsigned n_failed)
{
    struct bench *b = user;

    b->n_failed = n_failed;
    b->finished = true;
}

static void on_drained(void *user)
{
    struct bench *b = user;

    b->finished = true;
}

static bool wait_finished(struct bench *b)
{
    const int64_t end_ms = clock_monotonic_ms() + WALK_MAX_MS;
    bool finished;

    while (!b->finished && clock_monotonic_ms() < end_ms && event_base_loop(b->base, EVLOOP_ONCE) == 0)
        ;
    finished = b->finished;
    b->finished = false;
    return finished;
}

static int check_line(const struct bench *b, const struct poller_stats *stats, struct error *err)
{
    uint64_t expected = (uint64_t)b->options.pages * PAGE_STATUSES;

    if (b->n_failed || stats->new_mentions != expected)
        return error_set(err, -EBADMSG, "the poller stored %llu of %llu mentions, %u sources failed",
                         (unsigned long long)stats->new_mentions, (unsigned long long)expected, b->n_failed);
    return 0;
}

static int run_line(struct bench *b, const char *source, struct run *run, struct error *err)
{
    const struct poller_brand brand = {&b->settings->brands[0], b->rules, NULL};
    const struct poller_options options = {.base = b->base,
                                           .http = b->http,
                                           .store = b->store,
                                           .settings = b->settings,
                                           .sources = b->sources,
                                           .brands = &brand,
                                           .daemon_name = "bench",
                                           .nonce = b->nonce,
                                           .once = true,
                                           .only_source = source,
                                           .on_finished = on_finished,
                                           .user = b};
    int64_t redis_ns = bench_redis_cpu_ns(&b->redis_server);
    struct meter meter = {0};
    struct poller_stats stats;

    meter_start(&meter);
    if (poller_create(&options, &b->poller, err) < 0)
        return err->code;
    poller_start(b->poller);
    if (!wait_finished(b))
        return error_set(err, -ETIMEDOUT, "the poller did not come to an end within %d s", WALK_MAX_MS / 1000);
    meter_stop(&meter);
    redis_ns = bench_redis_cpu_ns(&b->redis_server) - redis_ns;
    stats = poller_stats(b->poller);
    poller_drain(b->poller, DRAIN_GRACE_MS, on_drained, b);
    wait_finished(b);
    poller_destroy(TAKE(b->poller));
    if (check_line(b, &stats, err) < 0)
        return err->code;
    run->line_us = (double)meter.total_ns / 1e3 / (double)stats.new_mentions;
    run->redis_us = (double)redis_ns / 1e3 / (double)stats.new_mentions;
    return 0;
}

/* ---- the line, by stages ---------------------------------------------------------------------- */

static const struct source *find_source(const struct bench *b, const char *name)
{
    for (size_t i = 0; i < b->sources->n_sources; i++) {
        if (str_eq(b->sources->sources[i].name, str_from(name)))
            return &b->sources->sources[i];
    }
    return NULL;
}

static int run_stages(struct bench *b, const char *source, struct run *run, struct error *err)
{
    struct poller alone = {.n_brands = 1}; /* what judge_mention() looks at for posts naming several brands */
    struct stages s = {.base = b->base,
                       .http = b->http,
                       .store = b->store,
                       .redis = &b->redis_server,
                       .source = find_source(b, source),
                       .brand = {.settings = &b->settings->brands[0], .rules = b->rules, .poller = &alone},
                       .reference = b->reference};
    const struct str_list *terms = &s.brand.settings->terms;
    int r = term_set_create(terms->items, terms->n, &s.brand.terms, err);

    alone.brands = &s.brand;
    if (r == 0)
        r = stages_run(&s, err);
    term_set_destroy(s.brand.terms);
    if (r == 0 && s.n_mentions != (uint64_t)b->options.pages * PAGE_STATUSES)
        r = error_set(err, -EBADMSG, "the stages saw %llu mentions", (unsigned long long)s.n_mentions);
    if (r < 0)
        return r;
    for (int i = 0; i < STAGE_COUNT; i++)
        run->stage_us[i] = (double)s.meters[i].total_ns / 1e3 / (double)s.n_mentions;
    run->sets_redis_us = (double)s.sets_redis_ns / 1e3 / (double)s.n_mentions;
    b->n_mentions += s.n_mentions;
    b->n_bytes += s.n_bytes;
    for (int i = 0; i < CLASS_COUNT; i++)
        b->n_judged[i] += s.n_judged[i];
    return 0;
}

/* Of five statuses one was written to be a hit: rules that see none of it, or it
 * everywhere, measure nothing. */
static int check_verdicts(const struct bench *b, struct error *err)
{
    double hits = 100.0 * (double)(b->n_mentions - b->n_judged[CLASS_NONE]) / (double)b->n_mentions;

    if (hits < HIT_PERCENT / 2.0 || hits > HIT_PERCENT * 1.5)
        return error_set(err, -EBADMSG, "the rules gave %.1f %% of the mentions a class, not about %d %%", hits,
                         HIT_PERCENT);
    return 0;
}

int bench_run(struct bench *b, struct error *err)
{
    for (int i = 0; i <= b->options.runs; i++) {
        char by_poller[16], by_stages[16];

        snprintf(by_poller, sizeof(by_poller), "run%d", 2 * i);
        snprintf(by_stages, sizeof(by_stages), "run%d", 2 * i + 1);
        if (run_line(b, by_poller, &b->runs[i], err) < 0 || run_stages(b, by_stages, &b->runs[i], err) < 0)
            return error_prefix(err, err->code, "run %d", i);
    }
    return check_verdicts(b, err);
}
