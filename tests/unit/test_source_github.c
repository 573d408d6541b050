/* github: searches by REST and GraphQL, the wall of 1,000 results, incomplete results, comments forward
 * by `since`, items as mentions, limits of both kinds. */
#include "source_rig.h"

extern const struct source_driver source_github;

static void start(struct rig *rig, const char *options, const char *low)
{
    setenv("TEST_TOKEN", "topsecret", 1);
    rig_init(rig, &source_github, options, "token: ${TEST_TOKEN}\napi: https://ghe.example/api/v3/\n");
    rig->at.low = str_from(low);
    rig_prepare(rig);
}

static void test_search_request(void **state)
{
    struct rig rig;

    (void)state;
    rig_init(&rig, &source_github, "query: '\"acme inc\" -repo:acme/acme'\n", NULL);
    rig.at.low = STR("1795280400000"); /* 17:00 */
    rig_prepare(&rig);
    assert_str(rig.request.http.url,
               "https://api.github.com/search/issues?q=%22acme%20inc%22%20-repo%3Aacme%2Facme%20is%3Aissue%20"
               "created%3A%3E%3D2026-11-21T16%3A00%3A00Z&sort=created&order=desc&per_page=100&page=1");
    assert_int_equal(rig.request.http.n_headers, 2);
    assert_str(source_github.host(&rig.src, &rig.arena), "api.github.com");
    rig_finish(&rig);

    start(&rig, "query: acme\nlook: pull-requests\n", "");
    assert_has(rig.request.http.url, "https://ghe.example/api/v3/search/issues?q=acme%20is%3Apull-request&");
    assert_str(rig.request.headers[2].value, "Bearer topsecret");
    assert_true(rig.request.headers[2].secret);
    rig.at = (struct source_cursor){.walking = true, .low = STR("5"), .high = STR("9"),
                                    .floor = STR("1795276800000"),
                                    .next = STR("1795280400000 300 1795280000000 4")};
    rig_prepare(&rig);
    assert_has(rig.request.http.url, "created%3A2026-11-21T16%3A00%3A00Z..2026-11-21T17%3A00%3A00Z&");
    assert_has(rig.request.http.url, "&page=4");
    rig_finish(&rig);
}

static void test_items_become_mentions(void **state)
{
    struct rig rig;
    const struct mention *m;

    (void)state;
    start(&rig, "query: acme\n", "1795280400000");
    rig_header(&rig, "Link", "<https://ghe.example/api/v3/search/issues?q=acme&page=2>; rel=\"next\", "
                             "<https://ghe.example/api/v3/search/issues?q=acme&page=3>; rel=\"last\"");
    assert_int_equal(rig_feed(&rig, 200, rig_fixture(&rig, "github/search_page.json")), 0);
    assert_int_equal(rig.page.n_mentions, 3);
    assert_int_equal(rig.page.skipped, 2);
    assert_page_sound(&rig);
    m = &rig.page.mentions[0];
    assert_str(m->id, "github:I_kwDOaaaa7");
    assert_str(m->url, "https://github.com/o/r/issues/7");
    assert_str(m->text,
               "acme client crashes \xF0\x9F\x92\xA5\n\nIt isn't working since Friday &amp; I lost data.\n\nthanks");
    assert_str(m->conversation, "o/r#7");
    assert_str(m->author.id, "31899067");
    assert_str(m->author.handle, "zoe");
    assert_int_equal(m->replies, 4);
    assert_int_equal(m->likes, 3);
    assert_int_equal(m->edited_at_ms, 0);
    m = &rig.page.mentions[1];
    assert_str(m->text, "\xE3\x82\xA2\xE3\x82\xAF\xE3\x83\xA1");
    assert_str(m->author.id, "[deleted]");
    m = &rig.page.mentions[2];
    assert_str(m->id, "github:5");
    assert_str(m->author.id, "[deleted]");
    assert_int_equal(rig.step.kind, STEP_PAGE);
    rig_go_on(&rig);
    assert_has(rig.request.http.url, "&page=2");

    rig_header(&rig, "Link", "<https://ghe.example/x?page=2>; rel=\"next\""); /* the first page again */
    assert_int_equal(rig_feed(&rig, 200, rig_fixture(&rig, "github/search_page.json")), 0);
    assert_int_equal(rig.step.kind, STEP_PAGE);
    rig_go_on(&rig);
    assert_has(rig.request.http.url, "&page=2");
    rig_header(&rig, "Link", "<https://ghe.example/x?page=8>; rel=\"prev\"");
    assert_int_equal(rig_feed(&rig, 200, rig_fixture(&rig, "github/search_page.json")), -EBADMSG);
    rig_finish(&rig);
}

/* Results of an index with one item a second, ids and seconds falling, as GitHub shows them. */
static struct str answer(struct rig *rig, int64_t floor_s, int64_t top_s, int64_t page)
{
    struct buf b = BUF_INIT(RIG_BODY_MAX);
    int64_t n = 0;
    struct str body;

    buf_printf(&b, "{\"total_count\":%lld,\"incomplete_results\":false,\"items\":[",
               (long long)(top_s - floor_s + 1));
    for (int64_t s = top_s - (page - 1) * 100; s >= floor_s && n < 100; s--) {
        char iso[CLOCK_ISO_LEN + 1];

        clock_format_iso(s * 1000, iso);
        buf_printf(&b,
                   "%s{\"node_id\":\"I_%lld\",\"title\":\"x\",\"user\":{\"login\":\"a\",\"id\":1},\"created_at\":\"%s\"}",
                   n++ ? "," : "", (long long)s, iso);
    }
    buf_append_str(&b, STR("]}"));
    body = arena_str(&rig->arena, buf_str(&b));
    buf_finish(&b);
    return body;
}

/* The second in "created:…..2026-11-21T17:00:00Z", or `otherwise`. */
static int64_t until_of(struct str url, int64_t otherwise)
{
    size_t at = str_find(url, STR("Z.."));
    char iso[40] = "", *to = iso;
    int64_t ms;

    if (at == SIZE_MAX)
        return otherwise;
    for (const char *s = url.s + at + 3; *s && *s != '&' && to < iso + 30; s++) {
        if (strncmp(s, "%3A", 3) == 0) {
            *to++ = ':';
            s += 2;
        } else {
            *to++ = *s;
        }
    }
    assert_true(clock_parse_iso(str_from(iso), &ms));
    return ms / 1000;
}

static void test_wall_of_a_thousand_results(void **state)
{
    enum { NEWEST = 1795282000, FLOOR = NEWEST - 3499 };
    static bool seen[3500];
    struct rig rig;
    int requests = 0;

    (void)state;
    start(&rig, "query: acme\n", "");
    rig.src.overlap_ms = 60 * 1000;
    rig.at.low = arena_printf(&rig.arena, "%lld", (FLOOR + 60) * 1000LL);
    rig_prepare(&rig);
    do {
        struct str url = rig.request.http.url;
        int64_t page = strtoll(url.s + str_find(url, STR("&page=")) + 6, NULL, 10);

        assert_true(page <= 10);
        assert_int_equal(rig_feed(&rig, 200, answer(&rig, FLOOR, until_of(url, NEWEST), page)), 0);
        for (size_t i = 0; i < rig.page.n_mentions; i++)
            seen[rig.page.mentions[i].created_at_ms / 1000 - FLOOR] = true;
        assert_true(++requests < 50);
        rig_go_on(&rig);
    } while (rig.step.kind == STEP_PAGE);
    assert_false(rig.step.gap);
    assert_str(rig.at.low, "1795282000000");
    for (size_t i = 0; i < ARRAY_LEN(seen); i++)
        assert_true(seen[i]);
    rig_finish(&rig);
}

static void test_incomplete_results_keep_the_cursor(void **state)
{
    struct rig rig;

    (void)state;
    start(&rig, "query: acme\n", "1795280400000");
    assert_int_equal(rig_feed(&rig, 200,
                              STR("{\"total_count\":12,\"incomplete_results\":true,\"items\":[{\"node_id\":"
                                             "\"I_1\",\"title\":\"x\",\"created_at\":\"2026-11-21T17:20:00Z\"}]}")), 0);
    assert_int_equal(rig.step.kind, STEP_DONE);
    assert_str(rig.step.cursor.low, "1795280400000");
    assert_int_equal(rig.page.n_mentions, 1);
    assert_int_equal(rig_feed(&rig, 200,
                              STR("{\"total_count\":0,\"incomplete_results\":false,\"items\":[]}")), 0);
    assert_int_equal(rig.step.kind, STEP_DONE);
    assert_str(rig.step.cursor.low, "1795280400000");
    rig_finish(&rig);
}

static void test_discussions(void **state)
{
    struct rig rig;

    (void)state;
    start(&rig, "query: acme\nlook: discussions\n", "1795280400000");
    assert_str(rig.request.http.url, "https://ghe.example/api/graphql");
    assert_string_equal(rig.request.http.method, "POST");
    assert_has(rig.request.http.body,
               "\"variables\":{\"q\":\"acme sort:created-desc created:>=2026-11-21T16:00:00Z\","
                                      "\"n\":50,\"after\":null}}");
    assert_int_equal(rig_feed(&rig, 200, rig_fixture(&rig, "github/discussions_page.json")), 0);
    assert_int_equal(rig.page.n_mentions, 2);
    assert_int_equal(rig.page.skipped, 2);
    assert_page_sound(&rig);
    assert_str(rig.page.mentions[0].id, "github:D_kwDO1");
    assert_str(rig.page.mentions[0].conversation, "o/r#12");
    assert_str(rig.page.mentions[0].author.id, "31899067");
    assert_int_equal(rig.page.mentions[0].likes, 9);
    assert_int_equal(rig.page.mentions[0].replies, 2);
    assert_str(rig.page.mentions[1].author.id, "[deleted]");
    assert_true(rig.step.budget.told);
    assert_int_equal(rig.step.budget.remaining, 4990);
    assert_int_equal(rig.step.budget.reset_ms, 30 * 60 * 1000);
    assert_int_equal(rig.step.kind, STEP_PAGE);
    rig_go_on(&rig);
    assert_has(rig.request.http.body, "\"after\":\"Y3Vyc29yOjUw\"}}");

    assert_int_equal(rig_feed(&rig, 200,
                              STR("{\"data\":null,\"errors\":[{\"type\":\"RATE_LIMITED\",\"message\":\"slow\"}]}")), 0);
    assert_int_equal(rig.step.kind, STEP_WAIT);
    assert_int_equal(rig.step.wait_ms, 60000);
    assert_int_equal(rig_feed(&rig, 200,
                              STR("{\"errors\":[{\"type\":\"INSUFFICIENT_SCOPES\",\"message\":\"read\"}]}")),
                                  0);
    assert_int_equal(rig.step.kind, STEP_STOP);
    assert_int_equal(rig_feed(&rig, 200, STR("{\"errors\":[{\"message\":\"Something went wrong\"}]}")), 0);
    assert_int_equal(rig.step.kind, STEP_RETRY);
    assert_int_equal(rig_feed(&rig, 200, STR("{\"data\":{}}")), -EBADMSG);
    rig_finish(&rig);
}

/* `n` comments of the seconds from `from_s` on, `per_second` in each. */
static struct str comments(struct rig *rig, int64_t from_s, int n, int per_second)
{
    struct buf b = BUF_INIT(RIG_BODY_MAX);
    struct str body;

    for (int i = 0; i < n; i++) {
        char iso[CLOCK_ISO_LEN + 1];

        clock_format_iso((from_s + i / per_second) * 1000, iso);
        buf_printf(&b,
                   "%c{\"node_id\":\"IC_%d\",\"issue_url\":\"https://x/repos/a/b/issues/1\",\"body\":\"x\","
                       "\"created_at\":\"%s\",\"updated_at\":\"%s\"}", i ? ',' : '[', i, iso, iso);
    }
    buf_append_char(&b, ']');
    body = arena_str(&rig->arena, buf_str(&b));
    buf_finish(&b);
    return body;
}

static void test_comments(void **state)
{
    struct rig rig;

    (void)state;
    start(&rig, "look: comments\nrepository: acme/acme\n", "1795280400000");
    assert_str(rig.request.http.url,
               "https://ghe.example/api/v3/repos/acme/acme/issues/comments?sort=updated&"
                                     "direction=asc&since=2026-11-21T16%3A00%3A00Z&per_page=100&page=1");
    assert_int_equal(rig_feed(&rig, 200, rig_fixture(&rig, "github/comments_page.json")), 0);
    assert_int_equal(rig.page.n_mentions, 2);
    assert_page_sound(&rig);
    assert_str(rig.page.mentions[0].kind, "comment");
    assert_str(rig.page.mentions[0].conversation, "acme/acme#7");
    assert_str(rig.page.mentions[0].author.id, "42");
    assert_int_equal(rig.page.mentions[0].edited_at_ms, 1795280700000);
    assert_int_equal(rig.page.mentions[1].edited_at_ms, 0);
    assert_str(rig.page.mentions[1].text, "Solved");
    assert_int_equal(rig.step.kind, STEP_DONE);
    assert_str(rig.step.cursor.low, "1795280760000");

    assert_int_equal(rig_feed(&rig, 200, comments(&rig, 1795280000, 100, 1)), 0);
    assert_int_equal(rig.step.kind, STEP_PAGE);
    rig_go_on(&rig);
    assert_has(rig.request.http.url, "since=2026-11-21T16%3A54%3A59Z&per_page=100&page=1");
    assert_int_equal(rig_feed(&rig, 200, comments(&rig, 1795280000, 100, 1)), -EBADMSG); /* the page before */
    assert_int_equal(rig_feed(&rig, 200, comments(&rig, 1795280099, 100, 100)), 0); /* all of one second */
    rig_go_on(&rig);
    assert_has(rig.request.http.url, "since=2026-11-21T16%3A54%3A59Z&per_page=100&page=2");
    assert_int_equal(rig_feed(&rig, 200, STR("[]")), 0);
    assert_int_equal(rig.step.kind, STEP_DONE);
    assert_str(rig.step.cursor.low, "1795280400000");

    rig.at = (struct source_cursor){0}; /* a first run without backfill begins now */
    rig_prepare(&rig);
    assert_has(rig.request.http.url, "since=2026-11-21T17%3A30%3A00Z&");
    assert_int_equal(rig_feed(&rig, 200, STR("[]")), 0);
    assert_str(rig.step.cursor.low, "1795282200000");
    rig_finish(&rig);
}

static void test_refusals(void **state)
{
    static const struct {
        int status;
        const char *body, *header, *value, *remaining;
        enum step_kind want;
        int64_t want_wait_ms;
    } cases[] = {
        {401, "{\"message\":\"Bad credentials\"}", NULL, NULL, NULL, STEP_STOP, 0},
        {403, "{\"message\":\"API rate limit exceeded\"}", "X-RateLimit-Reset", "1795282230", "0", STEP_WAIT,
         30000},
        {429, "{\"message\":\"API rate limit exceeded\"}", "X-RateLimit-Reset", "1795282230", "0", STEP_WAIT,
         30000},
        {403, "{\"message\":\"You have exceeded a secondary rate limit\"}", "Retry-After", "90", "17",
         STEP_WAIT, 90000},
        {403, "{\"message\":\"You have exceeded a secondary rate limit\"}", "X-RateLimit-Reset", "1795289999",
         "17",
         STEP_WAIT, 60000},
        {403, "{\"message\":\"Resource protected by organization SAML enforcement\"}", "X-RateLimit-Reset",
         "1795282230",
         "17", STEP_STOP, 0},
        {403, "Request forbidden by administrative rules. User-Agent", NULL, NULL, NULL, STEP_STOP, 0},
        {429, "", NULL, NULL, NULL, STEP_WAIT, 60000},
        {404, "{\"message\":\"Not Found\"}", NULL, NULL, NULL, STEP_STOP, 0},
        {422, "{\"message\":\"Validation Failed\",\"errors\":[]}", NULL, NULL, NULL, STEP_STOP, 0},
        {503, "<html>", NULL, NULL, NULL, STEP_RETRY, 0},
    };
    struct rig rig;

    (void)state;
    start(&rig, "query: acme\n", "1795280400000");
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        if (cases[i].header)
            rig_header(&rig, cases[i].header, cases[i].value);
        if (cases[i].remaining)
            rig_header(&rig, "X-RateLimit-Remaining", cases[i].remaining);
        assert_int_equal(rig_feed(&rig, cases[i].status, str_from(cases[i].body)), 0);
        assert_int_equal(rig.step.kind, cases[i].want);
        assert_int_equal(rig.step.wait_ms, cases[i].want_wait_ms);
    }
    assert_int_equal(rig_feed(&rig, 200, STR("{\"items\":{}}")), -EBADMSG);
    assert_int_equal(rig_feed(&rig, 200, STR("{")), -EBADMSG);
    rig_finish(&rig);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_search_request),
        cmocka_unit_test(test_items_become_mentions),
        cmocka_unit_test(test_wall_of_a_thousand_results),
        cmocka_unit_test(test_incomplete_results_keep_the_cursor),
        cmocka_unit_test(test_discussions),
        cmocka_unit_test(test_comments),
        cmocka_unit_test(test_refusals),
    };

    json_init();
    return cmocka_run_group_tests_name("source_github", tests, NULL, NULL);
}
