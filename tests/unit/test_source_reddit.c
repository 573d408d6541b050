/* reddit: tokens, listings and their traps, things as mentions. */
#include "source_rig.h"

extern const struct source_driver source_reddit;

#define ACCOUNT                                                                                    \
    "client_id: id\nclient_secret: ${TEST_REDDIT_SECRET}\nuser_agent: 'linux:com.example:v1 (by /u/a)'\n"
#define USER ACCOUNT "username: acme_care\npassword: ${TEST_REDDIT_SECRET}\n"
#define TOKEN "{\"access_token\":\"tok-1\",\"token_type\":\"bearer\",\"expires_in\":86400,\"scope\":\"*\"}"
#define LOW "1795281000000"
#define EMPTY "{\"kind\":\"Listing\",\"data\":{\"children\":[],\"after\":null,\"before\":null}}"

static void start(struct rig *rig, const char *options, const char *account)
{
    setenv("TEST_REDDIT_SECRET", "s3/c", 1);
    rig_init(rig, &source_reddit, options, account);
    rig->at.low = STR(LOW);
    rig_prepare(rig);
}

static void keep_session(struct rig *rig)
{
    assert_int_equal(rig->step.kind, STEP_LOGIN);
    rig->account.session = rig->step.session;
    rig_prepare(rig);
}

static void log_in(struct rig *rig)
{
    assert_true(rig->request.login);
    assert_int_equal(rig_feed(rig, 200, STR(TOKEN)), 0);
    keep_session(rig);
    assert_false(rig->request.login);
}

static struct str header_of(const struct rig *rig, const char *name)
{
    for (size_t i = 0; i < rig->request.http.n_headers; i++) {
        if (str_eq(rig->request.http.headers[i].name, str_from(name)))
            return rig->request.http.headers[i].value;
    }
    return STR("");
}

static void test_grants(void **state)
{
    static const struct {
        const char *account, *body;
    } cases[] = {
        {ACCOUNT, "grant_type=client_credentials"},
        {USER, "grant_type=password&username=acme_care&password=s3%2Fc"},
        {ACCOUNT "refresh_token: ${TEST_REDDIT_SECRET}\n", "grant_type=refresh_token&refresh_token=s3%2Fc"},
        {"client_id: id\nuser_agent: 'linux:com.example:v1'\n",
         "grant_type=https%3A%2F%2Foauth.reddit.com%2Fgrants%2Finstalled_client&device_id=DO_NOT_TRACK_THIS_"
         "DEVICE"},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct rig rig;

        start(&rig, "query: acme\n", cases[i].account);
        assert_str(rig.request.http.url, "https://www.reddit.com/api/v1/access_token");
        assert_str(rig.request.http.body, cases[i].body);
        assert_string_equal(rig.request.http.method, "POST");
        rig_finish(&rig);
    }
}

static void test_login(void **state)
{
    struct rig rig;

    (void)state;
    start(&rig, "query: acme\n", ACCOUNT);
    assert_str(header_of(&rig, "Authorization"), "Basic aWQ6czMvYw==");
    assert_str(header_of(&rig, "User-Agent"), "linux:com.example:v1 (by /u/a)");
    log_in(&rig);
    assert_str(header_of(&rig, "Authorization"), "Bearer tok-1");
    assert_has(rig.request.http.url,
               "https://oauth.reddit.com/search?q=acme&sort=new&type=link&t=day&limit=");
    assert_has(rig.request.http.url, "&raw_json=1");

    rig.account.session = STR("tok-0 1 1795282199999 0"); /* nine tenths of its life are over */
    rig_prepare(&rig);
    assert_true(rig.request.login);
    rig_finish(&rig);
}

/* Success is a token, not a status. */
static void test_refused_logins(void **state)
{
    static const struct {
        int status;
        const char *body;
        enum step_kind kind;
        const char *reason;
    } cases[] = {
        {200, "{\"error\":\"invalid_grant\"}", STEP_STOP, "invalid_grant"},
        {200,
         "{\"error_description\":\"Only script apps may use password "
         "auth\",\"error\":\"unauthorized_client\"}",
         STEP_STOP, "Only script apps"},
        {400, "{\"error\": 400}", STEP_STOP, "400"},
        {401, "{\"message\":\"Unauthorized\",\"error\":401}", STEP_STOP, "401"},
        {400, "Bad Request", STEP_STOP, "HTTP 400"},
        {429, "{\"message\":\"Too Many Requests\",\"error\":429}", STEP_WAIT, "429"},
        {503, "", STEP_RETRY, "503"},
        {200, "<html>", STEP_RETRY, "HTML"},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct rig rig;

        start(&rig, "query: acme\n", ACCOUNT);
        assert_int_equal(rig_feed(&rig, cases[i].status, str_from(cases[i].body)), 0);
        assert_int_equal(rig.step.kind, cases[i].kind);
        assert_has(rig.step.reason, cases[i].reason);
        assert_true(cases[i].kind != STEP_WAIT || rig.step.wait_ms == 30000);
        rig_finish(&rig);
    }
}

static void test_a_refused_token_is_replaced_once(void **state)
{
    static const char refusal[] = "{\"message\":\"Unauthorized\",\"error\":401}";
    struct rig rig;

    (void)state;
    start(&rig, "query: acme\n", ACCOUNT);
    log_in(&rig);
    assert_int_equal(rig_feed(&rig, 401, str_from(refusal)), 0);
    keep_session(&rig);
    log_in(&rig);
    assert_int_equal(rig_feed(&rig, 401, str_from(refusal)), 0);
    assert_int_equal(rig.step.kind, STEP_STOP);

    rig.account.session = STR("tok 1795280000000 1795289999999 1"); /* that was half an hour ago */
    rig_prepare(&rig);
    assert_int_equal(rig_feed(&rig, 401, str_from(refusal)), 0);
    assert_int_equal(rig.step.kind, STEP_LOGIN);
    rig_finish(&rig);
}

static void test_requests(void **state)
{
    static const struct {
        const char *options, *url, *endpoint;
    } cases[] = {
        {"subreddits: [acme, r/help, /r/news]\n", "/r/acme+help+news/new?limit=", "posts"},
        {"subreddits: [acme]\nread: comments\n", "/r/acme/comments?limit=", "comments"},
        {"read: inbox\n", "/message/mentions?limit=", "inbox"},
        {"query: acme.com\nsubreddits: [news]\n",
         "/r/news/search?q=%22acme.com%22&sort=new&type=link&t=day&restrict_sr=1&",
         "search"},
        {"query: 'url:acme.com'\n", "/search?q=url%3Aacme.com&", "search"},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct rig rig;

        start(&rig, cases[i].options, USER);
        log_in(&rig);
        assert_has(rig.request.http.url, cases[i].url);
        assert_lacks(rig.request.http.url, "before=");
        assert_string_equal(rig.request.endpoint, cases[i].endpoint);
        rig_finish(&rig);
    }
}

static void test_posts_become_mentions(void **state)
{
    const struct mention *m;
    struct rig rig;

    (void)state;
    start(&rig, "subreddits: [acme]\n", ACCOUNT);
    log_in(&rig);
    assert_int_equal(rig_feed(&rig, 200, rig_fixture(&rig, "reddit/new.json")), 0);
    assert_int_equal(rig.page.n_mentions, 4);
    assert_int_equal(rig.page.skipped, 1);
    assert_int_equal(rig.page.n_gone, 2);
    assert_str(rig.page.gone[0], "reddit:t3_1p0000d");
    assert_page_sound(&rig);

    m = &rig.page.mentions[0];
    assert_str(m->id, "reddit:t3_1p0000g");
    assert_str(m->url, "https://www.reddit.com/r/acme/comments/1p0000g/acme/");
    assert_has(m->text, "Acme checkout & login are down \xF0\x9F\x98\xA1\n\nSince 9 am.");
    assert_has(m->text, "any news? a < b");
    assert_lacks(m->text, "we are fine");
    assert_lacks(m->text, "&#x200B;");
    assert_str(m->author.id, "t2_ab12");
    assert_str(m->author.handle, "ana_k");
    assert_str(m->conversation, "t3_1p0000g");
    assert_str(m->kind, "post");
    assert_int_equal(m->created_at_ms, 1795281600000);
    assert_int_equal(m->edited_at_ms, 1795281900000);
    assert_int_equal(m->likes, 17);
    assert_int_equal(m->replies, 4);
    assert_int_equal(m->n_named, 1);
    assert_str(m->named[0], "acme_care");

    m = &rig.page.mentions[1];
    assert_str(m->text, "Look what acme did\nhttps://news.example/acme-story");
    assert_str(m->kind, "link");
    assert_str(m->author.id, "bo");
    assert_int_equal(m->likes, 0);
    assert_int_equal(m->edited_at_ms, 0);
    assert_true(m->sensitive);
    assert_str(rig.page.mentions[2].repost_of, "t3_1p0000g");
    assert_int_equal(rig.page.mentions[2].created_at_ms, 1795281400000);
    assert_str(rig.page.mentions[3].lang, "de");
    assert_str(rig.page.mentions[3].url, "https://www.reddit.com/comments/1p0000a");
    rig_finish(&rig);
}

static void test_comments_become_mentions(void **state)
{
    const struct mention *m;
    struct rig rig;

    (void)state;
    start(&rig, "read: inbox\n", USER);
    log_in(&rig);
    assert_int_equal(rig_feed(&rig, 200, rig_fixture(&rig, "reddit/comments.json")), 0);
    assert_int_equal(rig.page.n_mentions, 3);
    assert_int_equal(rig.page.n_gone, 1);
    assert_page_sound(&rig);
    assert_int_equal(rig.step.kind, STEP_DONE);
    assert_str(rig.step.cursor.low, "1795281650000");

    m = &rig.page.mentions[0];
    assert_str(m->id, "reddit:t1_o1");
    assert_str(m->in_reply_to, "t3_1p0000g");
    assert_str(m->in_reply_to_author, "acme_care");
    assert_str(m->conversation, "t3_1p0000g");
    assert_str(m->kind, "comment");
    m = &rig.page.mentions[1];
    assert_str(m->id, "reddit:t1_o0");
    assert_str(m->url, "https://www.reddit.com/comments/1p0000g/_/o0/");
    assert_str(m->in_reply_to_author, "");
    m = &rig.page.mentions[2];
    assert_str(m->url, "https://www.reddit.com/r/acme/comments/1p0000g/acme/ny/");
    assert_str(m->named[0], "Acme_Care");
    assert_int_equal(m->replies, -1);
    rig_finish(&rig);
}

static void test_walk(void **state)
{
    struct rig rig;

    (void)state;
    start(&rig, "subreddits: [acme]\n", ACCOUNT);
    log_in(&rig);
    assert_int_equal(rig_feed(&rig, 200, rig_fixture(&rig, "reddit/new.json")), 0);
    assert_int_equal(rig.step.kind, STEP_PAGE);
    rig_go_on(&rig);
    assert_has(rig.request.http.url, "&count=7&after=t3_1p0000a&");
    assert_int_equal(rig_feed(&rig, 200, STR(EMPTY)), 0); /* and no further */
    assert_int_equal(rig.step.kind, STEP_DONE);
    assert_false(rig.step.gap);
    assert_str(rig.step.cursor.low, "1795281600000");

    rig.at = (struct source_cursor){.low = STR(LOW), .walking = true, .high = STR("1795281600000"),
                                    .next = STR("992 t3_x"), .floor = STR("1")};
    rig_prepare(&rig);
    assert_int_equal(rig_feed(&rig, 200, rig_fixture(&rig, "reddit/comments.json")), 0);
    assert_int_equal(rig.step.kind, STEP_DONE);
    assert_true(rig.step.gap); /* the wall of 1,000 */
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
        {429, "retry-after", "4", "<html>", STEP_WAIT, 4000, "429"},
        {429, "", "", "", STEP_WAIT, 30000, "429"},
        {403, "", "", "{\"reason\":\"private\",\"message\":\"Forbidden\",\"error\":403}", STEP_STOP, 0,
         "private"},
        {403, "", "", "{\"error\": 403}", STEP_STOP, 0, "403"},
        {404, "", "", "{\"reason\":\"banned\",\"message\":\"Not Found\",\"error\":404}", STEP_STOP, 0,
         "banned"},
        {302, "Location", "/subreddits/search", "", STEP_STOP, 0, "302"},
        {520, "", "", "", STEP_RETRY, 0, "520"},
        {451, "", "", "", STEP_STOP, 0, "451"},
        {200, "", "", "{\"kind\":\"Listing\",\"data\":{\"children\":[{\"kind\":\"t5\",\"data\":{}}]}}",
         STEP_STOP, 0, "no such subreddit"},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct rig rig;

        start(&rig, "subreddits: [acme]\n", ACCOUNT);
        log_in(&rig);
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
    start(&rig, "subreddits: [acme]\n", ACCOUNT);
    log_in(&rig);
    assert_int_equal(rig_feed(&rig, 200, STR("[]")), -EBADMSG);
    assert_int_equal(rig_feed(&rig, 200, STR("{\"kind\":\"Listing\",\"data\":{\"children\":[")), -EBADMSG);
    rig_finish(&rig);
}

static void test_lookup(void **state)
{
    const struct str ids[] = {STR("reddit:t1_o1"), STR("reddit:t1_nz"), STR("reddit:t1_zz")};
    const struct str natives[] = {STR(""), STR(""), STR("")};
    const struct source_lookup asked = {ids, natives, 3};
    struct rig rig;

    (void)state;
    start(&rig, "subreddits: [acme]\n", ACCOUNT);
    log_in(&rig);
    assert_int_equal(source_reddit.lookup(&rig.src, &asked, &rig.arena, &rig.request, &rig.err), 0);
    assert_str(rig.request.http.url, "https://oauth.reddit.com/api/info?id=t1_o1%2Ct1_nz%2Ct1_zz&raw_json=1");
    rig.http.status = 200;
    rig.http.body = rig_fixture(&rig, "reddit/comments.json");
    rig.reply = (struct source_reply){.http = &rig.http, .body = rig.http.body, .received_at_ms = RIG_NOW};
    rig.page = (struct source_page){.arena = &rig.arena};
    assert_int_equal(source_reddit.parse_lookup(&rig.src, &asked, &rig.reply, &rig.page, &rig.step, &rig.err),
                     0);
    assert_int_equal(rig.step.kind, STEP_DONE);
    assert_int_equal(rig.page.n_mentions, 3);
    assert_int_equal(rig.page.n_gone, 2); /* removed; not there at all */
    assert_str(rig.page.gone[1], "reddit:t1_zz");
    rig_finish(&rig);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_grants),
        cmocka_unit_test(test_login),
        cmocka_unit_test(test_refused_logins),
        cmocka_unit_test(test_a_refused_token_is_replaced_once),
        cmocka_unit_test(test_requests),
        cmocka_unit_test(test_posts_become_mentions),
        cmocka_unit_test(test_comments_become_mentions),
        cmocka_unit_test(test_walk),
        cmocka_unit_test(test_refusals),
        cmocka_unit_test(test_odd_answers_are_errors),
        cmocka_unit_test(test_lookup),
    };

    json_init();
    return cmocka_run_group_tests_name("source_reddit", tests, NULL, NULL);
}
