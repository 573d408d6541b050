/* Slack's incoming webhooks. */
#include "alert_rig.h"

extern const struct alert_channel alert_slack;

#define OPTIONS "url: ${ALERT_TEST_URL}\n"

static void begin(struct alert_rig *rig)
{
    setenv("ALERT_TEST_URL", "https://hooks.slack.example/services/T/B/secret", 1);
    rig_init(rig, &alert_slack, OPTIONS);
}

static void test_message(void **state)
{
    struct alert_rig rig;
    json_t *body;

    (void)state;
    begin(&rig);
    body = rig_json(&rig);
    assert_true(str_eq(rig.request.http.url, STR("https://hooks.slack.example/services/T/B/secret")));
    assert_true(rig.request.http.is_path_secret);
    assert_true(str_eq(json_get_text(body, "text"), rig.notice.title));
    assert_false(json_get_bool(body, "unfurl_links"));
    assert_int_equal(json_array_size(json_get(body, "blocks")), 4);
    assert_true(rig_holds(rig.request.http.body, "<https://social.example/@jo/1|jo@"));
    assert_true(rig_holds(rig.request.http.body, "*people*\\n37"));
    json_decref(body);
    rig_finish(&rig);
}

static void test_strangers_words_are_words(void **state)
{
    struct alert_rig rig;
    json_t *body;

    (void)state;
    begin(&rig);
    rig_fill(&rig, STR(HOSTILE));
    body = rig_json(&rig);
    assert_false(rig_holds(rig.request.http.body, "<!channel>"));
    assert_false(rig_holds(rig.request.http.body, "<@U1>"));
    assert_false(rig_holds(rig.request.http.body, "<script>"));
    assert_false(rig_holds(rig.request.http.body, "@everyone"));
    assert_false(rig_holds(rig.request.http.body, "https://evil"));
    json_decref(body);
    rig_finish(&rig);
}

static size_t characters(struct str text)
{
    size_t n = 0;

    for (size_t i = 0; i < text.len; i++)
        n += (text.s[i] & 0xc0) != 0x80;
    return n;
}

static size_t text_of(const json_t *block)
{
    const json_t *fields = json_get(block, "fields");
    size_t units = characters(json_text(json_path(block, "text.text")));

    for (size_t i = 0; i < json_array_size(fields); i++)
        units += characters(json_get_text(json_array_get(fields, i), "text"));
    return units;
}

static void check_lengths(struct alert_rig *rig)
{
    json_t *body = rig_json(rig);
    const json_t *blocks = json_get(body, "blocks");
    size_t all = 0;

    for (size_t i = 0; i < json_array_size(blocks); i++) {
        size_t units = text_of(json_array_get(blocks, i));

        assert_true(units <= (i == 0 ? 150 : 3000));
        all += units;
    }
    assert_true(all <= 13200);
    assert_true(rig_holds(rig->request.http.body, "(cut)"));
    json_decref(body);
}

static void test_lengths(void **state)
{
    struct alert_rig rig;
    char *longest;

    (void)state;
    begin(&rig);
    rig_fill(&rig, rig_emoji(&rig, 5000));
    check_lengths(&rig);
    longest = arena_alloc(&rig.arena, 5000); /* five characters each when escaped */
    memset(longest, '&', 5000);
    rig_fill(&rig, (struct str){longest, 5000});
    check_lengths(&rig);
    assert_false(rig_holds(rig.request.http.body, "&am\""));
    rig_finish(&rig);
}

static void test_replies(void **state)
{
    static const struct alert_case cases[] = {
        {200, NULL, NULL, "ok", ALERT_DONE, 0},
        {200, NULL, NULL, "invalid_payload", ALERT_REFUSED, 0},
        {301, "Location", "https://else.example/", "", ALERT_BROKEN, 0},
        {400, NULL, NULL, "invalid_blocks", ALERT_REFUSED, 0},
        {403, NULL, NULL, "invalid_token", ALERT_BROKEN, 0},
        {404, NULL, NULL, "no_service", ALERT_BROKEN, 0},
        {410, NULL, NULL, "channel_is_archived", ALERT_BROKEN, 0},
        {429, "Retry-After", "7", "{\"ok\":false}", ALERT_LATER, 7000},
        {429, "Retry-After", "Sat, 21 Nov 2026 17:30:30 GMT", "", ALERT_LATER, 30000},
        {429, NULL, NULL, "", ALERT_LATER, -1},
        {500, NULL, NULL, "rollup_error", ALERT_LATER, -1},
    };
    struct alert_rig rig;

    (void)state;
    begin(&rig);
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
