/* PagerDuty's Events API v2. */
#include "alert_rig.h"

extern const struct alert_channel alert_pagerduty;

#define OPTIONS "routing_key: ${ALERT_TEST_KEY}\n"

static void begin(struct alert_rig *rig, const char *options)
{
    setenv("ALERT_TEST_KEY", "0123456789abcdef0123456789abcdef", 1);
    rig_init(rig, &alert_pagerduty, options);
}

static void test_message(void **state)
{
    struct alert_rig rig;
    json_t *body;

    (void)state;
    begin(&rig, OPTIONS);
    body = rig_json(&rig);
    assert_true(str_eq(rig.request.http.url, STR("https://events.pagerduty.com/v2/enqueue")));
    assert_true(str_eq(json_get_text(body, "dedup_key"), rig.notice.key));
    assert_true(str_eq(json_get_text(json_get(body, "payload"), "summary"), rig.notice.title));
    assert_true(str_eq(json_get_text(json_get(body, "payload"), "source"), STR("acme")));
    assert_true(str_eq(json_get_text(json_get(body, "payload"), "severity"), STR("critical")));
    assert_true(str_eq(json_text(json_path(body, "payload.custom_details.people")), STR("37")));
    assert_true(str_eq(json_get_text(json_array_get(json_get(body, "links"), 0), "href"),
                       STR("https://social.example/@jo/1")));
    json_decref(body);
    rig_finish(&rig);
}

static void test_phases(void **state)
{
    static const char *const actions[] = {[ALERT_FIRING] = "trigger",
                                          [ALERT_ACKED] = "acknowledge",
                                          [ALERT_RESOLVED] = "resolve",
                                          [ALERT_PASSING] = "trigger"};
    struct alert_rig rig;

    (void)state;
    begin(&rig, OPTIONS);
    for (size_t i = 0; i < ARRAY_LEN(actions); i++) {
        json_t *body;

        rig.notice.phase = (enum alert_phase)i;
        body = rig_json(&rig);
        assert_true(str_eq(json_get_text(body, "event_action"), str_from(actions[i])));
        assert_true(str_eq(json_get_text(body, "dedup_key"), rig.notice.key));
        assert_int_equal(json_get(body, "payload") != NULL, strcmp(actions[i], "trigger") == 0);
        json_decref(body);
    }
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
    rig_finish(&rig);
}

static void test_lengths(void **state)
{
    struct alert_rig rig;
    json_t *body;
    struct str key;

    (void)state;
    begin(&rig, OPTIONS);
    rig_fill(&rig, rig_emoji(&rig, 5000));
    rig.notice.key = rig.notice.title;
    body = rig_json(&rig);
    key = json_get_text(body, "dedup_key");
    assert_int_equal(key.len, 64);
    assert_in_range(json_get_text(json_get(body, "payload"), "summary").len / 4, 100, 1024);
    assert_true(rig.request.http.body.len < 64 * 1024);
    assert_true(rig_holds(rig.request.http.body, "(cut)"));
    json_decref(body);
    rig_finish(&rig);
}

static void test_replies(void **state)
{
    static const struct alert_case cases[] = {
        {202, NULL, NULL, "{\"status\":\"success\",\"message\":\"Event processed\"}", ALERT_DONE, 0},
        {200, NULL, NULL, "<html>", ALERT_REFUSED, 0},
        {400, NULL, NULL, "{\"status\":\"invalid event\",\"errors\":[\"'summary' is missing\"]}",
         ALERT_REFUSED, 0},
        {400, NULL, NULL, "{\"status\":\"invalid event\",\"errors\":[\"Invalid routing key\"]}", ALERT_BROKEN,
         0},
        {400, NULL, NULL, "{\"errors\":[\"Length of 'routing_key' is incorrect (should be 32 characters)\"]}",
         ALERT_BROKEN, 0},
        {413, NULL, NULL, "", ALERT_REFUSED, 0},
        {429, NULL, NULL, "{\"status\":\"throttle exceeded\"}", ALERT_LATER, 30000},
        {429, "Retry-After", "60", "", ALERT_LATER, 60000},
        {500, NULL, NULL, "", ALERT_LATER, -1},
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
        cmocka_unit_test(test_phases),
        cmocka_unit_test(test_strangers_words_are_words),
        cmocka_unit_test(test_lengths),
        cmocka_unit_test(test_replies),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
