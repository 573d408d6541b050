/* ntfy topics. */
#include "alert_rig.h"

extern const struct alert_channel alert_ntfy;

#define OPTIONS "server: https://ntfy.example\ntopic: ${ALERT_TEST_TOPIC}\ntoken: ${ALERT_TEST_TOKEN}\n"
#define JSON_MAX 8192

static void begin(struct alert_rig *rig, const char *options)
{
    setenv("ALERT_TEST_TOPIC", "acme-secret", 1);
    setenv("ALERT_TEST_TOKEN", "tk_secret", 1);
    rig_init(rig, &alert_ntfy, options);
}

static void test_message(void **state)
{
    struct alert_rig rig;
    json_t *body;

    (void)state;
    begin(&rig, OPTIONS);
    rig.notice.url = STR("https://mentiond.example/o1");
    body = rig_json(&rig);
    assert_true(str_eq(rig.request.http.url, STR("https://ntfy.example/")));
    assert_true(str_eq(rig.request.headers[1].value, STR("Bearer tk_secret")));
    assert_true(rig.request.headers[1].secret);
    assert_true(str_eq(json_get_text(body, "topic"), STR("acme-secret")));
    assert_true(str_eq(json_get_text(body, "title"), rig.notice.title));
    assert_int_equal(json_get_i64(body, "priority", 0), 5);
    assert_true(str_eq(json_get_text(body, "click"), rig.notice.url));
    assert_true(rig_holds(json_get_text(body, "message"), "people: 37\n"));
    assert_true(rig_holds(json_get_text(body, "message"), " (https://social.example/@jo/1): can't log in"));
    json_decref(body);
    rig_finish(&rig);
}

static void test_phases(void **state)
{
    static const struct {
        enum alert_phase phase;
        int priority;
        const char *tag;
    } cases[] = {{ALERT_FIRING, 5, "rotating_light"},
                 {ALERT_ACKED, 3, "eyes"},
                 {ALERT_RESOLVED, 3, "white_check_mark"},
                 {ALERT_PASSING, 5, "speech_balloon"}};
    struct alert_rig rig;

    (void)state;
    begin(&rig, OPTIONS);
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        json_t *body;

        rig.notice.phase = cases[i].phase;
        body = rig_json(&rig);
        assert_int_equal(json_get_i64(body, "priority", 0), cases[i].priority);
        assert_true(str_eq(json_text(json_array_get(json_get(body, "tags"), 0)), str_from(cases[i].tag)));
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
    assert_false(rig_holds(rig.request.http.body, "@everyone"));
    assert_false(rig_holds(rig.request.http.body, "https://evil"));
    assert_false(rig_holds(rig.request.http.body, "\"markdown\""));
    rig_finish(&rig);
}

static void check_lengths(struct alert_rig *rig)
{
    json_t *body = rig_json(rig);

    assert_in_range(json_get_text(body, "message").len, 100, 4096);
    assert_in_range(rig->request.http.body.len, 200, JSON_MAX);
    json_decref(body);
}

static void test_lengths(void **state)
{
    struct alert_rig rig;
    json_t *body;
    char *quotes;

    (void)state;
    begin(&rig, OPTIONS);
    rig_fill(&rig, rig_emoji(&rig, 5000));
    check_lengths(&rig);
    assert_true(rig_holds(rig.request.http.body, "(cut"));
    quotes = arena_alloc(&rig.arena, 5000); /* two bytes each in JSON */
    memset(quotes, '"', 5000);
    rig_fill(&rig, (struct str){quotes, 5000});
    check_lengths(&rig);
    rig.notice = (struct alert_notice){.id = STR("i"), .title = STR("t")};
    body = rig_json(&rig);
    assert_true(str_eq(json_get_text(body, "message"), STR("t")));
    json_decref(body);
    rig_finish(&rig);
}

static void test_replies(void **state)
{
    static const struct alert_case cases[] = {
        {200, NULL, NULL, "{\"id\":\"abc\",\"event\":\"message\"}", ALERT_DONE, 0},
        {200, NULL, NULL, "<html>ntfy web</html>", ALERT_REFUSED, 0},
        {400, NULL, NULL, "{\"code\":40024,\"http\":400}", ALERT_REFUSED, 0},
        {400, NULL, NULL, "{\"code\":40009,\"http\":400}", ALERT_BROKEN, 0},
        {401, NULL, NULL, "{\"code\":40101,\"http\":401}", ALERT_BROKEN, 0},
        {403, NULL, NULL, "{\"code\":40301,\"http\":403}", ALERT_BROKEN, 0},
        {413, NULL, NULL, "{\"code\":41303,\"http\":413}", ALERT_REFUSED, 0},
        {429, NULL, NULL, "{\"code\":42901,\"http\":429}", ALERT_LATER, 5000},
        {429, NULL, NULL, "{\"code\":42908,\"http\":429}", ALERT_LATER, 3600000},
        {429, "Retry-After", "9", "{\"code\":42901,\"http\":429}", ALERT_LATER, 9000},
        {500, NULL, NULL, "{\"code\":50001,\"http\":500}", ALERT_LATER, -1},
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
