/* The whole line on this machine: HTTP pages of 100 Mastodon statuses, parsed, judged and ingested, by the
 * poller itself and then cut into stages, each beside its yardstick. README.md says what the figures mean.
 *
 * A run is two walks over pages of its own: one by the poller as mentiond runs it (the figure), one
 * by bench_line_stages.c (the shares). The server of the pages is a forked child and Redis a program
 * of its own, so the CPU of this process is the daemon's. Figures are medians over the runs; run 0
 * warms up and is not counted. */
#include <getopt.h>
#include <stdio.h>

#include <curl/curl.h>
#include <event2/event.h>

#include "bench_line.h"
#include "mentiond/log.h"

static bool parse_options(int argc, char **argv, struct bench_options *ret)
{
    static const struct option long_options[] = {
        {"pages", required_argument, NULL, 'p'}, {"runs", required_argument, NULL, 'r'},
        {"rules", required_argument, NULL, 'R'}, {"quick", no_argument, NULL, 'q'},
        {0},
    };
    bool ok = true;

    for (int c; (c = getopt_long(argc, argv, "", long_options, NULL)) != -1;) {
        if (c == 'p')
            ok = str_to_i64(str_from(optarg), 1, PAGES_MAX, &ret->pages) && ok;
        else if (c == 'r')
            ok = str_to_i64(str_from(optarg), 1, RUNS_MAX, &ret->runs) && ok;
        else if (c == 'R')
            ret->rules = optarg;
        else if (c == 'q')
            ret->pages = 5, ret->runs = 1;
        else
            ok = false;
    }
    return ok && optind == argc;
}

int main(int argc, char **argv)
{
    struct bench b = {.options = {.pages = 100, .runs = 5, .rules = BENCH_RULES}};
    struct error err = {0};

    if (!parse_options(argc, argv, &b.options)) {
        fprintf(stderr, "usage: bench_line [--quick] [--pages N] [--runs N] [--rules PATH]\n");
        return 2;
    }
    json_init();
    log_set_level(LOG_ERROR);
    curl_global_init(CURL_GLOBAL_DEFAULT);
    if (bench_init(&b, &err) == 0 && bench_run(&b, &err) == 0)
        bench_print(&b);
    else
        fprintf(stderr, "bench_line: %s\n", err.text);
    bench_finish(&b);
    libevent_global_shutdown();
    curl_global_cleanup();
    return err.code < 0;
}
