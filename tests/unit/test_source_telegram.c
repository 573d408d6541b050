/* telegram: updates and their offset, chats, refusals. */
#include "source_rig.h"

extern const struct source_driver source_telegram;

#define ACCOUNT "token: ${TEST_TOKEN}\napi: http://localhost:9/\n"

static void start(struct rig *rig, const char *options)
{
    setenv("TEST_TOKEN", "123:ABC", 1);
    rig_init(rig, &source_telegram, options, ACCOUNT);
    rig->src.backfill_ms = 24 * 3600 * 1000;
    rig->at.low = STR("700");
    rig_prepare(rig);
}

static void test_request(void **state)
{
    struct rig rig;

    (void)state;
    start(&rig, "{}");
    assert_str(
        rig.request.http.url,
        "http://localhost:9/bot123:ABC/getUpdates?offset=700&limit=100&allowed_updates=%5B%22message%22%2C"
        "%22edited_message%22%2C%22channel_post%22%2C%22edited_channel_post%22%5D");
    assert_true(rig.request.http.is_path_secret);
    rig.at.low = STR("");
    rig_prepare(&rig);
    assert_lacks(rig.request.http.url, "offset");
    rig_finish(&rig);
}

static void test_updates_become_mentions(void **state)
{
    struct rig rig;
    const struct mention *m;

    (void)state;
    start(&rig, "{}");
    assert_int_equal(rig_feed(&rig, 200, rig_fixture(&rig, "telegram/updates.json")), 0);
    assert_int_equal(rig.page.n_mentions, 3);
    assert_int_equal(rig.page.skipped, 4);
    assert_page_sound(&rig);

    m = &rig.page.mentions[0];
    assert_str(m->id, "telegram:-1001293752024/11");
    assert_str(m->url, "https://t.me/acme_users/11");
    assert_str(m->text, "Acme is down \xF0\x9F\x94\xA5 &amp; <b>"); /* as written: it is no HTML */
    assert_str(m->author.id, "6962620676");
    assert_str(m->author.handle, "ana_d");
    assert_str(m->author.name, "Ana D\xC3\xAD" "az");
    assert_str(m->in_reply_to, "-1001293752024/9");
    assert_str(m->in_reply_to_author, "bo");
    assert_str(m->conversation, "-1001293752024/5");
    assert_str(m->named[0], "42");
    assert_int_equal(m->created_at_ms, 1795281600000);

    m = &rig.page.mentions[1];
    assert_str(m->url, "https://t.me/c/1276785818/10");
    assert_str(m->text, "acme, wieder!");
    assert_int_equal(m->edited_at_ms, 1795281500000);
    assert_str(m->in_reply_to, ""); /* the topic's own beginning */
    assert_str(m->conversation, "");
    assert_str(m->place, "Leeds");
    m = &rig.page.mentions[2];
    assert_str(m->author.id, "-1002149282975");
    assert_str(m->author.name, "News");
    assert_str(m->repost_of, "-100555/4");

    assert_int_equal(rig.step.kind, STEP_PAGE); /* all are confirmed, also what we do not know */
    rig_go_on(&rig);
    assert_has(rig.request.http.url, "offset=708&");
    assert_int_equal(rig_feed(&rig, 200, STR("{\"ok\":true,\"result\":[]}")), 0);
    assert_int_equal(rig.step.kind, STEP_DONE);
    assert_str(rig.step.cursor.low, "708");
    rig_finish(&rig);
}

static void test_chats(void **state)
{
    static const struct {
        const char *options;
        size_t want;
    } cases[] = {
        {"private_chats: true\n", 4},
        {"chats: ['@Acme_Users']\n", 1},
        {"chats: [newsch, '-1001276785818']\n", 2},
        {"chats: ['@nobody']\n", 0},
    };
    struct rig rig;

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        start(&rig, cases[i].options);
        assert_int_equal(rig_feed(&rig, 200, rig_fixture(&rig, "telegram/updates.json")), 0);
        assert_int_equal(rig.page.n_mentions, cases[i].want);
        rig_finish(&rig);
    }
    start(&rig, "{}");
    rig.at.low = STR(""); /* the first look goes back by the backfill */
    rig.src.backfill_ms = 650 * 1000;
    assert_int_equal(rig_feed(&rig, 200, rig_fixture(&rig, "telegram/updates.json")), 0);
    assert_int_equal(rig.page.n_mentions, 1);
    assert_true(rig.page.mentions[0].backfill);
    rig_finish(&rig);
}

static void test_refusals(void **state)
{
    static const struct {
        int status;
        const char *body;
        enum step_kind want;
        int64_t want_wait_ms;
        const char *says;
    } cases[] = {
        {401, "{\"ok\":false,\"error_code\":401,\"description\":\"Unauthorized\"}", STEP_STOP, 0, "revoked"},
        {404, "{\"ok\":false,\"error_code\":404,\"description\":\"Not Found\"}", STEP_STOP, 0,
         "no bot's token"},
        {409,
         "{\"ok\":false,\"error_code\":409,\"description\":\"Conflict: can't use getUpdates method while "
         "webhook is active; use deleteWebhook to delete the webhook first\"}",
         STEP_STOP, 0, "has a webhook"},
        {409,
         "{\"ok\":false,\"error_code\":409,\"description\":\"Conflict: terminated by other getUpdates "
         "request\"}",
         STEP_WAIT, 30000, "another program"},
        {429,
         "{\"ok\":false,\"error_code\":429,\"description\":\"Too Many Requests: retry after 17\","
         "\"parameters\":{\"retry_after\":17}}",
         STEP_WAIT, 17000, "too many"},
        {420, "{\"ok\":false,\"error_code\":420,\"parameters\":{\"retry_after\":\"3\"}}", STEP_WAIT, 3000,
         "too many"},
        {200, "{\"ok\":false,\"error_code\":429,\"description\":\"x\"}", STEP_WAIT, 30000, "too many"},
        {400, "{\"ok\":false,\"error_code\":400,\"description\":\"Bad Request\"}", STEP_STOP, 0, "refused"},
        {502, "<html>", STEP_RETRY, 0, "server error"},
        {500, "{\"ok\":false,\"error_code\":500}", STEP_RETRY, 0, "server error"},
    };
    struct rig rig;

    (void)state;
    start(&rig, "{}");
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        assert_int_equal(rig_feed(&rig, cases[i].status, str_from(cases[i].body)), 0);
        assert_int_equal(rig.step.kind, cases[i].want);
        assert_int_equal(rig.step.wait_ms, cases[i].want_wait_ms);
        assert_has(rig.step.reason, cases[i].says);
    }
    assert_int_equal(rig_feed(&rig, 200, STR("{\"ok\":true}")), -EBADMSG);
    assert_int_equal(rig_feed(&rig, 200, STR("{\"ok\":tr")), -EBADMSG);
    assert_int_equal(rig_feed(&rig, 200, STR("")), -EBADMSG);
    rig_finish(&rig);
}

static void test_one_source_a_bot(void **state)
{
    struct source_settings two[2] = {{.name = STR("a"), .account = STR("bot"), .enabled = true},
                                     {.name = STR("b"), .account = STR("bot"), .enabled = true}};
    struct brand_settings brand = {.sources = two, .n_sources = 2};
    struct settings settings = {.brands = &brand, .n_brands = 1};
    struct rig rig;

    (void)state;
    start(&rig, "everything: true\n");
    settings.doc = rig.docs[0];
    rig.src.settings = &two[0];
    assert_false(source_telegram.check(&rig.src, &settings, &rig.diag));
    assert_has(str_from(rig.diag.items[0].text), "a bot of its own");
    two[1].enabled = false;
    assert_true(source_telegram.check(&rig.src, &settings, &rig.diag));
    assert_true(rig.src.unfiltered);
    rig_finish(&rig);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_request),
        cmocka_unit_test(test_updates_become_mentions),
        cmocka_unit_test(test_chats),
        cmocka_unit_test(test_refusals),
        cmocka_unit_test(test_one_source_a_bot),
    };

    json_init();
    return cmocka_run_group_tests_name("source_telegram", tests, NULL, NULL);
}
