/* Claims and ends mentions from several connections at once and says how long the claims took. In C, because
 * what is measured is Redis, not the client: bench_queue.py starts it.
 *
 *     claim_load SOCKET BRAND_KEY CLIENTS SECONDS [FILTER]
 *
 * FILTER is a piece of JSON behind the agent's name, such as ,"langs":["de"]. Each client is an agent; what
 * it has claimed it dismisses, so it never holds too many. Prints one JSON object. */
#include <hiredis/hiredis.h>
#include <pthread.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define CLIENTS_MAX 256
#define SAMPLES_MAX 1000000

struct client {
    pthread_t thread;
    const char *socket, *key, *filter;
    int number;
    double until_s;
    uint32_t *claim_us;   /* owned: how long each claim took */
    size_t n, empty, failed;
};

static double now_s(void)
{
    struct timespec t;

    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

/* The value of "id" in a claim's reply: its first member. */
static int id_of(const char *reply, char *ret_id, size_t size)
{
    const char *from = strstr(reply, "\"id\":\"");
    const char *to = from ? strstr(from + 6, "\",\"state\"") : NULL;

    if (!to || (size_t)(to - from - 6) >= size)
        return -1;
    memcpy(ret_id, from + 6, (size_t)(to - from - 6));
    ret_id[to - from - 6] = '\0';
    return 0;
}

static void dismiss(struct client *c, redisContext *redis, const char *id)
{
    redisReply *reply = redisCommand(redis, "FCALL mention_dismiss 1 %s {\"agent\":\"load%d\",\"id\":\"%s\"}",
                                     c->key, c->number, id);

    c->failed += !reply || reply->type == REDIS_REPLY_ERROR;
    freeReplyObject(reply);
}

static int claim(struct client *c, redisContext *redis)
{
    char id[2048];
    double began_s = now_s();
    redisReply *reply = redisCommand(redis, "FCALL mention_claim 1 %s {\"agent\":\"load%d\"%s}", c->key,
                                     c->number, c->filter);
    double took_s = now_s() - began_s;

    if (!reply)
        return -1;
    c->claim_us[c->n++] = (uint32_t)(took_s * 1e6);
    c->empty += reply->type == REDIS_REPLY_NIL;
    c->failed += reply->type == REDIS_REPLY_ERROR;
    if (reply->type == REDIS_REPLY_STRING && id_of(reply->str, id, sizeof(id)) == 0)
        dismiss(c, redis, id);
    freeReplyObject(reply);
    return 0;
}

static void *run(void *user)
{
    struct client *c = user;
    redisContext *redis = redisConnectUnix(c->socket);

    if (!redis || redis->err) {
        c->failed++;
    } else {
        while (now_s() < c->until_s && c->n < SAMPLES_MAX) {
            if (claim(c, redis) < 0) {
                c->failed++;
                break;
            }
        }
    }
    redisFree(redis);
    return NULL;
}

static int by_size(const void *a, const void *b)
{
    uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;

    return (x > y) - (x < y);
}

static void report(struct client *clients, int n_clients)
{
    size_t n = 0, empty = 0, failed = 0, at = 0;
    uint32_t *all;

    for (int i = 0; i < n_clients; i++) {
        n += clients[i].n;
        empty += clients[i].empty;
        failed += clients[i].failed;
    }
    all = calloc(n ? n : 1, sizeof(*all));
    if (!all)
        abort();
    for (int i = 0; i < n_clients; i++) {
        memcpy(all + at, clients[i].claim_us, clients[i].n * sizeof(*all));
        at += clients[i].n;
    }
    qsort(all, n, sizeof(*all), by_size);
    printf("{\"claims\":%zu,\"empty\":%zu,\"failed\":%zu,\"p50_us\":%u,\"p99_us\":%u,\"max_us\":%u}\n", n,
           empty, failed, n ? all[n / 2] : 0, n ? all[n * 99 / 100] : 0, n ? all[n - 1] : 0);
    free(all);
}

int main(int argc, char **argv)
{
    static struct client clients[CLIENTS_MAX];
    int n;
    double until_s;

    if (argc < 5 || (n = atoi(argv[3])) < 1 || n > CLIENTS_MAX) {
        fprintf(stderr, "usage: claim_load SOCKET BRAND_KEY CLIENTS SECONDS [FILTER]\n");
        return 2;
    }
    until_s = now_s() + atof(argv[4]);
    for (int i = 0; i < n; i++) {
        clients[i] = (struct client){.socket = argv[1], .key = argv[2], .number = i, .until_s = until_s,
                                     .filter = argc > 5 ? argv[5] : "",
                                     .claim_us = calloc(SAMPLES_MAX, sizeof(uint32_t))};
        if (!clients[i].claim_us || pthread_create(&clients[i].thread, NULL, run, &clients[i]) != 0)
            abort();
    }
    for (int i = 0; i < n; i++)
        pthread_join(clients[i].thread, NULL);
    report(clients, n);
    for (int i = 0; i < n; i++)
        free(clients[i].claim_us);
    return 0;
}
