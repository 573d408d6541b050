/* The figures for people: medians over the counted runs. */
#include <stdio.h>

#include "bench_line.h"
#include "mentiond/rules.h"

static int by_value(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;

    return (x > y) - (x < y);
}

/* Median over the counted runs of the double at `offset` of struct run. */
static double median(const struct bench *b, size_t offset)
{
    double values[RUNS_MAX];
    size_t n = (size_t)b->options.runs;

    for (size_t i = 0; i < n; i++)
        memcpy(&values[i], (const char *)&b->runs[i + 1] + offset, sizeof(values[i]));
    qsort(values, n, sizeof(*values), by_value);
    return n % 2 ? values[n / 2] : (values[n / 2 - 1] + values[n / 2]) / 2;
}

static double stage(const struct bench *b, enum stage which)
{
    return median(b, offsetof(struct run, stage_us) + which * sizeof(double));
}

static void print_row(const char *name, double us, double all_us, const char *yardstick, double yardstick_us)
{
    printf("%-26s %8.2f %6.1f %%", name, us, 100 * us / all_us);
    if (yardstick)
        printf("   %8.2f  %s", yardstick_us, yardstick);
    putchar('\n');
}

void bench_print(const struct bench *b)
{
    double line = median(b, offsetof(struct run, line_us));
    double all = stage(b, STAGE_HTTP) + stage(b, STAGE_PARSE) + stage(b, STAGE_JUDGE) + stage(b, STAGE_INGEST);
    double json = stage(b, STAGE_JSON), normalising = stage(b, STAGE_NORMALISE), encoding = stage(b, STAGE_ENCODE);

    printf("The whole line: %lld pages of %d statuses, median of %lld runs\n", (long long)b->options.pages,
           PAGE_STATUSES, (long long)b->options.runs);
    printf("%-26s %8s %8s   %8s  %s\n", "CPU us a mention", "ours", "share", "beside", "yardstick");
    print_row("http", stage(b, STAGE_HTTP), all, "curl_easy_perform", stage(b, STAGE_CURL));
    print_row("json", json, all, "jansson on malloc", stage(b, STAGE_JSON_PLAIN));
    print_row("driver (mastodon)", stage(b, STAGE_PARSE) - json, all, NULL, 0);
    print_row("judge: normalise", normalising, all, NULL, 0);
    print_row("judge: match and score", stage(b, STAGE_JUDGE) - normalising, all, "reference matcher",
              stage(b, STAGE_REFERENCE) - normalising);
    print_row("encode", encoding, all, NULL, 0);
    print_row("redis client", stage(b, STAGE_INGEST) - encoding, all, "hiredis, pipelined SETs",
              stage(b, STAGE_SETS));
    print_row("all stages", all, all, NULL, 0);
    printf("%-26s %8.2f\n", "whole line, by the poller", line);
    printf("%-26s %8.2f %8s   %8.2f  pipelined SETs of the same records\n", "redis-server beside it",
           median(b, offsetof(struct run, redis_us)), "", median(b, offsetof(struct run, sets_redis_us)));
    printf("\nmentions/s of client CPU: %.0f (%.0f bytes of JSON each)\n", 1e6 / line,
           (double)b->n_bytes / (double)b->n_mentions);
    printf("rules: %zu in %s; with a class: %.1f %% of %llu mentions\n", ruleset_count(b->rules), b->options.rules,
           100.0 * (double)(b->n_mentions - b->n_judged[CLASS_NONE]) / (double)b->n_mentions,
           (unsigned long long)b->n_mentions);
}
