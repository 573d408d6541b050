/* Matrix rooms. */
#include "alert_rig.h"

extern const struct alert_channel alert_matrix;

#define OPTIONS "server: https://hs.example/\nroom: '!abc:hs.example'\ntoken: ${ALERT_TEST_TOKEN}\n"
#define ADDRESS "https://hs.example/_matrix/client/v3/rooms/%21abc%3Ahs.example/send/m.room.message/"

static void begin(struct alert_rig *rig, const char *options)
{
    setenv("ALERT_TEST_TOKEN", "secret", 1);
    rig_init(rig, &alert_matrix, options);
}

static void test_message(void **state)
{
    struct alert_rig rig;
    json_t *body;

    (void)state;
    begin(&rig, OPTIONS);
    body = rig_json(&rig);
    assert_string_equal(rig.request.http.method, "PUT");
    assert_true(str_starts_with(rig.request.http.url, STR(ADDRESS)));
    assert_true(str_eq(rig.request.headers[1].value, STR("Bearer secret")));
    assert_true(rig.request.headers[1].secret);
    assert_true(str_eq(json_get_text(body, "msgtype"), STR("m.notice")));
    assert_int_equal(json_object_size(json_object_get(body, "m.mentions")), 0);
    assert_true(json_is_object(json_object_get(body, "m.mentions")));
    assert_true(rig_holds(json_get_text(body, "body"), "acme: login is down, 37 people\nsince"));
    assert_true(rig_holds(json_get_text(body, "formatted_body"),
                          "37 people</b><br>since 17:20, in Leeds<br>mentionctl"));
    json_decref(body);
    rig_finish(&rig);
}

static void test_a_retry_has_the_same_address(void **state)
{
    struct alert_rig rig;
    struct str first;

    (void)state;
    begin(&rig, OPTIONS);
    rig_prepare(&rig, STR(""));
    first = rig.request.http.url;
    rig_prepare(&rig, STR(""));
    assert_true(str_eq(rig.request.http.url, first));
    rig.notice.id = STR("acme/outage/o1/grew/2");
    rig_prepare(&rig, STR(""));
    assert_false(str_eq(rig.request.http.url, first));
    rig_finish(&rig);
}

static void test_strangers_words_are_words(void **state)
{
    struct alert_rig rig;
    json_t *body;

    (void)state;
    begin(&rig, OPTIONS);
    rig.notice.examples[0].text = rig.notice.text = rig.notice.title = STR(HOSTILE);
    body = rig_json(&rig);
    assert_false(rig_holds(rig.request.http.body, "@everyone"));
    assert_false(rig_holds(rig.request.http.body, "https://evil"));
    assert_false(rig_holds(json_get_text(body, "formatted_body"), "<script>"));
    assert_false(rig_holds(json_get_text(body, "formatted_body"), "**b** </b>"));
    json_decref(body);
    rig_finish(&rig);
}

static void test_lengths(void **state)
{
    struct alert_rig rig;

    (void)state;
    begin(&rig, OPTIONS);
    rig_fill(&rig, rig_emoji(&rig, 5000));
    json_decref(rig_json(&rig));
    assert_in_range(rig.request.http.body.len, 1000, 60000);
    assert_true(rig_holds(rig.request.http.body, "(cut"));
    rig_finish(&rig);
}

static void test_replies(void **state)
{
    static const struct alert_case cases[] = {
        {200, NULL, NULL, "{\"event_id\":\"$1\"}", ALERT_DONE, 0},
        {200, NULL, NULL, "<html>", ALERT_REFUSED, 0},
        {400, NULL, NULL, "{\"errcode\":\"M_BAD_JSON\"}", ALERT_REFUSED, 0},
        {401, NULL, NULL, "{\"errcode\":\"M_UNKNOWN_TOKEN\"}", ALERT_BROKEN, 0},
        {403, NULL, NULL, "{\"errcode\":\"M_FORBIDDEN\"}", ALERT_BROKEN, 0},
        {404, NULL, NULL, "{\"errcode\":\"M_UNRECOGNIZED\"}", ALERT_BROKEN, 0},
        {413, NULL, NULL, "{\"errcode\":\"M_TOO_LARGE\"}", ALERT_REFUSED, 0},
        {429, "Retry-After", "4", "{\"errcode\":\"M_LIMIT_EXCEEDED\",\"retry_after_ms\":3500}", ALERT_LATER,
         4000},
        {429, NULL, NULL, "{\"errcode\":\"M_LIMIT_EXCEEDED\",\"retry_after_ms\":3500}", ALERT_LATER, 3500},
        {502, NULL, NULL, "", ALERT_LATER, -1},
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
        cmocka_unit_test(test_a_retry_has_the_same_address),
        cmocka_unit_test(test_strangers_words_are_words),
        cmocka_unit_test(test_lengths),
        cmocka_unit_test(test_replies),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
