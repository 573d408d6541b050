/* Prometheus' Alertmanager. */
#include "alert_rig.h"

extern const struct alert_channel alert_alertmanager;

#define OPTIONS "url: http://am.example:9093/\n"

static void begin(struct alert_rig *rig, const char *options)
{
    setenv("ALERT_TEST_PASSWORD", "secret", 1);
    rig_init(rig, &alert_alertmanager, options);
}

static json_t *labels_of(struct alert_rig *rig)
{
    json_t *body = rig_json(rig), *labels = json_object_get(json_array_get(body, 0), "labels");

    json_incref(labels);
    json_decref(body);
    return labels;
}

static void test_message(void **state)
{
    struct alert_rig rig;
    json_t *body;
    const json_t *alert;

    (void)state;
    begin(&rig, OPTIONS "labels: [severity=page, team=care]\n");
    body = rig_json(&rig);
    alert = json_array_get(body, 0);
    assert_true(str_eq(rig.request.http.url, STR("http://am.example:9093/api/v2/alerts")));
    assert_true(str_eq(json_text(json_path(alert, "labels.alertname")), STR("MentiondOutage")));
    assert_true(str_eq(json_text(json_path(alert, "labels.severity")), STR("page")));
    assert_true(str_eq(json_text(json_path(alert, "annotations.people")), STR("37")));
    assert_true(str_eq(json_get_text(alert, "startsAt"), STR("2026-11-21T17:20:00.000Z")));
    assert_true(str_eq(json_get_text(alert, "endsAt"), STR("2026-11-21T17:34:00.000Z")));
    json_decref(body);
    rig_finish(&rig);
}

static void test_labels_last_as_long_as_the_outage(void **state)
{
    struct alert_rig rig;
    json_t *opened, *over;

    (void)state;
    begin(&rig, OPTIONS);
    opened = labels_of(&rig);
    rig.notice.phase = ALERT_RESOLVED;
    rig.notice.severity = ALERT_INFO;
    rig.notice.event = STR("outage.over");
    rig.notice.id = STR("acme/outage/o1/over/9");
    rig.notice.title = STR("acme: login is back, 412 people");
    rig.notice.facts[0].value = STR("412");
    over = labels_of(&rig);
    assert_true(json_equal(opened, over));
    json_decref(opened);
    json_decref(over);
    rig_finish(&rig);
}

static void test_the_end(void **state)
{
    struct alert_rig rig;
    json_t *body;

    (void)state;
    begin(&rig, OPTIONS);
    rig.notice.phase = ALERT_RESOLVED;
    rig.notice.until_ms = RIG_NOW - 60000;
    body = rig_json(&rig);
    assert_true(str_eq(json_get_text(json_array_get(body, 0), "endsAt"), STR("2026-11-21T17:29:00.000Z")));
    json_decref(body);
    rig.notice.since_ms = RIG_NOW; /* begins after its end: Alertmanager would refuse it */
    body = rig_json(&rig);
    assert_true(str_eq(json_get_text(json_array_get(body, 0), "startsAt"), STR("2026-11-21T17:29:00.000Z")));
    json_decref(body);
    rig_finish(&rig);
}

static void test_authentication(void **state)
{
    struct alert_rig rig;

    (void)state;
    begin(&rig, OPTIONS "user: ops\npassword: ${ALERT_TEST_PASSWORD}\n");
    rig_prepare(&rig, STR(""));
    assert_true(str_eq(rig.request.headers[1].value, STR("Basic b3BzOnNlY3JldA==")));
    assert_true(rig.request.headers[1].secret);
    rig_finish(&rig);
    begin(&rig, OPTIONS "token: ${ALERT_TEST_PASSWORD}\n");
    rig_prepare(&rig, STR(""));
    assert_true(str_eq(rig.request.headers[1].value, STR("Bearer secret")));
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

    (void)state;
    begin(&rig, OPTIONS);
    rig_fill(&rig, rig_emoji(&rig, 5000));
    rig.notice.key = rig.notice.title;
    for (size_t i = 0; i < ALERT_FACTS_MAX; i++)
        rig.notice.facts[i].name = STR("per 1\u00e9 <b>");
    json_decref(rig_json(&rig));
    assert_in_range(rig.request.http.body.len, 1000, 40000);
    assert_true(rig_holds(rig.request.http.body, "\"per_1____b_\":"));
    rig_finish(&rig);
}

static void test_replies(void **state)
{
    static const struct alert_case cases[] = {
        {200, NULL, NULL, "", ALERT_DONE, 0},
        {301, "Location", "https://else.example/", "", ALERT_BROKEN, 0},
        {400, NULL, NULL, "\"start time must be before end time\"", ALERT_REFUSED, 0},
        {401, NULL, NULL, "Unauthorized", ALERT_BROKEN, 0},
        {404, NULL, NULL, "404 page not found", ALERT_BROKEN, 0},
        {429, "Retry-After", "5", "", ALERT_LATER, 5000},
        {500, NULL, NULL, "\"internal\"", ALERT_LATER, -1},
        {503, NULL, NULL, "", ALERT_LATER, -1},
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
        cmocka_unit_test(test_labels_last_as_long_as_the_outage),
        cmocka_unit_test(test_the_end),
        cmocka_unit_test(test_authentication),
        cmocka_unit_test(test_strangers_words_are_words),
        cmocka_unit_test(test_lengths),
        cmocka_unit_test(test_replies),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
