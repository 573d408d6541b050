/* What each driver costs beside plain jansson on the same bytes: parsing alone, and fetched over HTTP first.
 * Pages of 100 * posts made of the unit tests' fixtures, and recorded ones where ../shared/fixtures is there.
 * README.md says how to read * the table. Times are this process' CPU, the best of the rounds, in which the
 * three are measured one after the other. */
#include <errno.h>
#include <stdio.h>

#include <curl/curl.h>
#include <expat.h>

#include "bench_line_meter.h"
#include "bench_parse.h"
#include "mentiond/clock.h"
#include "mentiond/log.h"

#define PAGE_MAX ((size_t)16 * 1024 * 1024)
#define ROUND_BYTES ((size_t)1024 * 1024) /* parsed in a round, about */
#define ROUNDS 9
#define ADDED_PERCENT 50 /* asked for: the driver beside jansson */

#define TOKEN_ACCOUNT "token: ${BENCH_TOKEN}\n"
#define META_ACCOUNT "token: ${BENCH_TOKEN}\nid: '1928'\n"
#define BSKY_SESSION "{\"state\":\"ready\",\"accessJwt\":\"a\",\"refreshJwt\":\"r\"}"
#define JSON_OPTIONS                                                                                         \
    "url: 'https://a.example/?p={page}'\nitems_at: /data/items\ntext_at: [/headline, /body]\ntime_at: /at\n" \
    "author_at: /by/nick\nedited_at: /changed\ngone_at: /removed\n"

/* driver, options, account, session, cursor, fixture, list, id, recorded page */
static const struct parse_case cases[] = {
    {"mastodon", "instance: https://m.example\nhashtags: [acme]\n", NULL, "", "1", "mastodon/tag_page.json",
     "", "uri", "mastodon/tag_timeline_page1.json"},
    {"bluesky", "query: acme\n", "identifier: a.example\npassword: ${BENCH_TOKEN}\n", BSKY_SESSION, "1",
     "bluesky/search_page.json", "posts", "uri", "bluesky/search_backdated_sorted_last.json"},
    {"x", "query: acme\n", TOKEN_ACCOUNT, "", "1", "x/search_post.json", "data", "id",
     "x/search_recent_full_expansions_100.json"},
    {"reddit", "subreddits: [acme]\n",
     "client_id: a\nclient_secret: ${BENCH_TOKEN}\nuser_agent: 'linux:a.b:v1 (by /u/c)'\n",
     "token 1 9999999999999 0", "1", "reddit/new.json", "data.children", "data.name",
     "reddit/r_askreddit_new_limit100.json"},
    {"hackernews", "query: acme\n", NULL, "", "", "hackernews/search_page.json", "hits", "objectID",
     "hackernews/search_by_date_comments.json"},
    {"lemmy", "instance: https://l.example\nquery: acme\n", NULL, "", "100000000", "lemmy/comments.json",
     "comments", "comment.ap_id", NULL},
    {"youtube", "comments_of: UCabcdefghijklmnopqrstuv\n", "key: ${BENCH_TOKEN}\n", "", "100000000",
     "youtube/threads.json", "items", "id", "youtube/commentthreads_video_page1.json"},
    {"stackexchange", "site: stackoverflow\nquery: acme\n", NULL, "", "100000000",
     "stackexchange/questions.json", "items", "question_id", "stackexchange/questions_page2_has_more.json"},
    {"discourse", "forum: https://forum.example\n", NULL, "", "1", "discourse/posts_page.json",
     "latest_posts", "id", NULL},
    {"github", "query: acme\n", NULL, "", "1", "github/search_page.json", "items", "node_id",
     "github/search_issues.json"},
    {"threads", "query: acme\n", TOKEN_ACCOUNT, "", "1", "threads/search_page.json", "data", "id", NULL},
    {"facebook", "edge: feed\n", META_ACCOUNT, "", "1", "facebook/feed_page.json", "data", "id", NULL},
    {"instagram", "watch: comments\n", META_ACCOUNT, "", "1", "instagram/media_page.json", "data", "id",
     NULL},
    {"appstore", "app: '835599320'\n", NULL, "", "1 1", "appstore/page.json", "feed.entry", "id.label",
     "app_stores/appstore_jp_mostrecent_json_2020.json"},
    {"googleplay", "package: com.acme.app\n", "key: ${BENCH_TOKEN}\n",
     "{\"access_token\":\"a\",\"expires_at\":9000000000000,\"obtained_at\":1795280000000}", "1",
     "googleplay/page.json", "reviews", "reviewId", NULL},
    {"telegram", "private_chats: true\n", TOKEN_ACCOUNT, "", "1", "telegram/updates.json", "result",
     "update_id", NULL},
    {"discord", "guild: '1'\nchannel: '2'\n", TOKEN_ACCOUNT, "", "1", "discord/messages.json", "", "id",
     NULL},
    {"feed", "url: https://forum.example/feed\n", NULL, "", "", "feed/feed.json", "items", "id",
     "feeds/json_feed_example.json"},
    {"feed", "url: https://forum.example/feed\n", NULL, "", "", "feed/atom.xml", "entry", "id", NULL},
    {"json", JSON_OPTIONS, NULL, "", "", "json/page.json", "data.items", "id", NULL},
    {"exec", "argv: [x]\n", NULL, "", "", "file/lines.jsonl", "", "id", NULL},
};

/* A page and a driver for it, and what they took. */
struct bench {
    const struct parse_case *row;
    struct arena config_arena, arena;
    struct config_doc *docs[2];
    struct diag diag;
    struct source_account account;
    struct source src;
    struct source_cursor at;
    struct buf page;
    bool is_xml, is_lines;
    size_t n_mentions;
    double json_us, parse_us, fetch_us; /* a page, the best */
    struct error err;
};

static void *decode(struct bench *b, size_t which, const struct option *options, size_t size,
                    const char *yaml)
{
    const struct option_target target = {options, arena_zalloc(&b->config_arena, size)};

    b->docs[which] = config_doc_parse("bench", str_from(yaml), &b->diag);
    if (!b->docs[which] ||
        !options_decode(&target, 1, "source", b->docs[which]->root, b->docs[which], &b->diag))
        return NULL;
    return target.base;
}

static int bench_init(struct bench *b, const struct parse_case *row, bool recorded)
{
    const struct source_driver *driver = source_driver_find(str_from(row->driver));
    const char *ending = strrchr(recorded ? row->recorded : row->fixture, '.');
    char path[1024];
    bool ok;

    *b = (struct bench){.row = row, .page = BUF_INIT(PAGE_MAX), .at = {.low = str_from(row->low)}};
    arena_init(&b->config_arena, PAGE_MAX);
    arena_init(&b->arena, 4 * PAGE_MAX);
    diag_init(&b->diag);
    b->account = (struct source_account){.name = STR("bench"), .session = str_from(row->session)};
    if (row->account)
        b->account.config = decode(b, 1, driver->account_options, driver->account_size, row->account);
    b->src = (struct source){.driver = driver,
                             .name = STR("s"),
                             .brand = STR("acme"),
                             .account = &b->account,
                             .config = decode(b, 0, driver->options, driver->config_size, row->options),
                             .overlap_ms = 3600000,
                             .max_pages = 10,
                             .backfill_ms = 86400000};
    if (!b->src.config || (row->account && !b->account.config))
        return error_set(&b->err, -EINVAL, "%s", b->diag.n_items ? b->diag.items[0].text : "options refused");
    snprintf(path, sizeof(path), "%s/../shared/fixtures/%s", BENCH_ROOT, recorded ? row->recorded : "");
    ok = recorded ? parse_page_read(path, &b->page) : parse_page_make(row, &b->page);
    b->is_xml = strcmp(ending, ".xml") == 0;
    b->is_lines = strcmp(ending, ".jsonl") == 0;
    return ok ? 0 : error_set(&b->err, -ENOENT, "no page of %s", recorded ? path : row->fixture);
}

static void bench_finish(struct bench *b)
{
    config_doc_destroy(b->docs[0]);
    config_doc_destroy(b->docs[1]);
    diag_finish(&b->diag);
    buf_finish(&b->page);
    arena_finish(&b->config_arena);
    arena_finish(&b->arena);
}

/* ---- what is measured -------------------------------------------------------------------------- */

/* As the poller does it: the page and jansson's values in one arena, which is reset for the next. */
static int parse(void *user, struct str body)
{
    struct bench *b = user;
    struct http_response response = {.status = 200, .body = body};
    struct source_reply reply = {.kind = b->is_lines ? REQUEST_EXEC : REQUEST_HTTP,
                                 .http = b->is_lines ? NULL : &response,
                                 .body = body,
                                 .eof = true,
                                 .received_at_ms = 1795282200000};
    struct source_page page = {.arena = &b->arena};
    struct source_step step = {0};
    struct arena *before;
    int r;

    arena_reset(&b->arena);
    before = json_use_arena(&b->arena);
    r = b->src.driver->parse(&b->src, &b->at, &reply, &page, &step, &b->err);
    json_use_arena(before);
    b->n_mentions = page.n_mentions;
    if (r == 0 && page.n_mentions == 0)
        r = error_set(&b->err, -ENODATA, "no mention in the page: %.*s%.*s", STR_FMT(step.reason),
                      STR_FMT(page.skipped_note));
    return r;
}

static void load_json(struct str text)
{
    json_decref(json_loadb(text.s, text.len, 0, NULL));
}

/* The yardstick: jansson, or for XML a parser that is asked for nothing. */
static void load_plainly(const struct bench *b)
{
    struct str rest = buf_str(&b->page);

    if (b->is_xml) {
        XML_Parser parser = XML_ParserCreate(NULL);

        XML_Parse(parser, rest.s, (int)rest.len, 1);
        XML_ParserFree(parser);
        return;
    }
    if (!b->is_lines)
        load_json(rest);
    while (b->is_lines && rest.len)
        load_json(str_split(rest, '\n', &rest));
}

static void keep_best(double *best, const struct meter *m, size_t n)
{
    double us = (double)m->total_ns / 1000 / (double)n;

    if (*best == 0 || us < *best)
        *best = us;
}

static int run_round(struct bench *b, struct parse_fetch *fetch, size_t n)
{
    struct meter json = {0}, driver = {0}, line = {0};
    int r = 0;

    meter_start(&json);
    for (size_t i = 0; i < n; i++)
        load_plainly(b);
    meter_stop(&json);
    meter_start(&driver);
    for (size_t i = 0; i < n && r == 0; i++)
        r = parse(b, buf_str(&b->page));
    meter_stop(&driver);
    meter_start(&line);
    for (size_t i = 0; i < n && r == 0; i++)
        r = parse_fetch_once(fetch, parse, b, &b->err);
    meter_stop(&line);
    keep_best(&b->json_us, &json, n);
    keep_best(&b->parse_us, &driver, n);
    keep_best(&b->fetch_us, &line, n);
    return r;
}

static int measure(struct bench *b, bool quick)
{
    size_t n = quick ? 1 : 1 + ROUND_BYTES / b->page.len;
    struct parse_fetch *fetch;
    int r = parse_fetch_start(buf_str(&b->page), &fetch, &b->err);

    if (r < 0)
        return r;
    for (int i = 0; i < (quick ? 2 : ROUNDS) && r == 0; i++)
        r = run_round(b, fetch, n);
    parse_fetch_stop(fetch);
    return r;
}

/* ---- the table --------------------------------------------------------------------------------- */

static void print(const struct bench *b, const char *name)
{
    double bytes = (double)b->page.len, posts = (double)b->n_mentions;

    printf("%-24s %7.1f %5zu %9.0f %9.0f %9.0f %8.0f%% %9.0f %9.0f\n", name, bytes / 1024, b->n_mentions,
           bytes / b->json_us, bytes / b->parse_us, posts / b->parse_us * 1e6,
           (b->parse_us - b->json_us) / b->json_us * 100, bytes / b->fetch_us, posts / b->fetch_us * 1e6);
}

/* One line of the table; what it adds to jansson's time in *ret_percent, not for XML. */
static int run_row(const struct parse_case *row, bool recorded, bool quick, double *ret_percent)
{
    struct bench b;
    char name[64];
    int r = bench_init(&b, row, recorded);

    if (r == 0)
        r = measure(&b, quick);
    if (recorded && (r == -ENOENT || r == -ENODATA)) { /* no recordings here, or no new posts in it */
        bench_finish(&b);
        return 0;
    }
    snprintf(name, sizeof(name), "%s%s%s", row->driver, b.is_xml ? " (XML)" : "",
             recorded ? ", recorded" : "");
    if (r < 0) {
        fprintf(stderr, "bench_parse: %s: %s\n", name, b.err.text);
    } else {
        print(&b, name);
        if (!b.is_xml)
            *ret_percent = (b.parse_us - b.json_us) / b.json_us * 100;
    }
    bench_finish(&b);
    return r;
}

int main(int argc, char **argv)
{
    bool quick = argc > 1 && strcmp(argv[1], "--quick") == 0;
    const char *only = argc > 1 && !quick ? argv[1] : "";
    double added, sum = 0, most = -100;
    int r = 0, n = 0;

    json_init();
    log_set_level(LOG_ERROR);
    setlinebuf(stdout);
    curl_global_init(CURL_GLOBAL_DEFAULT);
    setenv("BENCH_TOKEN", "x", 1);
    printf("%-24s %7s %5s %9s %9s %9s %9s %9s %9s\n%-24s %7s %5s %9s %9s %9s %9s %9s %9s\n", "", "KiB",
           "posts", "jansson", "driver", "driver", "driver", "fetched", "fetched", "CPU of a page", "", "",
           "MB/s", "MB/s", "posts/s", "adds", "MB/s", "posts/s");
    for (size_t i = 0; i < 2 * ARRAY_LEN(cases) && r == 0; i++) {
        bool recorded = i % 2;

        added = -100;
        if ((recorded && !cases[i / 2].recorded) || (only[0] && strcmp(only, cases[i / 2].driver) != 0))
            continue;
        r = run_row(&cases[i / 2], recorded, quick, &added);
        if (added <= -100)
            continue;
        sum += added;
        n++;
        most = added > most ? added : most;
    }
    printf("\nadded to jansson's own time: %.0f %% on average, at most %.0f %% (asked for: %d)\n",
           n ? sum / n : 0, most, ADDED_PERCENT);
    curl_global_cleanup();
    return r < 0;
}
