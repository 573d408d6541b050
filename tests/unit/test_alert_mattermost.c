/* Mattermost's incoming webhooks. */
#include "alert_rig.h"

extern const struct alert_channel alert_mattermost;

#define OPTIONS "url: ${ALERT_TEST_URL}\n"

static void begin(struct alert_rig *rig, const char *options)
{
    setenv("ALERT_TEST_URL", "https://chat.example/hooks/secret", 1);
    rig_init(rig, &alert_mattermost, options);
}

static const json_t *attachment_of(const json_t *body)
{
    return json_array_get(json_get(body, "attachments"), 0);
}

static void test_message(void **state)
{
    struct alert_rig rig;
    json_t *body;

    (void)state;
    begin(&rig, OPTIONS "channel: ops\n");
    body = rig_json(&rig);
    assert_true(rig.request.http.is_path_secret);
    assert_true(str_eq(json_get_text(body, "text"), STR("**acme: login is down, 37 people**")));
    assert_true(str_eq(json_get_text(body, "channel"), STR("ops")));
    assert_true(rig_holds(json_get_text(attachment_of(body), "text"), "**place:** Leeds\n"));
    assert_true(str_eq(json_get_text(attachment_of(body), "color"), STR("#e01e5a")));
    json_decref(body);
    rig.notice.phase = ALERT_RESOLVED;
    body = rig_json(&rig);
    assert_true(str_eq(json_get_text(attachment_of(body), "color"), STR("#2eb67d")));
    json_decref(body);
    rig_finish(&rig);
}

static void test_strangers_words_are_words(void **state)
{
    struct alert_rig rig;

    (void)state;
    begin(&rig, OPTIONS);
    rig_fill(&rig, STR(HOSTILE));
    json_decref(rig_json(&rig));
    rig_check_harmless(rig.request.http.body);
    rig_fill(&rig, STR("one\n# two\n- three"));
    rig.notice.text = STR("");
    json_decref(rig_json(&rig));
    assert_true(rig_holds(rig.request.http.body, "**one \\\\# two - three**"));
    rig_finish(&rig);
}

static void test_lengths(void **state)
{
    struct alert_rig rig;
    json_t *body;

    (void)state;
    begin(&rig, OPTIONS);
    rig_fill(&rig, rig_emoji(&rig, 5000));
    body = rig_json(&rig);
    assert_in_range(utf16_len(json_get_text(body, "text")) +
                        utf16_len(json_get_text(attachment_of(body), "text")),
                    1000, 16383);
    assert_true(rig_holds(rig.request.http.body, "(cut"));
    json_decref(body);
    rig_finish(&rig);
}

static void test_replies(void **state)
{
    static const struct alert_case cases[] = {
        {200, NULL, NULL, "ok", ALERT_DONE, 0},
        {200, NULL, NULL, "{\"id\":\"web.incoming_webhook.text.app_error\"}", ALERT_REFUSED, 0},
        {302, "Location", "https://else.example/login", "", ALERT_BROKEN, 0},
        {400, NULL, NULL, "{\"id\":\"web.incoming_webhook.invalid.app_error\"}", ALERT_BROKEN, 0},
        {400, NULL, NULL, "{\"id\":\"web.incoming_webhook.parse.app_error\"}", ALERT_REFUSED, 0},
        {403, NULL, NULL, "{\"id\":\"web.incoming_webhook.channel_locked.app_error\"}", ALERT_BROKEN, 0},
        {404, NULL, NULL, "not found", ALERT_BROKEN, 0},
        {413, NULL, NULL, "", ALERT_REFUSED, 0},
        {429, "Retry-After", "2", "limit exceeded", ALERT_LATER, 2000},
        {429, NULL, NULL, "", ALERT_LATER, -1},
        {500, NULL, NULL, "{\"id\":\"api.context.x\"}", ALERT_LATER, -1},
        {501, NULL, NULL, "{\"id\":\"web.incoming_webhook.disabled.app_error\"}", ALERT_BROKEN, 0},
    };
    struct alert_rig rig;

    (void)state;
    begin(&rig, OPTIONS);
    rig_check_replies(&rig, cases, ARRAY_LEN(cases));
    rig_finish(&rig);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_message),
        cmocka_unit_test(test_strangers_words_are_words),
        cmocka_unit_test(test_lengths),
        cmocka_unit_test(test_replies),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
