/* discourse: the walk back by ids in both readings of `before`, search by time, posts as mentions, three
 * kinds of 429. */
#include "source_rig.h"

extern const struct source_driver source_discourse;

static void start(struct rig *rig, const char *options, const char *low)
{
    rig_init(rig, &source_discourse, options, NULL);
    rig->at.low = str_from(low);
    rig_prepare(rig);
}

static void test_requests(void **state)
{
    struct rig rig;

    (void)state;
    start(&rig, "forum: https://forum.example/sub/\n", "");
    assert_str(rig.request.http.url, "https://forum.example/sub/posts.json");
    assert_str(source_discourse.host(&rig.src, &rig.arena), "forum.example");
    rig.at = (struct source_cursor){.walking = true, .next = STR("77"), .floor = STR("5")};
    rig_prepare(&rig);
    assert_str(rig.request.http.url, "https://forum.example/sub/posts.json?before=77");
    rig_finish(&rig);

    start(&rig, "forum: https://forum.example\nquery: '\"acme inc\"'\n", "1795280400000");
    assert_str(rig.request.http.url,
               "https://forum.example/search.json?q=%22acme%20inc%22%20order%3Alatest%20"
                                     "after%3A2026-11-20&page=1");
    assert_string_equal(rig.request.endpoint, "search");
    rig.at = (struct source_cursor){.walking = true, .next = STR("99"), .floor = STR("x")};
    rig_prepare(&rig);
    assert_has(rig.request.http.url, "q=%22acme%20inc%22%20order%3Alatest&page=1");
    rig_finish(&rig);
}

static void test_key_goes_in_headers(void **state)
{
    struct rig rig;

    (void)state;
    setenv("TEST_TOKEN", "topsecret", 1);
    rig_init(&rig, &source_discourse, "everything: true\n",
             "forum: https://forum.example\nkey: ${TEST_TOKEN}\nuser: reader\n");
    rig_prepare(&rig);
    assert_lacks(rig.request.http.url, "topsecret");
    assert_int_equal(rig.request.http.n_headers, 3);
    assert_str(rig.request.headers[1].value, "topsecret");
    assert_true(rig.request.headers[1].secret);
    assert_str(rig.request.headers[2].value, "reader");
    assert_true(source_discourse.check(&rig.src, NULL, NULL));
    assert_true(rig.src.unfiltered);
    rig_finish(&rig);
}

static void test_posts_become_mentions(void **state)
{
    struct rig rig;
    const struct mention *m;

    (void)state;
    start(&rig, "forum: https://forum.example/sub\n", "9007199254740900");
    assert_int_equal(rig_feed(&rig, 200, rig_fixture(&rig, "discourse/posts_page.json")), 0);
    assert_int_equal(rig.page.n_mentions, 3);
    assert_int_equal(rig.page.skipped, 2);
    assert_page_sound(&rig);
    m = &rig.page.mentions[0];
    assert_str(m->id, "discourse:forum.example/sub/9007199254740993");
    assert_str(m->url, "https://forum.example/sub/t/login/77/2");
    assert_str(m->conversation, "forum.example/sub/t/77");
    assert_str(m->kind, "comment");
    assert_str(m->text, "Bei mir geht @acme nicht & das nervt \xF0\x9F\x98\xAD");
    assert_str(m->lang, "de");
    assert_str(m->author.handle, "zoe@forum.example/sub");
    assert_str(m->author.name, "Zo\xC3\xAB \xC3\x85ngstr\xC3\xB6m");
    assert_str(m->in_reply_to_author, "bo@forum.example/sub");
    assert_int_equal(m->created_at_ms, 1795281607971);
    assert_int_equal(m->edited_at_ms, 1795281900000);
    assert_int_equal(m->likes, 5);
    assert_int_equal(m->replies, 3);
    m = &rig.page.mentions[1];
    assert_str(m->id, "discourse:forum.example/sub/1201");
    assert_str(m->url, "https://forum.example/sub/t/-/78/1");
    assert_str(m->text, "Site down?\n\nAcme's site <b> is down\nfor me");
    assert_int_equal(m->likes, 0);
    assert_int_equal(m->edited_at_ms, 0);
    m = &rig.page.mentions[2];
    assert_str(m->author.id, "[deleted]");
    assert_str(m->lang, "ja");
    assert_int_equal(rig.page.n_gone, 1);
    assert_str(rig.page.gone[0], "discourse:forum.example/sub/1200");
    rig_finish(&rig);
}

/* A page of a forum whose visible posts are the ids that `is_there` says. `old`: `before` includes
 * itself, and only the 50 ids from it on are looked at. */
static struct str answer(struct rig *rig, int64_t newest, int64_t before, bool old, bool (*is_there)(int64_t))
{
    struct buf b = BUF_INIT(RIG_BODY_MAX);
    int64_t top = before ? (old ? before : before - 1) : newest, n = 0;
    int64_t least = old && before ? before - 50 : 0;
    struct str body;

    buf_append_str(&b, STR("{\"latest_posts\":["));
    for (int64_t id = top; id > least && n < 50; id--) {
        if (!is_there(id))
            continue;
        buf_printf(&b, "%s{\"id\":%lld,\"username\":\"a\",\"raw\":\"x\",\"topic_id\":1,\"post_number\":2,"
                       "\"created_at\":\"2026-11-21T17:00:00Z\"}", n++ ? "," : "", (long long)id);
    }
    buf_append_str(&b, STR("]}"));
    body = arena_str(&rig->arena, buf_str(&b));
    buf_finish(&b);
    return body;
}

static bool all_but_a_hole(int64_t id)
{
    return id < 1100 || id > 1280;
}

static void test_walks_in_both_readings_of_before(void **state)
{
    static bool seen[1501];
    struct rig rig;

    (void)state;
    for (int old = 0; old <= 1; old++) {
        int requests = 0;

        memset(seen, 0, sizeof(seen));
        start(&rig, "forum: https://forum.example\n", "1000");
        do {
            size_t at = str_find(rig.request.http.url, STR("before="));
            int64_t before = at == SIZE_MAX ? 0 : strtoll(rig.request.http.url.s + at + 7, NULL, 10);

            assert_int_equal(rig_feed(&rig, 200, answer(&rig, 1500, before, old, all_but_a_hole)), 0);
            for (size_t i = 0; i < rig.page.n_mentions; i++)
                seen[strtoll(strrchr(rig.page.mentions[i].id.s, '/') + 1, NULL, 10)] = true;
            assert_true(++requests < 30);
            rig_go_on(&rig);
        } while (rig.step.kind == STEP_PAGE);
        assert_false(rig.step.gap);
        assert_str(rig.at.low, "1500");
        for (int64_t id = 951; id <= 1500; id++)
            assert_true(seen[id] || !all_but_a_hole(id));
        rig_finish(&rig);
    }
}

static void test_walk_ends(void **state)
{
    struct rig rig;

    (void)state;
    start(&rig, "forum: https://forum.example\n", "1500"); /* nothing new: one page, no more */
    assert_int_equal(rig_feed(&rig, 200, answer(&rig, 1500, 0, false, all_but_a_hole)), 0);
    assert_int_equal(rig.step.kind, STEP_DONE);
    assert_str(rig.step.cursor.low, "1500");
    assert_int_equal(rig_feed(&rig, 200, STR("{\"latest_posts\":[]}")), 0);
    assert_int_equal(rig.step.kind, STEP_DONE);
    assert_str(rig.step.cursor.low, "1500");

    rig.at.low = STR(""); /* a first run without backfill is one page */
    assert_int_equal(rig_feed(&rig, 200, answer(&rig, 1500, 0, false, all_but_a_hole)), 0);
    assert_int_equal(rig.step.kind, STEP_DONE);
    assert_true(rig.page.mentions[0].backfill);
    rig.src.backfill_ms = 3600 * 1000;
    assert_int_equal(rig_feed(&rig, 200, answer(&rig, 1500, 0, false, all_but_a_hole)), 0);
    assert_int_equal(rig.step.kind, STEP_PAGE);
    rig.src.backfill_ms = 60 * 1000; /* all of the page is older */
    assert_int_equal(rig_feed(&rig, 200, answer(&rig, 1500, 0, false, all_but_a_hole)), 0);
    assert_int_equal(rig.step.kind, STEP_DONE);
    assert_int_equal(rig.page.n_mentions, 0);
    assert_str(rig.step.cursor.low, "1500");
    rig_finish(&rig);
}

static void test_a_repeated_page(void **state)
{
    struct rig rig;

    (void)state;
    start(&rig, "forum: https://forum.example\n", "1000");
    rig.at = (struct source_cursor){.low = STR("1000"), .walking = true, .high = STR("1500"),
                                    .next = STR("1451"),
                                    .floor = STR("951")};
    assert_int_equal(rig_feed(&rig, 200, answer(&rig, 1500, 0, false, all_but_a_hole)), 0);
    assert_int_equal(rig.step.kind, STEP_PAGE);
    assert_str(rig.step.cursor.next, "1451");
    rig_go_on(&rig);
    assert_int_equal(rig_feed(&rig, 200, answer(&rig, 1500, 0, false, all_but_a_hole)), 0);
    assert_int_equal(rig.step.kind, STEP_DONE);
    assert_true(rig.step.gap);
    rig_finish(&rig);
}

static void test_search(void **state)
{
    struct rig rig;

    (void)state;
    start(&rig, "forum: https://forum.example\nquery: acme\n", "1795275000000"); /* 15:30 */
    assert_int_equal(rig_feed(&rig, 200, rig_fixture(&rig, "discourse/search_page.json")), 0);
    assert_int_equal(rig.page.n_mentions, 1);
    assert_str(rig.page.mentions[0].text, "...and since then acme does not sync any more...");
    assert_str(rig.page.mentions[0].url, "https://forum.example/t/-/51/3");
    assert_true(rig.page.mentions[0].truncated);
    assert_int_equal(rig.page.mentions[0].likes, 1);
    assert_int_equal(rig.step.kind, STEP_PAGE);
    rig_go_on(&rig);
    assert_has(rig.request.http.url, "&page=2");
    assert_int_equal(rig_feed(&rig, 200,
                              STR("{\"grouped_search_result\":{\"more_full_page_results\":null}}")), 0);
    assert_int_equal(rig.step.kind, STEP_DONE);
    assert_str(rig.step.cursor.low, "1795278600798");

    rig.at = (struct source_cursor){.low = STR("5"), .walking = true, .high = STR("9"), .next = STR("10"),
                                    .floor = STR("1")};
    rig_prepare(&rig);
    assert_int_equal(rig_feed(&rig, 200, rig_fixture(&rig, "discourse/search_page.json")), 0);
    assert_int_equal(rig.step.kind, STEP_DONE); /* an eleventh page is refused */
    assert_true(rig.step.gap);
    assert_int_equal(rig.page.n_mentions, 2);
    assert_str(rig.page.mentions[1].text, "Praise\n\nI love acme");

    assert_int_equal(rig_feed(&rig, 200,
                              STR("{\"posts\":[],\"grouped_search_result\":{\"error\":\"overloaded\"}}")), 0);
    assert_int_equal(rig.step.kind, STEP_RETRY);
    assert_str(rig.step.reason, "search: overloaded");
    assert_int_equal(rig_feed(&rig, 200, STR("[]")), -EBADMSG);
    rig_finish(&rig);
}

static void test_refusals(void **state)
{
    static const struct {
        int status;
        const char *body, *header, *value;
        enum step_kind want;
        int64_t want_wait_ms;
        const char *want_reason;
    } cases[] = {
        {429, "Slow down, too many requests.\nPlease retry again in 7 seconds.", "Retry-After", "7",
         STEP_WAIT, 7000, ""},
        {429, "{\"failed\":\"FAILED\",\"message\":\"too many times\"}", NULL, NULL, STEP_WAIT, 60000,
         "too many times"},
        {429, "{\"errors\":[\"wait\"],\"error_type\":\"rate_limit\",\"extras\":{\"wait_seconds\":42}}", NULL,
         NULL,
         STEP_WAIT, 42000, "wait"},
        {429, "{\"extras\":{\"wait_seconds\":-5}}", NULL, NULL, STEP_WAIT, 60000, ""},
        {403, "{\"errors\":[\"You need to be logged in to do that.\"],\"error_type\":\"not_logged_in\"}",
         NULL, NULL,
         STEP_STOP, 0, "logged in"},
        {400, "{\"errors\":[\"too short\"],\"error_type\":\"invalid_parameters\"}", NULL, NULL, STEP_STOP, 0,
         "too short"},
        {409, "{}", NULL, NULL, STEP_RETRY, 0, ""},
        {503, "{\"errors\":[\"read only\"]}", NULL, NULL, STEP_RETRY, 0, "read only"},
        {200, "<!DOCTYPE html><form>", NULL, NULL, STEP_RETRY, 0, "login page"},
        {422, "{", NULL, NULL, STEP_STOP, 0, ""},
    };
    struct rig rig;

    (void)state;
    start(&rig, "forum: https://forum.example\n", "1000");
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        if (cases[i].header)
            rig_header(&rig, cases[i].header, cases[i].value);
        assert_int_equal(rig_feed(&rig, cases[i].status, str_from(cases[i].body)), 0);
        assert_int_equal(rig.step.kind, cases[i].want);
        assert_int_equal(rig.step.wait_ms, cases[i].want_wait_ms);
        assert_has(rig.step.reason, cases[i].want_reason);
    }
    assert_int_equal(rig_feed(&rig, 200, STR("{\"latest_posts\":{}}")), -EBADMSG);
    assert_int_equal(rig_feed(&rig, 200, STR("{\"latest_posts\":[")), -EBADMSG);
    rig_finish(&rig);
}

static void look(struct rig *rig, int status, const char *body)
{
    static const struct str ids[] = {{"discourse:forum.example/sub/1201", 32}}, natives[] = {{"", 0}};
    const struct source_lookup asked = {ids, natives, 1};

    assert_int_equal(source_discourse.lookup(&rig->src, &asked, &rig->arena, &rig->request, &rig->err), 0);
    assert_str(rig->request.http.url, "https://forum.example/sub/posts/1201.json");
    rig->http.status = status;
    rig->http.body = rig->reply.body = str_from(body);
    rig->reply.http = &rig->http;
    rig->page = (struct source_page){.arena = &rig->arena};
    assert_int_equal(source_discourse.parse_lookup(&rig->src, &asked, &rig->reply, &rig->page, &rig->step,
                                                   &rig->err), 0);
}

static void test_lookup(void **state)
{
    struct rig rig;

    (void)state;
    start(&rig, "forum: https://forum.example/sub\n", "1000");
    look(&rig, 404, "{\"errors\":[\"gone\"],\"error_type\":\"not_found\"}");
    assert_int_equal(rig.page.n_gone, 1);
    assert_str(rig.page.gone[0], "discourse:forum.example/sub/1201");
    look(&rig, 403, "{\"errors\":[\"no\"],\"error_type\":\"invalid_access\"}");
    assert_int_equal(rig.page.n_gone, 0);
    assert_int_equal(rig.step.kind, STEP_DONE);
    look(&rig, 200, "{\"id\":1201,\"username\":\"bo\",\"raw\":\"new words\",\"version\":2,\"topic_id\":78,"
                    "\"updated_at\":\"2026-11-21T17:29:00Z\",\"created_at\":\"2026-11-21T17:10:00Z\"}");
    assert_int_equal(rig.page.n_mentions, 1);
    assert_str(rig.page.mentions[0].id, "discourse:forum.example/sub/1201");
    assert_int_equal(rig.page.mentions[0].edited_at_ms, 1795282140000);
    look(&rig, 200, "{\"id\":1201,\"user_deleted\":true,\"raw\":\"(withdrawn)\"}");
    assert_int_equal(rig.page.n_gone, 1);
    rig_finish(&rig);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_requests),
        cmocka_unit_test(test_key_goes_in_headers),
        cmocka_unit_test(test_posts_become_mentions),
        cmocka_unit_test(test_walks_in_both_readings_of_before),
        cmocka_unit_test(test_walk_ends),
        cmocka_unit_test(test_a_repeated_page),
        cmocka_unit_test(test_search),
        cmocka_unit_test(test_refusals),
        cmocka_unit_test(test_lookup),
    };

    json_init();
    return cmocka_run_group_tests_name("source_discourse", tests, NULL, NULL);
}
