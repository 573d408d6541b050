/* What rules do, for those who write them: three keys that all daemons and brands share, which `mentionctl
 * rules lint --fired` and `rules stats` read.
 *
 *   <ns>:{@ops}:rules:known    sorted set: when each rule was first loaded, ms
 *   <ns>:{@ops}:rules:fired    sorted set: when each rule last counted in a verdict, ms, to the poll
 *   <ns>:{@ops}:rules:limited  hash: how often its regexes reached their limit, and so were no hit
 *
 * Nobody waits for the answers; what is lost with a connection is what one poll brought. */
#include <stdio.h>

#include "mentiond/clock.h"
#include "poller_internal.h"

static const char log_module[] = "poller";

#define NAMES_IN_COMMAND 200
#define HEAD 3 /* ZADD key NX */

/* A ZADD of many names with one score. */
struct names_said {
    struct redis *redis;
    struct str argv[HEAD + 2 * NAMES_IN_COMMAND];
    size_t n;
    char key[256], limited_key[256], now[24];
};

static void names_begin(struct names_said *said, struct store *store, const char *key, const char *only,
                        int64_t now_ms)
{
    struct str ns = store_name_space(store);

    said->redis = store_redis(store);
    snprintf(said->key, sizeof(said->key), "%.*s:{@ops}:rules:%s", STR_FMT(ns), key);
    snprintf(said->limited_key, sizeof(said->limited_key), "%.*s:{@ops}:rules:limited", STR_FMT(ns));
    snprintf(said->now, sizeof(said->now), "%lld", (long long)now_ms);
    said->argv[0] = STR("ZADD");
    said->argv[1] = str_from(said->key);
    said->argv[2] = str_from(only);
    said->n = HEAD;
}

static void names_send(struct names_said *said)
{
    if (said->n > HEAD)
        redis_command(said->redis, REDIS_URGENT, said->n, said->argv, NULL, NULL, NULL);
    said->n = HEAD;
}

static void name_add(struct names_said *said, struct str name)
{
    said->argv[said->n++] = str_from(said->now);
    said->argv[said->n++] = name;
    if (said->n == ARRAY_LEN(said->argv))
        names_send(said);
}

static void on_use(void *user, const struct rule_use *use)
{
    struct names_said *said = user;
    char count[24];

    if (use->fired)
        name_add(said, use->name);
    if (use->limited == 0)
        return;
    snprintf(count, sizeof(count), "%llu", (unsigned long long)use->limited);
    const struct str argv[] = {STR("HINCRBY"), str_from(said->limited_key), use->name, str_from(count)};
    log_warn("a regex reached its limit and counts as no hit", field_str("rule", use->name),
             field_int("times", (int64_t)use->limited));
    redis_command(said->redis, REDIS_URGENT, ARRAY_LEN(argv), argv, NULL, NULL, NULL);
}

void uses_publish(struct poll_brand *brand)
{
    struct store *store = brand->poller->options.store;
    int64_t now_ms = clock_now_ms();
    struct names_said said;

    if (!store || !redis_is_up(store_redis(store)))
        return;
    if (!brand->rules_said) {
        names_begin(&said, store, "known", "NX", now_ms);
        for (size_t i = 0; i < ruleset_count(brand->rules); i++)
            if (!ruleset_rule(brand->rules, i).disabled)
                name_add(&said, ruleset_rule(brand->rules, i).name);
        names_send(&said);
    }
    brand->rules_said = true;
    names_begin(&said, store, "fired", "GT", now_ms);
    ruleset_take_uses(brand->rules, on_use, &said);
    names_send(&said);
}
