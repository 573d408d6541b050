/* stackexchange: requests, budgets that are told in bodies, items as mentions, refusals by error_id. */
#include "source_rig.h"

extern const struct source_driver source_stackexchange;

#define LOW "1795281000000"
#define SEARCH "site: stackoverflow\nquery: acme app\n"

static void start(struct rig *rig, const char *options, const char *account)
{
    rig_init(rig, &source_stackexchange, options, account);
    rig->at.low = STR(LOW);
    rig_prepare(rig);
}

static void test_requests(void **state)
{
    struct rig rig;

    (void)state;
    start(&rig, SEARCH "tags: [a, 'c#']\n", "key: 'k(('\n");
    assert_str(
        rig.request.http.url,
        "https://api.stackexchange.com/2.3/search/advanced?site=stackoverflow&q=acme%20app&tagged=a%3Bc%23"
        "&sort=creation&order=desc&fromdate=1795277400&pagesize=100&page=1&filter=withbody&key=k%28%28");
    assert_string_equal(rig.request.endpoint, "search/advanced");
    rig_finish(&rig);

    start(&rig, "site: unix\nlook: comments\n", NULL);
    assert_has(rig.request.http.url, "/2.3/comments?site=unix&sort=creation&");
    assert_lacks(rig.request.http.url, "key=");
    rig_finish(&rig);
}

static void test_questions_become_mentions(void **state)
{
    const struct mention *m;
    struct rig rig;

    (void)state;
    start(&rig, SEARCH, NULL);
    assert_int_equal(rig_feed(&rig, 200, rig_fixture(&rig, "stackexchange/questions.json")), 0);
    assert_int_equal(rig.page.n_mentions, 3);
    assert_int_equal(rig.page.skipped, 1); /* null; what has no id is too old */
    assert_page_sound(&rig);
    m = &rig.page.mentions[0];
    assert_str(m->id, "stackexchange:stackoverflow/q/77000001");
    assert_str(m->text, "Why doesn't \"acme\" work & what now? \xF0\x9F\x98\xB5\n\nIt's down.\n\nAny idea?");
    assert_str(m->url, "https://stackoverflow.com/questions/77000001/why");
    assert_str(m->author.id, "stackoverflow/16567210");
    assert_str(m->author.name, "Zo\xC3\xAB & Co");
    assert_int_equal(m->edited_at_ms, 1795281650000);
    assert_int_equal(m->replies, 2);
    m = &rig.page.mentions[1];
    assert_str(m->id, "stackexchange:stackoverflow/q/9007199254740993");
    assert_str(m->url, "https://stackoverflow.com/questions/9007199254740993");
    assert_str(m->author.id, "[deleted]");
    assert_str(m->author.name, "user123");
    assert_int_equal(m->likes, 0);
    assert_str(rig.page.mentions[2].lang, "de");
    assert_int_equal(rig.step.kind, STEP_PAGE);
    rig_go_on(&rig);
    assert_has(rig.request.http.url, "&page=2&");
    rig_finish(&rig);
}

static void test_answers_and_comments(void **state)
{
    const struct mention *m;
    struct rig rig;

    (void)state;
    start(&rig, "site: unix\nquery: acme\nlook: all\n", NULL);
    assert_int_equal(rig_feed(&rig, 200, rig_fixture(&rig, "stackexchange/mixed.json")), 0);
    assert_int_equal(rig.page.n_mentions, 2);
    m = &rig.page.mentions[0];
    assert_str(m->id, "stackexchange:unix/a/5");
    assert_str(m->text, "try acme...");
    assert_str(m->url, "https://unix.stackexchange.com/a/5");
    assert_str(m->in_reply_to, "unix/q/4");
    assert_true(m->truncated);
    m = &rig.page.mentions[1];
    assert_str(m->id, "stackexchange:unix/c/6");
    assert_str(m->text, "acme <3 this");
    assert_str(m->url, "https://unix.stackexchange.com/questions/5#comment6_5");
    assert_str(m->in_reply_to_author, "b\xC3\xB6");
    rig_finish(&rig);
}

static void test_hosts_of_sites(void **state)
{
    static const struct {
        const char *site, *url;
    } cases[] = {
        {"superuser", "https://superuser.com/a/5"},
        {"pt.stackoverflow", "https://pt.stackoverflow.com/a/5"},
        {"meta.askubuntu", "https://meta.askubuntu.com/a/5"},
        {"mathoverflow", "https://mathoverflow.net/a/5"},
        {"stackoverflow.com", "https://stackoverflow.com/a/5"},
        {"notsuperuser", "https://notsuperuser.stackexchange.com/a/5"},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        char yaml[100];
        struct rig rig;

        snprintf(yaml, sizeof(yaml), "site: %s\nquery: acme\nlook: all\n", cases[i].site);
        start(&rig, yaml, NULL);
        assert_int_equal(rig_feed(&rig, 200, rig_fixture(&rig, "stackexchange/mixed.json")), 0);
        assert_str(rig.page.mentions[0].url, cases[i].url);
        rig_finish(&rig);
    }
}

/* `backoff` inside of a good answer is the method's; the quota is the day's. */
static void test_budgets_in_the_body(void **state)
{
    struct rig rig;

    (void)state;
    start(&rig, SEARCH, NULL);
    assert_int_equal(rig_feed(&rig, 200, rig_fixture(&rig, "stackexchange/questions.json")), 0);
    assert_true(rig.step.budget.told);
    assert_int_equal(rig.step.budget.remaining, 0);
    assert_int_equal(rig.step.budget.reset_ms, 12000);
    assert_int_equal(rig_feed(&rig, 200, rig_fixture(&rig, "stackexchange/mixed.json")), 0);
    assert_int_equal(rig.step.budget.limit, 300);
    assert_int_equal(rig.step.budget.remaining, 0);
    assert_int_equal(rig.step.budget.reset_ms, (6 * 60 + 30) * 60 * 1000); /* from 17:30 to midnight UTC */
    assert_int_equal(rig_feed(&rig, 200, STR("{\"items\":[],\"has_more\":false}")), 0);
    assert_false(rig.step.budget.told);
    assert_int_equal(rig.step.kind, STEP_DONE);
    assert_str(rig.step.cursor.low, LOW);
    rig_finish(&rig);
}

static void test_without_a_key_pages_end(void **state)
{
    struct rig rig;

    (void)state;
    start(&rig, SEARCH, NULL);
    rig.at = (struct source_cursor){.low = STR(LOW), .walking = true, .high = STR(LOW), .next = STR("25"),
                                    .floor = STR("1795277400000")};
    rig_prepare(&rig);
    assert_int_equal(rig_feed(&rig, 200, rig_fixture(&rig, "stackexchange/questions.json")), 0);
    assert_int_equal(rig.step.kind, STEP_DONE);
    assert_true(rig.step.gap);
    rig_finish(&rig);
}

static void test_refusals(void **state)
{
    static const struct {
        int status;
        const char *body;
        enum step_kind kind;
        int64_t wait_ms;
        const char *reason;
    } cases[] = {
        {400,
         "{\"error_id\":502,\"error_name\":\"throttle_violation\",\"error_message\":\"too many requests from "
         "this IP, "
         "more requests available in 67194 seconds\"}",
         STEP_WAIT, 67196000, "67194"},
        {502,
         "{\"error_id\":502,\"error_name\":\"throttle_violation\",\"error_message\":\"Violation of backoff "
         "parameter\"}",
         STEP_WAIT, 300000, "backoff"},
        {400, "{\"error_id\":400,\"error_name\":\"bad_parameter\",\"error_message\":\"site is required\"}",
         STEP_STOP, 0, "bad_parameter: site is required"},
        {400, "{\"error_id\":503,\"error_name\":\"temporarily_unavailable\"}", STEP_RETRY, 0, "temporarily"},
        {400, "{\"error_id\":500,\"error_name\":\"internal_error\"}", STEP_RETRY, 0, "internal"},
        {400, "{\"error_id\":405,\"error_name\":\"key_required\"}", STEP_STOP, 0, "key_required"},
        {503, "<html>", STEP_RETRY, 0, "503"},
        {429, "", STEP_WAIT, 0, "429"},
        {200, "<html>", STEP_RETRY, 0, "HTML"},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct rig rig;

        start(&rig, SEARCH, NULL);
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
    assert_int_equal(rig_feed(&rig, 200, STR("{\"has_more\":false}")), -EBADMSG);
    assert_int_equal(rig_feed(&rig, 200, STR("{\"items\":[")), -EBADMSG);
    rig_finish(&rig);
}

static void test_lookup(void **state)
{
    const struct str ids[] = {STR("stackexchange:unix/a/5"), STR("stackexchange:unix/q/4"),
                              STR("stackexchange:unix/q/9")};
    const struct str natives[] = {STR(""), STR(""), STR("")};
    const struct source_lookup asked = {ids, natives, 3};
    struct rig rig;

    (void)state;
    start(&rig, "site: unix\nquery: acme\nlook: all\n", NULL);
    assert_int_equal(source_stackexchange.lookup(&rig.src, &asked, &rig.arena, &rig.request, &rig.err), 0);
    assert_str(rig.request.http.url, "https://api.stackexchange.com/2.3/posts/5;4;9?site=unix&pagesize=100");
    rig.http.status = 200;
    rig.http.body = STR("{\"items\":[{\"post_id\":5},{\"post_id\":\"4\"}],\"has_more\":false}");
    rig.reply = (struct source_reply){.http = &rig.http, .body = rig.http.body, .received_at_ms = RIG_NOW};
    rig.page = (struct source_page){.arena = &rig.arena};
    assert_int_equal(
        source_stackexchange.parse_lookup(&rig.src, &asked, &rig.reply, &rig.page, &rig.step, &rig.err), 0);
    assert_int_equal(rig.page.n_gone, 1);
    assert_str(rig.page.gone[0], "stackexchange:unix/q/9");
    rig_finish(&rig);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_requests),
        cmocka_unit_test(test_questions_become_mentions),
        cmocka_unit_test(test_answers_and_comments),
        cmocka_unit_test(test_hosts_of_sites),
        cmocka_unit_test(test_budgets_in_the_body),
        cmocka_unit_test(test_without_a_key_pages_end),
        cmocka_unit_test(test_refusals),
        cmocka_unit_test(test_odd_answers_are_errors),
        cmocka_unit_test(test_lookup),
    };

    json_init();
    return cmocka_run_group_tests_name("source_stackexchange", tests, NULL, NULL);
}
