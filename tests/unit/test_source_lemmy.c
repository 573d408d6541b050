/* lemmy: two lists in one walk, views of three versions as mentions, logins, refusals that are all status
 * 400. */
#include "source_rig.h"

extern const struct source_driver source_lemmy;

#define LOW "1795281000000" /* 17:10 */
#define SEARCH "instance: https://l.example\nquery: acme\n"
#define COMMUNITY "instance: https://l.example\ncommunity: acme@l.example\n"
#define ACCOUNT "instance: https://l.example\nusername: care\npassword: ${TEST_LEMMY_PASSWORD}\n"

static void start(struct rig *rig, const char *options, const char *account)
{
    setenv("TEST_LEMMY_PASSWORD", "p\"w", 1);
    rig_init(rig, &source_lemmy, options, account);
    rig->at.low = STR(LOW);
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
    start(&rig, SEARCH, NULL);
    assert_str(rig.request.http.url,
               "https://l.example/api/v3/search?q=acme&type_=Comments&listing_type=All&sort=New"
               "&limit=50&page=1");
    assert_str(source_lemmy.host(&rig.src, &rig.arena), "l.example");
    rig_finish(&rig);

    start(&rig, COMMUNITY "look: posts\n", NULL);
    assert_str(rig.request.http.url,
               "https://l.example/api/v3/post/list?community_name=acme%40l.example&type_=All"
               "&sort=New&limit=50&page=1");
    rig_finish(&rig);
}

static void test_comments_become_mentions(void **state)
{
    const struct mention *m;
    struct rig rig;

    (void)state;
    start(&rig, SEARCH, NULL);
    assert_int_equal(rig_feed(&rig, 200, rig_fixture(&rig, "lemmy/comments.json")), 0);
    assert_int_equal(rig.page.n_mentions, 2);
    assert_int_equal(rig.page.skipped, 2);
    assert_int_equal(rig.page.n_gone, 1);
    assert_str(rig.page.gone[0], "lemmy:https://l.example/comment/50");
    assert_page_sound(&rig);
    m = &rig.page.mentions[0];
    assert_str(m->id, "lemmy:https://other.example/comment/900719925474099312");
    assert_str(m->native, "l.example/comment/52");
    assert_str(m->url, "https://other.example/comment/900719925474099312");
    assert_has(m->text, "No, acme is down \xF0\x9F\x98\xA1");
    assert_lacks(m->text, "is it you");
    assert_str(m->author.handle, "ana@other.example");
    assert_str(m->author.id, "https://other.example/u/ana");
    assert_str(m->author.name, "Ana K");
    assert_str(m->in_reply_to, "native:l.example/comment/12");
    assert_str(m->conversation, "https://l.example/post/9");
    assert_int_equal(m->likes, 3);
    assert_int_equal(m->replies, 2);
    assert_int_equal(m->edited_at_ms, 1795281660000);
    assert_true(m->sensitive);
    m = &rig.page.mentions[1];
    assert_str(m->in_reply_to, "https://l.example/post/9");
    assert_int_equal(m->created_at_ms, 1795281540500); /* 0.18: without a zone */
    assert_str(m->author.name, "bo");
    assert_int_equal(m->likes, -1);
    rig_finish(&rig);
}

static void test_posts_become_mentions(void **state)
{
    const struct mention *m;
    struct rig rig;

    (void)state;
    start(&rig, COMMUNITY "look: posts\n", NULL);
    assert_int_equal(rig_feed(&rig, 200, rig_fixture(&rig, "lemmy/posts.json")), 0);
    assert_int_equal(rig.page.n_mentions, 2);
    m = &rig.page.mentions[0];
    assert_str(m->text, "Acme ist kaputt und ich bin nicht froh\n\nseit heute\nhttps://status.acme.example/");
    assert_str(m->lang, "de");
    assert_str(m->kind, "post");
    assert_int_equal(m->replies, 2);
    m = &rig.page.mentions[1];
    assert_int_equal(m->likes, 6);
    assert_int_equal(m->edited_at_ms - m->created_at_ms, 30000);
    assert_str(m->author.handle, "bo@l.example");
    rig_go_on(&rig);
    assert_has(rig.request.http.url, "&page_cursor=P48a2f");
    rig_finish(&rig);
}

static void test_a_poll_walks_both_lists(void **state)
{
    static const char none[] = "{\"comments\":[],\"posts\":[]}";
    struct rig rig;

    (void)state;
    start(&rig, SEARCH, NULL);
    assert_int_equal(rig_feed(&rig, 200, rig_fixture(&rig, "lemmy/comments.json")), 0);
    rig_go_on(&rig);
    assert_has(rig.request.http.url, "type_=Comments&listing_type=All&sort=New&limit=50&page=2");
    assert_int_equal(rig_feed(&rig, 200, str_from(none)), 0);
    rig_go_on(&rig);
    assert_has(rig.request.http.url, "type_=Posts&listing_type=All&sort=New&limit=50&page=1");
    assert_int_equal(rig_feed(&rig, 200, rig_fixture(&rig, "lemmy/posts.json")), 0);
    rig_go_on(&rig);
    assert_has(rig.request.http.url,
               "type_=Posts&listing_type=All&sort=New&limit=50&page=2"); /* search has no token */
    assert_int_equal(rig_feed(&rig, 200, str_from(none)), 0);
    assert_int_equal(rig.step.kind, STEP_DONE);
    assert_str(rig.step.cursor.low, "1795281900000"); /* the newest of both */
    assert_false(rig.step.gap);
    rig_finish(&rig);
}

static void test_a_gap_in_the_first_list_is_told_at_the_end(void **state)
{
    struct rig rig;

    (void)state;
    start(&rig, SEARCH, NULL);
    for (int i = 0; i < 3; i++) { /* the same page, three times */
        assert_int_equal(rig_feed(&rig, 200, rig_fixture(&rig, "lemmy/comments.json")), 0);
        rig_go_on(&rig);
    }
    assert_has(rig.request.http.url, "type_=Posts&");
    assert_int_equal(rig_feed(&rig, 200, STR("{\"posts\":[]}")), 0);
    assert_int_equal(rig.step.kind, STEP_DONE);
    assert_true(rig.step.gap);
    rig_finish(&rig);
}

static void test_a_first_run_without_backfill_is_a_page_of_each(void **state)
{
    struct rig rig;

    (void)state;
    start(&rig, SEARCH, NULL);
    rig.at.low = STR("");
    rig_prepare(&rig);
    assert_int_equal(rig_feed(&rig, 200, rig_fixture(&rig, "lemmy/comments.json")), 0);
    assert_true(rig.page.mentions[0].backfill);
    rig_go_on(&rig);
    assert_has(rig.request.http.url, "type_=Posts&");
    assert_int_equal(rig_feed(&rig, 200, rig_fixture(&rig, "lemmy/posts.json")), 0);
    assert_int_equal(rig.step.kind, STEP_DONE);
    assert_int_equal(rig.page.n_mentions, 2);
    rig_finish(&rig);
}

/* ---- accounts ------------------------------------------------------------------------------ */

static void test_login(void **state)
{
    static const char refusal[] = "{\"error\":\"not_logged_in\"}";
    struct rig rig;

    (void)state;
    start(&rig, "look: mentions\n", ACCOUNT "auth_in_url: true\n");
    assert_true(rig.request.login);
    assert_str(rig.request.http.url, "https://l.example/api/v3/user/login");
    assert_str(rig.request.http.body,
               "{\"username_or_email\":\"care\",\"password\":\"p\\\"w\",\"totp_2fa_token\":null}");
    assert_int_equal(rig_feed(&rig, 200, STR("{\"jwt\":\"ey.J\",\"registration_created\":false}")), 0);
    keep_session(&rig);
    assert_str(rig.request.http.url,
               "https://l.example/api/v3/user/mention?unread_only=false&sort=New&limit=50&page=1&auth=ey.J");

    assert_int_equal(rig_feed(&rig, 400, str_from(refusal)), 0); /* once more, then no more */
    keep_session(&rig);
    assert_true(rig.request.login);
    assert_int_equal(rig_feed(&rig, 200, STR("{\"jwt\":\"ey.K\"}")), 0);
    keep_session(&rig);
    assert_int_equal(rig_feed(&rig, 400, str_from(refusal)), 0);
    assert_int_equal(rig.step.kind, STEP_STOP);
    rig_finish(&rig);

    start(&rig, "look: mentions\n", ACCOUNT);
    assert_int_equal(rig_feed(&rig, 401, STR("{\"error\":\"incorrect_login\"}")), 0);
    assert_int_equal(rig.step.kind, STEP_STOP);
    assert_has(rig.step.reason, "incorrect_login");
    assert_int_equal(rig_feed(&rig, 400, STR("{\"error\":\"rate_limit_error\"}")), 0);
    assert_int_equal(rig.step.kind, STEP_WAIT);
    assert_int_equal(rig_feed(&rig, 200, STR("{}")), -EBADMSG);
    rig_finish(&rig);
}

/* ---- refusals ------------------------------------------------------------------------------ */

static void test_refusals(void **state)
{
    static const struct {
        const char *options;
        int status;
        const char *body;
        enum step_kind kind;
        int64_t wait_ms;
        const char *reason;
    } cases[] = {
        {SEARCH, 400, "{\"error\":\"rate_limit_error\"}", STEP_WAIT, 600000, "rate_limit_error"},
        {COMMUNITY, 400, "{\"error\":\"rate_limit_error\"}", STEP_WAIT, 60000, "rate_limit_error"},
        {COMMUNITY, 429, "{\"error\":\"too_many_requests\"}", STEP_WAIT, 60000, "too_many"},
        {SEARCH, 429, "", STEP_WAIT, 600000, "429"},
        {SEARCH, 400, "{\"error\":\"instance_is_private\"}", STEP_STOP, 0, "private"},
        {COMMUNITY, 404, "{\"error\":\"couldnt_find_community\"}", STEP_STOP, 0, "couldnt_find_community"},
        {SEARCH, 400, "{\"error\":\"unknown\",\"message\":\"Fetch limit is > 50\"}", STEP_STOP, 0,
         "Fetch limit"},
        {SEARCH, 502, "<html>", STEP_RETRY, 0, "502"},
        {SEARCH, 521, "", STEP_RETRY, 0, "521"},
        {SEARCH, 200, "<html>", STEP_RETRY, 0, "HTML"},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct rig rig;

        start(&rig, cases[i].options, NULL);
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
    start(&rig, SEARCH, NULL);
    assert_int_equal(rig_feed(&rig, 200, STR("{\"posts\":[]}")), -EBADMSG);
    assert_int_equal(rig_feed(&rig, 200, STR("{\"type_\":\"Posts\",\"comments\":[],\"posts\":[]}")),
                     -EBADMSG);
    assert_int_equal(rig_feed(&rig, 200, STR("{\"comments\":")), -EBADMSG);
    rig_finish(&rig);
}

static void look_up(struct rig *rig, const struct source_lookup *asked, int status, const char *body)
{
    assert_int_equal(source_lemmy.lookup(&rig->src, asked, &rig->arena, &rig->request, &rig->err), 0);
    rig->http.status = status;
    rig->http.body = str_from(body);
    rig->reply = (struct source_reply){.http = &rig->http, .body = rig->http.body, .received_at_ms = RIG_NOW};
    rig->page = (struct source_page){.arena = &rig->arena};
    assert_int_equal(
        source_lemmy.parse_lookup(&rig->src, asked, &rig->reply, &rig->page, &rig->step, &rig->err), 0);
    assert_int_equal(rig->step.kind, STEP_DONE);
}

static void test_lookup(void **state)
{
    const struct str id = STR("lemmy:https://o.example/comment/5"), native = STR("l.example/comment/52");
    const struct source_lookup asked = {&id, &native, 1};
    struct rig rig;

    (void)state;
    start(&rig, SEARCH, NULL);
    look_up(&rig, &asked, 400, "{\"error\":\"couldnt_find_comment\"}");
    assert_str(rig.request.http.url, "https://l.example/api/v3/comment?id=52");
    assert_int_equal(rig.page.n_gone, 1);
    look_up(&rig, &asked, 200, "{\"comment_view\":{\"comment\":{\"id\":52,\"removed\":true,\"ap_id\":"
                               "\"https://o.example/comment/5\"}}}");
    assert_str(rig.page.gone[0], "lemmy:https://o.example/comment/5");
    rig_finish(&rig);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_requests),
        cmocka_unit_test(test_comments_become_mentions),
        cmocka_unit_test(test_posts_become_mentions),
        cmocka_unit_test(test_a_poll_walks_both_lists),
        cmocka_unit_test(test_a_gap_in_the_first_list_is_told_at_the_end),
        cmocka_unit_test(test_a_first_run_without_backfill_is_a_page_of_each),
        cmocka_unit_test(test_login),
        cmocka_unit_test(test_refusals),
        cmocka_unit_test(test_odd_answers_are_errors),
        cmocka_unit_test(test_lookup),
    };

    json_init();
    return cmocka_run_group_tests_name("source_lemmy", tests, NULL, NULL);
}
