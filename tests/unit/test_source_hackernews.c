/* hackernews: windows and pages, the wall of 1,000 hits, hits as mentions. */
#include "source_rig.h"

extern const struct source_driver source_hackernews;

static void start(struct rig *rig, const char *more)
{
    char yaml[300];

    snprintf(yaml, sizeof(yaml), "query: '\"acme inc\" -road'\n%s", more);
    rig_init(rig, &source_hackernews, yaml, NULL);
    rig->at.low = STR("1795280400");
    rig_prepare(rig);
}

static void test_request(void **state)
{
    struct rig rig;

    (void)state;
    start(&rig, "");
    assert_str(rig.request.http.url,
               "https://hn.algolia.com/api/v1/search_by_date?query=%22acme%20inc%22%20-road"
               "&tags=%28story%2Ccomment%2Cpoll%29&numericFilters=created_at_i%3E%3D1795276800"
               "&restrictSearchableAttributes=comment_text%2Cstory_text%2Ctitle%2Curl"
               "&typoTolerance=false&hitsPerPage=100&page=0");
    assert_str(source_hackernews.host(&rig.src, &rig.arena), "hn.algolia.com");
    assert_true(source_hackernews.loose_search);

    rig.at = (struct source_cursor){.walking = true, .low = STR("5"), .floor = STR("10"),
                                    .next = STR("3 99 50"), .high = STR("100")};
    rig_prepare(&rig);
    assert_has(rig.request.http.url, "numericFilters=created_at_i%3E%3D10%2Ccreated_at_i%3C%3D99&");
    assert_has(rig.request.http.url, "&page=3");
    rig_finish(&rig);

    start(&rig, "tags: [comment, job]\napi: http://localhost:9/x/\n");
    rig.at.low = STR("");
    rig_prepare(&rig);
    assert_has(rig.request.http.url, "http://localhost:9/x/search_by_date?");
    assert_has(rig.request.http.url, "tags=%28comment%2Cjob%29");
    assert_lacks(rig.request.http.url, "numericFilters");
    rig_finish(&rig);
}

static void test_hits_become_mentions(void **state)
{
    struct rig rig;
    const struct mention *m;

    (void)state;
    start(&rig, "");
    assert_int_equal(rig_feed(&rig, 200, rig_fixture(&rig, "hackernews/search_page.json")), 0);
    assert_int_equal(rig.page.n_mentions, 4);
    assert_int_equal(rig.page.skipped, 1);
    assert_page_sound(&rig);

    m = &rig.page.mentions[0];
    assert_str(m->id, "hackernews:46000900");
    assert_str(m->url, "https://news.ycombinator.com/item?id=46000900");
    assert_str(m->kind, "comment");
    assert_has(m->text, "Acme's login is down: https://status.acme.example/incidents/42");
    assert_has(m->text, "> it works");
    assert_has(m->text, "&lt;b&gt;");
    assert_lacks(m->text, "raises prices");
    assert_str(m->conversation, "46000001");
    assert_str(m->in_reply_to, "46000777");
    assert_str(m->author.id, "pg_fan");
    assert_int_equal(m->likes, -1);
    assert_int_equal(m->created_at_ms, 1795281600000);
    assert_str(m->lang, "en");

    m = &rig.page.mentions[1];
    assert_str(m->kind, "link");
    assert_str(m->text, "What happened at Acme \xE2\x80\x93 a post-mortem\nhttps://blog.example/acme");
    assert_int_equal(m->likes, 120);
    assert_int_equal(m->replies, 45);
    assert_str(m->conversation, "");
    m = &rig.page.mentions[2];
    assert_str(m->kind, "post");
    assert_str(m->id, "hackernews:46000898");
    assert_str(m->text, "Ask HN: Leaving Acme?\n\nThey were great.");
    assert_int_equal(m->created_at_ms, 1795280700000);
    m = &rig.page.mentions[3];
    assert_str(m->id, "hackernews:9007199254740993");
    assert_str(m->author.id, "[deleted]");
    assert_str(m->in_reply_to, "46000001");

    assert_int_equal(rig.step.kind, STEP_PAGE); /* the first of three */
    rig_go_on(&rig);
    assert_has(rig.request.http.url, "&page=1");
    rig_finish(&rig);
}

/* One page of an index: `n_hits` in all, ids and seconds falling from `newest`. Answers as Algolia
 * does. */
static struct str answer(struct rig *rig, int64_t floor, int64_t until, int64_t newest, int64_t page)
{
    struct buf b = BUF_INIT(RIG_BODY_MAX);
    int64_t top = until && until < newest ? until : newest, total = top - floor + 1, n = 0;
    struct str body;

    buf_append_str(&b, STR("{\"hits\":["));
    for (int64_t s = top - page * 100; s >= floor && n < 100 && page < 10; s--, n++)
        buf_printf(&b,
                   "%s{\"objectID\":\"%lld\",\"created_at_i\":%lld,\"author\":\"a\",\"comment_text\":\"x\","
                   "\"_tags\":[\"comment\"]}",
                   n ? "," : "", (long long)s, (long long)s);
    buf_printf(&b, "],\"nbHits\":%lld,\"nbPages\":%lld,\"hitsPerPage\":100}", (long long)total,
               (long long)(total > 1000 ? 10 : (total + 99) / 100));
    body = arena_str(&rig->arena, buf_str(&b));
    buf_finish(&b);
    return body;
}

static int64_t number_after(struct str url, const char *key, int64_t otherwise)
{
    size_t at = str_find(url, str_from(key));

    return at == SIZE_MAX ? otherwise : strtoll(url.s + at + strlen(key), NULL, 10);
}

static void test_wall_of_a_thousand_hits(void **state)
{
    enum { FLOOR = 1795276800, NEWEST = FLOOR + 4999 };
    static bool seen[5000];
    struct rig rig;
    int requests = 0;

    (void)state;
    start(&rig, "");
    do {
        struct str url = rig.request.http.url;
        int64_t floor = number_after(url, "created_at_i%3E%3D", 0);
        int64_t until = number_after(url, "created_at_i%3C%3D", 0);

        assert_int_equal(floor, FLOOR);
        assert_int_equal(rig_feed(&rig, 200, answer(&rig, floor, until, NEWEST,
                                                    number_after(url, "&page=", 0))), 0);
        for (size_t i = 0; i < rig.page.n_mentions; i++)
            seen[rig.page.mentions[i].created_at_ms / 1000 - FLOOR] = true;
        assert_true(++requests < 100);
        rig_go_on(&rig);
    } while (rig.step.kind == STEP_PAGE);
    assert_false(rig.step.gap);
    assert_int_equal(strtoll(rig.at.low.s, NULL, 10), NEWEST);
    for (size_t i = 0; i < ARRAY_LEN(seen); i++)
        assert_true(seen[i]);
    rig_finish(&rig);
}

static void test_a_thousand_in_one_second_is_a_gap(void **state)
{
    struct rig rig;

    (void)state;
    start(&rig, "");
    rig.at = (struct source_cursor){.low = STR("50"), .walking = true, .high = STR("100"), .floor = STR("10"),
                                    .next = STR("9 60 60")};
    assert_int_equal(rig_feed(&rig, 200,
                              STR("{\"hits\":[{\"objectID\":\"1\",\"created_at_i\":60,\"author\":\"a\","
                                  "\"comment_text\":\"x\"}],\"nbHits\":1500,\"nbPages\":10,"
                                  "\"hitsPerPage\":100}")),
                     0);
    assert_int_equal(rig.step.kind, STEP_DONE);
    assert_true(rig.step.gap);
    assert_str(rig.step.cursor.low, "100");
    rig_finish(&rig);
}

static void test_ends(void **state)
{
    struct rig rig;

    (void)state;
    start(&rig, "");
    assert_int_equal(rig_feed(&rig, 200, STR("{\"hits\":[],\"nbHits\":0,\"nbPages\":0,\"hitsPerPage\":100}")),
                     0);
    assert_int_equal(rig.step.kind, STEP_DONE);
    assert_str(rig.step.cursor.low, "1795280400");

    rig.at.low = STR(""); /* first run: one page of whatever there is */
    assert_int_equal(rig_feed(&rig, 200, rig_fixture(&rig, "hackernews/search_page.json")), 0);
    assert_int_equal(rig.step.kind, STEP_DONE);
    assert_str(rig.step.cursor.low, "1795281600");
    assert_true(rig.page.mentions[0].backfill);

    rig.at = (struct source_cursor){.walking = true, .next = STR("nonsense"), .floor = STR("x")};
    rig_prepare(&rig);
    assert_int_equal(rig_feed(&rig, 200, STR("{\"hits\":[{}]}")), 0);
    assert_int_equal(rig.step.kind, STEP_DONE);
    rig_finish(&rig);
}

static void test_refusals(void **state)
{
    static const struct {
        int status;
        const char *body, *header, *value;
        enum step_kind want;
        int64_t want_wait_ms;
    } cases[] = {
        {400, "{\"message\":\"Invalid numericFilters\",\"status\":400}", NULL, NULL, STEP_STOP, 0},
        {403, "{}", NULL, NULL, STEP_WAIT, 3600000},
        {429, "{}", NULL, NULL, STEP_WAIT, 60000},
        {429, "{}", "Retry-After", "Sat, 21 Nov 2026 17:32:00 GMT", STEP_WAIT, 120000},
        {502, "<html>", NULL, NULL, STEP_RETRY, 0},
        {200, "<html>", NULL, NULL, STEP_RETRY, 0},
    };
    struct rig rig;

    (void)state;
    start(&rig, "");
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        if (cases[i].header)
            rig_header(&rig, cases[i].header, cases[i].value);
        assert_int_equal(rig_feed(&rig, cases[i].status, str_from(cases[i].body)), 0);
        assert_int_equal(rig.step.kind, cases[i].want);
        assert_int_equal(rig.step.wait_ms, cases[i].want_wait_ms);
    }
    assert_int_equal(rig_feed(&rig, 200, STR("{\"hits\":{}}")), -EBADMSG);
    assert_int_equal(rig_feed(&rig, 200, STR("{\"hits\":[")), -EBADMSG);
    rig_finish(&rig);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_request),
        cmocka_unit_test(test_hits_become_mentions),
        cmocka_unit_test(test_wall_of_a_thousand_hits),
        cmocka_unit_test(test_a_thousand_in_one_second_is_a_gap),
        cmocka_unit_test(test_ends),
        cmocka_unit_test(test_refusals),
    };

    json_init();
    return cmocka_run_group_tests_name("source_hackernews", tests, NULL, NULL);
}
