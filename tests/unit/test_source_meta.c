/* threads, facebook, instagram: requests, pages in all three ways, posts and comments as mentions, errors
 * by their code, tokens that are renewed, and that no token gets where it could be read. */
#include "source_rig.h"

extern const struct source_driver source_threads, source_facebook, source_instagram;

#define THREADS "token: ${TEST_TOKEN}\n"
#define FACEBOOK "token: ${TEST_TOKEN}\nid: '1928'\napp_secret: ${TEST_SECRET}\n"
#define INSTAGRAM "token: ${TEST_TOKEN}\nid: '1784'\n"

static void start(struct rig *rig, const struct source_driver *driver, const char *options,
                  const char *account,
                  const char *session)
{
    setenv("TEST_TOKEN", "topsecret", 1);
    setenv("TEST_SECRET", "appsecret", 1);
    rig_init(rig, driver, options, account);
    rig->account.session = str_from(session);
    rig->at.low = STR("1795280400000"); /* 17:00 */
    if (driver->check)
        assert_true(driver->check(&rig->src, NULL, NULL));
    rig_prepare(rig);
}

static void renew(struct rig *rig)
{
    assert_true(rig->request.login);
    assert_int_equal(rig_feed(rig, 200, STR("{\"access_token\":\"renewed\",\"token_type\":\"bearer\","
                                            "\"expires_in\":5183944}")), 0);
    assert_int_equal(rig->step.kind, STEP_LOGIN);
    rig->account.session = rig->step.session;
    rig_prepare(rig);
    assert_false(rig->request.login);
}

static void test_threads_requests(void **state)
{
    struct rig rig;

    (void)state;
    start(&rig, &source_threads, "query: acme cloud\n", THREADS, "");
    assert_str(
        rig.request.http.url,
        "https://graph.threads.net/refresh_access_token?grant_type=th_refresh_token&access_token=topsecret");
    renew(&rig);
    assert_str(
        rig.request.http.url,
        "https://graph.threads.net/v1.0/keyword_search?q=acme%20cloud&search_type=RECENT&search_mode=KEYWORD&"
        "fields=id%2Ctext%2Cmedia_type%2Cpermalink%2Ctimestamp%2Cusername%2Chas_replies%2Cis_quote_post%2C"
        "is_reply%2Ctopic_tag&limit=100&access_token=renewed");
    assert_string_equal(rig.request.endpoint, "keyword_search");
    rig_finish(&rig);

    start(&rig, &source_threads, "query: '#acme'\n", THREADS, "");
    renew(&rig);
    assert_has(rig.request.http.url, "q=acme&search_type=RECENT&search_mode=TAG");
    rig_finish(&rig);

    start(&rig, &source_threads, "{}\n", THREADS, "");
    renew(&rig);
    assert_has(rig.request.http.url, "/v1.0/me/mentions?fields=");
    rig.at = (struct source_cursor){.walking = true, .next = STR("after QVF="), .floor = STR("1")};
    rig_prepare(&rig);
    assert_has(rig.request.http.url, "&after=QVF%3D&");
    rig_finish(&rig);
}

static void test_threads_posts(void **state)
{
    struct rig rig;
    const struct mention *m;

    (void)state;
    start(&rig, &source_threads, "query: acme\n", THREADS, "");
    renew(&rig);
    rig.src.overlap_ms = 3600 * 1000;
    assert_int_equal(rig_feed(&rig, 200, rig_fixture(&rig, "threads/search_page.json")), 0);
    assert_int_equal(rig.page.n_mentions, 4);
    assert_int_equal(rig.page.skipped, 1);
    assert_page_sound(&rig);
    m = &rig.page.mentions[0];
    assert_str(m->id, "threads:18012345678901234");
    assert_str(m->text, "acme is down again \xF0\x9F\x98\xA4\nsince noon");
    assert_str(m->author.id, "zoe");
    assert_int_equal(m->created_at_ms, 1795281600000);
    m = &rig.page.mentions[1];
    assert_str(m->conversation, "18012345678900001");
    assert_str(m->in_reply_to, "18012345678900002");
    assert_str(m->lang, "ja");
    assert_str(rig.page.mentions[2].repost_of, "18012345678901232");
    m = &rig.page.mentions[3];
    assert_str(m->text, "a broken acme box");
    assert_str(m->author.id, "18012345678901231"); /* nobody told: one of its own */
    assert_int_equal(rig.step.kind, STEP_PAGE);
    assert_str(rig.step.cursor.next, "after QVFIUk9PZ=="); /* Threads tells no next URL */
    rig_go_on(&rig);
    assert_int_equal(rig_feed(&rig, 200, rig_fixture(&rig, "threads/search_page.json")), 0);
    assert_int_equal(rig.step.kind, STEP_PAGE); /* the page before: asked again */
    rig_go_on(&rig);
    assert_int_equal(rig_feed(&rig, 200, STR("{\"data\":[]}")), 0);
    assert_int_equal(rig.step.kind, STEP_DONE);
    assert_str(rig.step.cursor.low, "1795281600000");
    rig_finish(&rig);
}

static void test_facebook(void **state)
{
    struct rig rig;
    const struct mention *m;

    (void)state;
    start(&rig, &source_facebook, "edge: feed\n", FACEBOOK, "");
    assert_has(rig.request.http.url, "https://graph.facebook.com/v23.0/1928/feed?fields=id%2Cmessage");
    assert_has(rig.request.http.url,
               "&limit=50&appsecret_proof="
               "4cf3c0dd7518c553a008c370256f1bc1fdd8115170d44c93ec703d6b8c45c39d&access_token=topsecret");
    assert_int_equal(rig.src.overlap_ms, 7 * 24 * 3600 * 1000LL);
    assert_int_equal(rig_feed(&rig, 200, rig_fixture(&rig, "facebook/feed_page.json")), 0);
    assert_int_equal(rig.page.n_mentions, 4);
    assert_int_equal(rig.page.skipped, 2);
    assert_page_sound(&rig);
    m = &rig.page.mentions[0];
    assert_str(m->id, "facebook:1928_101");
    assert_str(m->author.id, "1928");
    assert_int_equal(m->likes, 12);
    assert_int_equal(m->replies, 73);
    assert_int_equal(m->shares, 4);
    m = &rig.page.mentions[1];
    assert_str(m->id, "facebook:101_9007199254740993");
    assert_str(m->kind, "comment");
    assert_str(m->lang, "de");
    assert_str(m->conversation, "1928_101");
    assert_str(m->in_reply_to, "1928_101");
    assert_str(m->in_reply_to_author, "1928");
    m = &rig.page.mentions[2];
    assert_str(m->in_reply_to, "101_7");
    assert_str(m->author.id, "101_8");
    assert_int_equal(m->likes, 1);
    m = &rig.page.mentions[3];
    assert_str(m->text, "Bo recommends Acme.");
    assert_str(m->place, "Leeds");
    assert_true(rig.step.gap); /* 50 comments since the last poll, and more of them */
    assert_int_equal(rig.step.kind, STEP_PAGE);
    assert_str(rig.step.cursor.next, "until 1795273200 enc_AdB==");
    rig_go_on(&rig);
    assert_has(rig.request.http.url, "&until=1795273200&__paging_token=enc_AdB%3D%3D&");
    rig_finish(&rig);

    start(&rig, &source_facebook, "edge: comments\npost: 1928_101\n", FACEBOOK, "");
    assert_has(rig.request.http.url, "/1928_101/comments?fields=id%2Cmessage");
    assert_has(rig.request.http.url, "&filter=stream&order=reverse_chronological&");
    assert_int_equal(rig_feed(&rig, 200,
                              STR("{\"data\":[{\"id\":\"101_5\",\"message\":\"hm\",\"created_time\":"
                                             "\"2026-11-21T17:20:00+0000\"}]}")), 0);
    assert_str(rig.page.mentions[0].conversation, "1928_101");
    assert_int_equal(rig.step.kind, STEP_DONE);
    rig_finish(&rig);
}

static void test_instagram(void **state)
{
    struct rig rig;

    (void)state;
    start(&rig, &source_instagram, "{}\n", INSTAGRAM, "");
    assert_has(rig.request.http.url, "https://graph.facebook.com/v23.0/1784/tags?fields=id%2Ccaption");
    assert_int_equal(rig_feed(&rig, 200, rig_fixture(&rig, "instagram/tags_page.json")), 0);
    assert_int_equal(rig.page.n_mentions, 2);
    assert_int_equal(rig.page.skipped, 1);
    assert_page_sound(&rig);
    assert_str(rig.page.mentions[0].id, "instagram:17893085207160254");
    assert_int_equal(rig.page.mentions[0].likes, 1430);
    assert_int_equal(rig.page.mentions[0].replies, 3);
    assert_int_equal(rig.page.mentions[1].replies, 0);
    assert_int_equal(rig.step.kind, STEP_PAGE);
    assert_str(rig.step.cursor.next, "after QVFI");
    rig_finish(&rig);

    start(&rig, &source_instagram, "watch: comments\n", INSTAGRAM, "");
    assert_has(rig.request.http.url, "/1784/media?fields=");
    assert_int_equal(rig_feed(&rig, 200, rig_fixture(&rig, "instagram/media_page.json")), 0);
    assert_int_equal(rig.page.n_mentions, 2);
    assert_page_sound(&rig);
    assert_str(rig.page.mentions[0].in_reply_to_author, "acme");
    assert_str(rig.page.mentions[0].url, "https://www.instagram.com/p/CRy/");
    assert_str(rig.page.mentions[1].author.handle, "acme");
    assert_str(rig.page.mentions[1].in_reply_to, "17858154961981086");
    assert_int_equal(rig.step.kind, STEP_DONE);
    assert_true(rig.step.gap);
    rig_finish(&rig);
}

static void test_instagram_hashtag(void **state)
{
    struct rig rig;

    (void)state;
    start(&rig, &source_instagram, "watch: hashtag\nhashtag: '#acme'\n", INSTAGRAM, "");
    assert_has(rig.request.http.url, "/v23.0/ig_hashtag_search?user_id=1784&q=acme&access_token=");
    assert_int_equal(rig_feed(&rig, 200, STR("{\"data\":[{\"id\":\"17843826142012701\"}]}")), 0);
    assert_int_equal(rig.step.kind, STEP_PAGE);
    rig_go_on(&rig);
    assert_has(rig.request.http.url, "/17843826142012701/recent_media?fields=");
    assert_has(rig.request.http.url, "&user_id=1784&");
    assert_int_equal(rig_feed(&rig, 200, rig_fixture(&rig, "instagram/tags_page.json")), 0);
    assert_int_equal(rig.step.kind, STEP_PAGE);
    rig_go_on(&rig);
    assert_has(rig.request.http.url, "/17843826142012701/recent_media?fields=");
    assert_has(rig.request.http.url, "&after=QVFI&");
    assert_int_equal(rig_feed(&rig, 200, STR("{\"data\":[]}")), 0);
    assert_int_equal(rig.step.kind, STEP_DONE);
    assert_str(rig.step.cursor.low, "1795281600000");
    assert_false(rig.step.gap);
    rig.at.low = STR("1794282200000"); /* eleven days ago; a hashtag tells of one */
    assert_int_equal(rig_feed(&rig, 200, STR("{\"data\":[]}")), 0);
    assert_true(rig.step.gap);
    assert_int_equal(rig.step.gap_from_ms, 1794282200000);
    assert_int_equal(rig_feed(&rig, 200, STR("{}")), -EBADMSG);
    rig_finish(&rig);
}

/* ---- tokens ---------------------------------------------------------------------------------- */

static void test_renewed_weekly(void **state)
{
    struct rig rig;

    (void)state;
    start(&rig, &source_threads, "query: acme\n", THREADS, "");
    renew(&rig);
    assert_has(rig.account.session, "\"token\":\"renewed\",\"seed\":\"");
    assert_has(rig.account.session, "\"renewed_at\":1795282200000}");
    assert_lacks(rig.account.session, "topsecret");

    assert_int_equal(source_threads.prepare(&rig.src, &rig.at, RIG_NOW + 8 * 24 * 3600 * 1000LL, &rig.arena,
                                            &rig.request, &rig.err), 0);
    assert_true(rig.request.login);
    assert_has(rig.request.http.url, "access_token=renewed");
    assert_int_equal(rig_feed(&rig, 400, STR("{\"error\":{\"code\":190,\"message\":\"expired renewed\"}}")),
                     0);
    assert_int_equal(rig.step.kind, STEP_LOGIN); /* back to the configured one */
    rig.account.session = rig.step.session;
    rig_prepare(&rig);
    assert_true(rig.request.login);
    assert_has(rig.request.http.url, "access_token=topsecret");
    assert_int_equal(rig_feed(&rig, 400, STR("{\"error\":{\"code\":190,\"error_subcode\":463}}")), 0);
    assert_int_equal(rig.step.kind, STEP_STOP);
    assert_has(rig.step.reason, "190/463, the token expired");

    setenv("TEST_TOKEN", "fresh", 1); /* somebody logged in again */
    rig_prepare(&rig);
    assert_has(rig.request.http.url, "access_token=fresh");
    rig_finish(&rig);
}

static void test_a_young_token_is_used_as_it_is(void **state)
{
    struct rig rig;

    (void)state;
    start(&rig, &source_instagram, "{}\n",
          INSTAGRAM "login: instagram\napi: https://graph.instagram.com/v23.0\n", "");
    assert_has(rig.request.http.url,
               "https://graph.instagram.com/refresh_access_token?grant_type=ig_refresh_token&");
    assert_int_equal(rig_feed(&rig, 400, STR("{\"error\":{\"code\":100,\"message\":\"too young\"}}")), 0);
    assert_int_equal(rig.step.kind, STEP_LOGIN);
    rig.account.session = rig.step.session;
    rig_prepare(&rig);
    assert_false(rig.request.login);
    assert_has(rig.request.http.url, "/1784/tags?");
    assert_has(rig.request.http.url, "access_token=topsecret");
    assert_int_equal(source_instagram.prepare(&rig.src, &rig.at, RIG_NOW + 25 * 3600 * 1000LL, &rig.arena,
                                              &rig.request,
                                              &rig.err), 0);
    assert_true(rig.request.login);
    rig_finish(&rig);
}

/* ---- errors ---------------------------------------------------------------------------------- */

static void test_errors(void **state)
{
    static const struct {
        int status;
        const char *body, *usage;
        enum step_kind want;
        int64_t want_wait_ms;
        const char *want_reason;
    } cases[] = {
        {400, "{\"error\":{\"code\":190,\"error_subcode\":460,\"message\":\"bad token topsecret\"}}", NULL,
         STEP_STOP, 0,
         "190/460"},
        {403, "{\"error\":{\"code\":10,\"message\":\"needs pages_read_engagement\"}}", NULL, STEP_STOP, 0,
         "needs pages_read_engagement"},
        {400, "{\"error\":{\"code\":230,\"message\":\"no\"}}", NULL, STEP_STOP, 0, "permission"},
        {500, "{\"error\":{\"code\":2,\"message\":\"try later\"}}", NULL, STEP_RETRY, 0, "temporary"},
        {400, "{\"error\":{\"code\":100,\"is_transient\":true}}", NULL, STEP_RETRY, 0, "100/0"},
        {400, "{\"error\":{\"code\":4}}", NULL, STEP_WAIT, 1800000, "limit"},
        {403, "{\"error\":{\"code\":\"80001\"}}",
         "{\"1928\":[{\"type\":\"pages\",\"call_count\":100,\"estimated_time_to_regain_access\":19}]}",
             STEP_WAIT,
         19 * 60000, "limit"},
        {400, "{\"error\":{\"code\":32}}", "nonsense", STEP_WAIT, 1800000, "limit"},
        {400, "{\"error\":{\"code\":368}}", NULL, STEP_WAIT, 6 * 3600000, "blocked"},
        {503, "{\"error\":{\"code\":99999}}", NULL, STEP_RETRY, 0, "refused"},
        {400, "{\"error\":{\"code\":99999,\"message\":\"x EAABwzLixnjYBAKZCZCdummydummydummydummy12 y\"}}",
         NULL, STEP_STOP,
         0, "x *** y"},
        {502, "<html>", NULL, STEP_RETRY, 0, "502"},
        {429, "", NULL, STEP_WAIT, 1800000, "429"},
    };
    struct rig rig;

    (void)state;
    start(&rig, &source_facebook, "{}\n", FACEBOOK, "");
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        if (cases[i].usage)
            rig_header(&rig, "X-Business-Use-Case-Usage", cases[i].usage);
        assert_int_equal(rig_feed(&rig, cases[i].status, str_from(cases[i].body)), 0);
        assert_int_equal(rig.step.kind, cases[i].want);
        assert_int_equal(rig.step.wait_ms, cases[i].want_wait_ms);
        assert_has(rig.step.reason, cases[i].want_reason);
        assert_lacks(rig.step.reason, "topsecret");
    }
    assert_int_equal(rig_feed(&rig, 200, STR("{\"error\":7}")), -EBADMSG);
    assert_int_equal(rig_feed(&rig, 200, STR("[]")), -EBADMSG);
    assert_int_equal(rig_feed(&rig, 200, STR("{\"data\":")), -EBADMSG);

    rig.at = (struct source_cursor){.low = STR("5"), .walking = true, .high = STR("9"),
                                    .next = STR("after x"),
                                    .floor = STR("1")};
    assert_int_equal(rig_feed(&rig, 400, STR("{\"error\":{\"code\":100,\"message\":\"bad cursor\"}}")), 0);
    assert_int_equal(rig.step.kind, STEP_DONE); /* its post was deleted: from the start again */
    assert_str(rig.step.cursor.low, "5");
    rig_finish(&rig);
}

static void test_allowance(void **state)
{
    struct rig rig;

    (void)state;
    start(&rig, &source_facebook, "{}\n", FACEBOOK, "");
    rig_header(&rig, "X-App-Usage", "{\"call_count\":28,\"total_time\":25,\"total_cputime\":25}");
    assert_int_equal(rig_feed(&rig, 200, STR("{\"data\":[]}")), 0);
    assert_false(rig.step.budget.told);
    rig_header(&rig, "X-App-Usage", "{\"call_count\":28,\"total_time\":85,\"total_cputime\":25}");
    assert_int_equal(rig_feed(&rig, 200, STR("{\"data\":[]}")), 0);
    assert_true(rig.step.budget.told);
    assert_int_equal(rig.step.budget.remaining, 10);
    rig_header(&rig, "X-Business-Use-Case-Usage",
               "{\"1\":[{\"call_count\":99,\"estimated_time_to_regain_access\":7}]}");
    assert_int_equal(rig_feed(&rig, 200, STR("{\"data\":[]}")), 0);
    assert_int_equal(rig.step.budget.remaining, 0);
    assert_int_equal(rig.step.budget.reset_ms, 7 * 60000);
    rig_finish(&rig);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_threads_requests),
        cmocka_unit_test(test_threads_posts),
        cmocka_unit_test(test_facebook),
        cmocka_unit_test(test_instagram),
        cmocka_unit_test(test_instagram_hashtag),
        cmocka_unit_test(test_renewed_weekly),
        cmocka_unit_test(test_a_young_token_is_used_as_it_is),
        cmocka_unit_test(test_errors),
        cmocka_unit_test(test_allowance),
    };

    json_init();
    return cmocka_run_group_tests_name("source_meta", tests, NULL, NULL);
}
