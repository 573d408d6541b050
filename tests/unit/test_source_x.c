/* x: two dialects of names, walks by since_id and token, what it costs, refusals, posts as mentions. */
#include "source_rig.h"

extern const struct source_driver source_x;

#define LOW "2124189000000000000"
#define ACCOUNT "token: ${TEST_X_TOKEN}\n"

static void start_with(struct rig *rig, const char *options, const char *account)
{
    setenv("TEST_X_TOKEN", "AAAA%2Fb%3D", 1);
    rig_init(rig, &source_x, options, account);
}

static void start(struct rig *rig, const char *low)
{
    start_with(rig, "query: '\"acme inc\" -is:retweet'\n", ACCOUNT);
    rig->at.low = str_from(low);
    rig_prepare(rig);
}

static void keep_session(struct rig *rig)
{
    assert_int_equal(rig->step.kind, STEP_LOGIN);
    rig->account.session = rig->step.session;
    rig_prepare(rig);
}

static void test_requests(void **state)
{
    struct rig rig;

    (void)state;
    start(&rig, LOW);
    assert_string_equal(rig.request.endpoint, "search");
    assert_has(rig.request.http.url,
               "https://api.x.com/2/tweets/search/recent?query=%22acme%20inc%22%20-is%3Aretweet"
               "&sort_order=recency&max_results=100&since_id=2124188");
    assert_has(rig.request.http.url, "&post.fields=created_at%2Clang");
    assert_has(rig.request.http.url, "referenced_posts%2Cin_reply_to_user_id%2Cedit_history_post_ids");
    assert_lacks(rig.request.http.url, "start_time");
    assert_str(rig.request.http.headers[1].value, "Bearer AAAA%2Fb%3D");
    assert_true(rig.request.http.headers[1].secret);
    rig_finish(&rig);

    start_with(&rig, "query: acme\n", ACCOUNT "fields: tweet\n");
    rig.src.backfill_ms = 3600 * 1000;
    rig_prepare(&rig);
    assert_has(rig.request.http.url, "&start_time=2026-11-21T16%3A30%3A00Z&tweet.fields=created_at");
    assert_has(rig.request.http.url, "referenced_tweets.id");
    assert_lacks(rig.request.http.url, "since_id");
    rig.src.backfill_ms = 30LL * 24 * 3600 * 1000; /* a search reaches seven days back */
    rig_prepare(&rig);
    assert_has(rig.request.http.url, "&start_time=2026-11-14T17%3A40%3A00Z");
    rig_finish(&rig);
}

static void test_posts_become_mentions(void **state)
{
    const struct mention *m;
    struct rig rig;

    (void)state;
    start(&rig, LOW);
    assert_int_equal(rig_feed(&rig, 200, rig_fixture(&rig, "x/search_post.json")), 0);
    assert_int_equal(rig.page.n_mentions, 4);
    assert_int_equal(rig.page.skipped, 2);
    assert_page_sound(&rig);
    assert_int_equal(rig.step.spent_micro_usd, 5 * 5000 + 2 * 10000);

    m = &rig.page.mentions[0];
    assert_str(m->id, "x:2124191000000000900");
    assert_str(m->url, "https://x.com/ana_k/status/2124191000000000900");
    assert_str(m->text, "@acme your app & site are down <again> \xF0\x9F\xA4\xAC\n"
                        "https://status.acme.example/?a=1&b=2 https://t.co/zz9");
    assert_str(m->author.id, "20000000000000001");
    assert_str(m->author.name, "Ana \xF0\x9F\x8C\xBB");
    assert_int_equal(m->author.followers, 120);
    assert_false(m->author.verified);
    assert_str(m->conversation, "2124191000000000100");
    assert_str(m->in_reply_to, "2124191000000000100");
    assert_str(m->in_reply_to_author, "Acme");
    assert_int_equal(m->n_named, 3); /* acme, 777, Acme */
    assert_str(m->place, "Leeds, England");
    assert_int_equal(m->likes, 12);
    assert_int_equal(m->shares, 3);
    assert_str(m->lang, "en");
    assert_false(m->backfill);

    m = &rig.page.mentions[1]; /* edited, long, of an author who is gone */
    assert_str(m->id, "x:2124190000000000000");
    assert_str(m->native, "2124191000000000800");
    assert_str(m->url, "https://x.com/i/web/status/2124191000000000800");
    assert_has(m->text, "depuis ce matin & personne");
    assert_str(m->lang, "fr");
    assert_true(m->edited_at_ms > m->created_at_ms);
    assert_int_equal(m->author.followers, -1);

    m = &rig.page.mentions[2];
    assert_str(m->repost_of, "2124191000000000600");
    assert_has(m->text, "a great many");
    assert_str(m->lang, "he");

    m = &rig.page.mentions[3];
    assert_str(m->id, "x:2124191000000000650");
    assert_str(m->author.id, "of-2124191000000000650");
    rig_finish(&rig);
}

static void test_tweet_dialect(void **state)
{
    const struct mention *m;
    struct rig rig;

    (void)state;
    start(&rig, LOW);
    assert_int_equal(rig_feed(&rig, 200, rig_fixture(&rig, "x/search_tweet.json")), 0);
    assert_int_equal(rig.page.n_mentions, 2);
    m = &rig.page.mentions[0];
    assert_str(m->text, "acme, der lange Text");
    assert_str(m->in_reply_to, "2124191000000000001");
    assert_int_equal(m->shares, 4);
    assert_int_equal(m->likes, 12);
    assert_true(m->author.verified);
    assert_str(rig.page.mentions[1].text, "acme, whole");
    assert_int_equal(rig.step.kind, STEP_DONE);
    assert_str(rig.step.cursor.low, "2124191000000000510");
    assert_false(rig.step.gap);
    rig_finish(&rig);
}

static void test_walk(void **state)
{
    struct rig rig;
    struct str since;

    (void)state;
    start(&rig, LOW);
    since = arena_str(&rig.arena,
                      str_slice(rig.request.http.url, str_find(rig.request.http.url, STR("&since_id")),
                                str_find(rig.request.http.url, STR("&post.fields"))));
    assert_int_equal(rig_feed(&rig, 200, rig_fixture(&rig, "x/search_post.json")), 0);
    assert_int_equal(rig.step.kind, STEP_PAGE);
    assert_str(rig.step.cursor.low, LOW);
    rig_go_on(&rig);
    assert_has(rig.request.http.url, "&pagination_token=b26v89c19zqg8o3f&");
    assert_has(rig.request.http.url, arena_printf(&rig.arena, "%.*s&", STR_FMT(since)).s);

    /* a page without posts may have a next one */
    assert_int_equal(rig_feed(&rig, 200, STR("{\"meta\":{\"result_count\":0,\"next_token\":\"n2\"}}")), 0);
    assert_int_equal(rig.step.kind, STEP_PAGE);
    rig_go_on(&rig);

    /* the same token twice is asked for again, thrice is a gap */
    assert_int_equal(rig_feed(&rig, 200, STR("{\"meta\":{\"result_count\":0,\"next_token\":\"n2\"}}")), 0);
    assert_int_equal(rig.step.kind, STEP_PAGE);
    rig_go_on(&rig);
    assert_int_equal(rig_feed(&rig, 200, STR("{\"meta\":{\"result_count\":0,\"next_token\":\"n2\"}}")), 0);
    assert_int_equal(rig.step.kind, STEP_DONE);
    assert_true(rig.step.gap);
    assert_str(rig.step.cursor.low, "2124191000000000900");
    rig_finish(&rig);
}

static void test_empty_keeps_the_cursor(void **state)
{
    struct rig rig;

    (void)state;
    start(&rig, LOW);
    assert_int_equal(rig_feed(&rig, 200, STR("{\"meta\":{\"result_count\":0}}")), 0);
    assert_int_equal(rig.step.kind, STEP_DONE);
    assert_str(rig.step.cursor.low, LOW);
    assert_int_equal(rig.step.spent_micro_usd, 0);
    rig_finish(&rig);
}

static void test_a_first_run_without_backfill_is_one_page(void **state)
{
    struct rig rig;

    (void)state;
    start(&rig, "");
    assert_lacks(rig.request.http.url, "start_time");
    assert_int_equal(rig_feed(&rig, 200, rig_fixture(&rig, "x/search_post.json")), 0);
    assert_int_equal(rig.step.kind, STEP_DONE);
    assert_true(rig.page.mentions[0].backfill);
    rig_finish(&rig);
}

static void test_a_post_from_the_future_does_not_end_all_reading(void **state)
{
    struct rig rig;
    int64_t low;

    (void)state;
    start(&rig, LOW);
    assert_int_equal(rig_feed(&rig, 200, STR("{\"data\":[{\"id\":\"9000000000000000000\",\"text\":\"acme\"}],"
                                             "\"meta\":{}}")), 0);
    assert_true(str_to_i64(rig.step.cursor.low, 1, INT64_MAX, &low));
    assert_int_equal((low >> 22) + 1288834974657, RIG_NOW);
    rig_finish(&rig);
}

static void test_what_is_read_again_costs_nothing(void **state)
{
    struct rig rig;

    (void)state;
    start(&rig, "2124191000000000900");
    assert_int_equal(rig_feed(&rig, 200, rig_fixture(&rig, "x/search_tweet.json")), 0);
    assert_int_equal(rig.page.n_mentions, 2);
    assert_int_equal(rig.step.spent_micro_usd, 0);
    rig_finish(&rig);
}

/* ---- refusals ------------------------------------------------------------------------------ */

static void test_a_cursor_from_before_the_seven_days(void **state)
{
    static const char refusal[] =
        "{\"errors\":[{\"parameters\":{\"since_id\":[\"1\"]},\"message\":\"'since_id' must be a tweet id "
        "created "
        "after 2026-11-21T17:10Z. Please use a 'since_id' that is larger than 2124189500000000000\"}],"
        "\"title\":\"Invalid Request\"}";
    struct rig rig;

    (void)state;
    start(&rig, "2110000000000000000"); /* in October: not even asked for */
    assert_lacks(rig.request.http.url, "since_id=2110");
    assert_int_equal(rig_feed(&rig, 200, STR("{\"meta\":{\"result_count\":0}}")), 0);
    assert_true(rig.step.gap);
    rig_finish(&rig);

    start(&rig, LOW); /* X's clock is another */
    assert_int_equal(rig_feed(&rig, 400, str_from(refusal)), 0);
    assert_int_equal(rig.step.kind, STEP_PAGE);
    rig_go_on(&rig);
    assert_has(rig.request.http.url, "&since_id=2124189500000000000&");
    assert_int_equal(rig_feed(&rig, 200, rig_fixture(&rig, "x/search_tweet.json")), 0);
    assert_int_equal(rig.step.kind, STEP_DONE);
    assert_true(rig.step.gap);
    assert_str(rig.step.cursor.low, "2124191000000000510");
    rig_finish(&rig);
}

static void test_the_dialect_is_switched_once(void **state)
{
    static const char post[] =
        "{\"errors\":[{\"parameters\":{\"post.fields\":[\"lang\"]},\"message\":\"The parameter "
        "[post.fields] is not one of [query]\"}],\"title\":\"Invalid Request\"}";
    static const char tweet[] =
        "{\"errors\":[{\"parameters\":{\"tweet.fields\":[\"lang\"]},\"message\":\"no\"}]}";
    struct rig rig;

    (void)state;
    start(&rig, LOW);
    assert_int_equal(rig_feed(&rig, 400, str_from(post)), 0);
    keep_session(&rig);
    assert_has(rig.request.http.url, "&tweet.fields=");
    assert_int_equal(rig_feed(&rig, 400, str_from(tweet)), 0);
    assert_int_equal(rig.step.kind, STEP_STOP);
    assert_has(rig.step.reason, "no");
    rig_finish(&rig);

    start_with(&rig, "query: acme\n", ACCOUNT "fields: post\n"); /* as configured */
    rig_prepare(&rig);
    assert_int_equal(rig_feed(&rig, 400, str_from(post)), 0);
    assert_int_equal(rig.step.kind, STEP_STOP);
    rig_finish(&rig);
}

static void test_refusals(void **state)
{
    static const struct {
        int status;
        const char *header, *value, *body;
        enum step_kind kind;
        int64_t wait_ms;
        const char *reason;
    } cases[] = {
        {402, "", "",
         "{\"account_id\":1553086854915936256,\"title\":\"CreditsDepleted\",\"detail\":\"no credits\"}",
         STEP_STOP, 0, "no credits"},
        {402, "", "", "", STEP_STOP, 0, "402"},
        {429, "x-rate-limit-reset", "1795282260", "{\"title\":\"Too Many Requests\"}", STEP_WAIT, 61000,
         "429"},
        {429, "", "", "Rate limit exceeded", STEP_WAIT, 900000, "429"},
        {429, "", "", "{\"type\":\"https://api.x.com/2/problems/usage-capped\",\"period\":\"Monthly\"}",
         STEP_WAIT, 23400000 + 1000, "plan"},
        {401, "", "", "{\"title\":\"Unauthorized\"}", STEP_STOP, 0, "401"},
        {403, "", "", "{\"title\":\"Forbidden\"}", STEP_STOP, 0, "403"},
        {404, "", "", "<html>", STEP_STOP, 0, "404"},
        {503, "", "", "", STEP_RETRY, 0, "503"},
        {200, "", "", "<html>", STEP_RETRY, 0, "HTML"},
        {400, "", "", "{\"errors\":[{\"message\":\"There were errors processing your request\"}]}", STEP_STOP,
         0, "There were errors"},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct rig rig;

        start(&rig, LOW);
        if (cases[i].header[0])
            rig_header(&rig, cases[i].header, cases[i].value);
        assert_int_equal(rig_feed(&rig, cases[i].status, str_from(cases[i].body)), 0);
        assert_int_equal(rig.step.kind, cases[i].kind);
        assert_int_equal(rig.step.wait_ms, cases[i].wait_ms);
        assert_has(rig.step.reason, cases[i].reason);
        rig_finish(&rig);
    }
}

static void test_odd_answers_are_errors(void **state)
{
    struct rig rig;

    (void)state;
    start(&rig, LOW);
    assert_int_equal(rig_feed(&rig, 200, STR("{\"errors\":[],\"title\":\"Odd\"}")), -EBADMSG);
    assert_int_equal(rig_feed(&rig, 200, STR("[]")), -EBADMSG);
    assert_int_equal(rig_feed(&rig, 200, STR("{\"data\":[{\"id\":\"1\",")), -EBADMSG);
    rig_finish(&rig);
}

/* ---- what became of posts ------------------------------------------------------------------ */

static void test_lookup(void **state)
{
    const struct str ids[] = {STR("x:2124191000000000510"), STR("x:2124190000000000000"), STR("x:5")};
    const struct str natives[] = {STR(""), STR("2124191000000000800"), STR("")};
    const struct source_lookup asked = {ids, natives, 3};
    struct rig rig;

    (void)state;
    start(&rig, LOW);
    assert_int_equal(source_x.lookup(&rig.src, &asked, &rig.arena, &rig.request, &rig.err), 0);
    assert_has(rig.request.http.url,
               "https://api.x.com/2/tweets?ids=2124191000000000510%2C2124191000000000800%2C5&post.fields=");
    rig.http.status = 200;
    rig.http.body = STR("{\"data\":[{\"id\":\"2124191000000000510\",\"text\":\"acme\",\"author_id\":\"5\"}],"
                        "\"errors\":[{\"value\":\"2124191000000000800\",\"title\":\"Not Found Error\"},"
                        "{\"value\":\"5\",\"title\":\"Authorization Error\"},{\"value\":\"6\"}]}");
    rig.reply = (struct source_reply){.http = &rig.http, .body = rig.http.body, .received_at_ms = RIG_NOW};
    rig.page = (struct source_page){.arena = &rig.arena};
    assert_int_equal(source_x.parse_lookup(&rig.src, &asked, &rig.reply, &rig.page, &rig.step, &rig.err), 0);
    assert_int_equal(rig.step.kind, STEP_DONE);
    assert_int_equal(rig.step.spent_micro_usd, 5000);
    assert_int_equal(rig.page.n_mentions, 1);
    assert_int_equal(rig.page.n_gone, 2);
    assert_str(rig.page.gone[0], "x:2124190000000000000");
    assert_str(rig.page.gone[1], "x:5");
    rig_finish(&rig);
}

/* ---- mentions of an account ---------------------------------------------------------------- */

static void test_a_handle_is_looked_up_once(void **state)
{
    struct rig rig;

    (void)state;
    start_with(&rig, "mentions_of: '@Acme'\n", ACCOUNT);
    rig_prepare(&rig);
    assert_str(rig.request.http.url, "https://api.x.com/2/users/by/username/Acme");
    assert_true(rig.request.login);
    assert_int_equal(rig_feed(&rig, 200, STR("{\"data\":{\"id\":\"17880989\",\"username\":\"acme\"}}")), 0);
    keep_session(&rig);
    assert_false(rig.request.login);
    assert_has(rig.request.http.url,
               "https://api.x.com/2/users/17880989/mentions?max_results=100&post.fields=");
    assert_string_equal(rig.request.endpoint, "mentions");
    rig_finish(&rig);

    start_with(&rig, "mentions_of: nobody\n", ACCOUNT);
    rig_prepare(&rig);
    assert_int_equal(rig_feed(&rig, 200, STR("{\"errors\":[{\"title\":\"Not Found Error\"}]}")), 0);
    assert_int_equal(rig.step.kind, STEP_STOP);
    assert_has(rig.step.reason, "nobody");
    rig_finish(&rig);
}

/* The 800 newest are all there is. */
static void test_mentions_end_at_their_wall(void **state)
{
    struct rig rig;

    (void)state;
    start_with(&rig, "mentions_of: '777'\n", ACCOUNT);
    rig.at = (struct source_cursor){.low = STR(LOW), .walking = true, .high = STR("2124191000000000900"),
                                    .next = STR("798 tok"), .floor = STR(LOW)};
    rig_prepare(&rig);
    assert_has(rig.request.http.url, "&pagination_token=tok&");
    assert_int_equal(rig_feed(&rig, 200, rig_fixture(&rig, "x/search_tweet.json")), 0);
    assert_int_equal(rig.step.kind, STEP_DONE);
    assert_true(rig.step.gap);
    rig_finish(&rig);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_requests),
        cmocka_unit_test(test_posts_become_mentions),
        cmocka_unit_test(test_tweet_dialect),
        cmocka_unit_test(test_walk),
        cmocka_unit_test(test_empty_keeps_the_cursor),
        cmocka_unit_test(test_a_first_run_without_backfill_is_one_page),
        cmocka_unit_test(test_a_post_from_the_future_does_not_end_all_reading),
        cmocka_unit_test(test_what_is_read_again_costs_nothing),
        cmocka_unit_test(test_a_cursor_from_before_the_seven_days),
        cmocka_unit_test(test_the_dialect_is_switched_once),
        cmocka_unit_test(test_refusals),
        cmocka_unit_test(test_odd_answers_are_errors),
        cmocka_unit_test(test_lookup),
        cmocka_unit_test(test_a_handle_is_looked_up_once),
        cmocka_unit_test(test_mentions_end_at_their_wall),
    };

    json_init();
    return cmocka_run_group_tests_name("source_x", tests, NULL, NULL);
}
