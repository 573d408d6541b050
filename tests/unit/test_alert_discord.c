/* Discord's webhooks. */
#include "alert_rig.h"

extern const struct alert_channel alert_discord;

#define URL "https://discord.example/api/webhooks/1/secret"
#define OPTIONS "url: ${ALERT_TEST_URL}\n"

static void begin(struct alert_rig *rig, const char *options)
{
    setenv("ALERT_TEST_URL", URL, 1);
    rig_init(rig, &alert_discord, options);
}

static const json_t *embed_of(const json_t *body)
{
    return json_array_get(json_get(body, "embeds"), 0);
}

static void check_url(struct alert_rig *rig, struct str memo, const char *method, const char *url)
{
    rig_prepare(rig, memo);
    assert_string_equal(rig->request.http.method, method);
    if (!str_eq(rig->request.http.url, str_from(url)))
        fail_msg("%.*s", STR_FMT(rig->request.http.url));
}

static void test_message(void **state)
{
    struct alert_rig rig;
    json_t *body;

    (void)state;
    begin(&rig, OPTIONS);
    body = rig_json(&rig);
    assert_true(str_eq(rig.request.http.url, STR(URL "?wait=true")));
    assert_true(rig.request.http.is_path_secret);
    assert_int_equal(json_array_size(json_path(body, "allowed_mentions.parse")), 0);
    assert_true(json_is_array(json_path(body, "allowed_mentions.parse")));
    assert_true(str_eq(json_get_text(embed_of(body), "title"), rig.notice.title));
    assert_true(str_eq(json_get_text(embed_of(body), "timestamp"), STR("2026-11-21T17:30:00.000Z")));
    assert_true(rig_holds(json_get_text(embed_of(body), "description"), "**people:** 37\n"));
    assert_true(rig_holds(json_get_text(embed_of(body), "description"),
                          "](https://social.example/@jo/1): can't log in"));
    json_decref(body);
    rig_finish(&rig);
}

static void test_threads_and_edits(void **state)
{
    struct alert_rig rig;

    (void)state;
    begin(&rig, OPTIONS "thread: '77'\nedit: true\n");
    check_url(&rig, STR(""), "POST", URL "?wait=true&thread_id=77");
    check_url(&rig, STR("123"), "PATCH", URL "/messages/123?wait=true&thread_id=77");
    check_url(&rig, STR("new"), "POST", URL "?wait=true&thread_id=77");
    check_url(&rig, STR("1/../2"), "POST", URL "?wait=true&thread_id=77");
    rig.notice.phase = ALERT_PASSING;
    check_url(&rig, STR("123"), "POST", URL "?wait=true&thread_id=77");
    rig_finish(&rig);
    begin(&rig, OPTIONS);
    check_url(&rig, STR("123"), "POST", URL "?wait=true");
    rig_check_memo(&rig, 200, "{\"id\":\"987\"}", "987");
    rig_check_memo(&rig, 404, "{\"code\":10008}", "new");
    rig_finish(&rig);
}

static void test_strangers_words_are_words(void **state)
{
    struct alert_rig rig;
    json_t *body;

    (void)state;
    begin(&rig, OPTIONS);
    rig_fill(&rig, STR(HOSTILE));
    body = rig_json(&rig);
    rig_check_harmless(rig.request.http.body);
    assert_true(rig_holds(json_get_text(embed_of(body), "title"), "\\*\\*b\\*\\*"));
    json_decref(body);
    rig_finish(&rig);
}

static void check_lengths(struct alert_rig *rig)
{
    json_t *body = rig_json(rig);
    size_t title = utf16_len(json_get_text(embed_of(body), "title"));
    size_t description = utf16_len(json_get_text(embed_of(body), "description"));

    assert_in_range(title, 1, 256);
    assert_in_range(description, 1, 4096);
    assert_in_range(title + description, 1, 6000);
    assert_true(rig_holds(rig->request.http.body, "(cut"));
    json_decref(body);
}

static void test_lengths(void **state)
{
    struct alert_rig rig;
    char *longest;

    (void)state;
    begin(&rig, OPTIONS);
    rig_fill(&rig, rig_emoji(&rig, 5000));
    check_lengths(&rig);
    longest = arena_alloc(&rig.arena, 5000); /* a character of three when escaped */
    memset(longest, '<', 5000);
    rig_fill(&rig, (struct str){longest, 5000});
    check_lengths(&rig);
    longest = arena_alloc(&rig.arena, 1900);
    memcpy(longest, "https://social.example/", 23);
    memset(longest + 23, 'a', 1900 - 23);
    for (size_t i = 0; i < ALERT_EXAMPLES_MAX; i++)
        rig.notice.examples[i].url = (struct str){longest, 1900};
    check_lengths(&rig);
    rig_finish(&rig);
}

static void test_replies(void **state)
{
    static const struct alert_case cases[] = {
        {200, NULL, NULL, "{\"id\":\"987\"}", ALERT_DONE, 0},
        {200, NULL, NULL, "<html>sign in</html>", ALERT_REFUSED, 0},
        {204, NULL, NULL, "", ALERT_DONE, 0},
        {301, "Location", "https://else.example/", "", ALERT_BROKEN, 0},
        {400, NULL, NULL, "{\"code\":50006,\"message\":\"Cannot send an empty message\"}", ALERT_REFUSED, 0},
        {400, NULL, NULL, "{\"code\":50035,\"errors\":{}}", ALERT_REFUSED, 0},
        {400, NULL, NULL, "{\"code\":220001}", ALERT_BROKEN, 0},
        {401, NULL, NULL, "{\"code\":50027}", ALERT_BROKEN, 0},
        {403, NULL, NULL, "", ALERT_BROKEN, 0},
        {404, NULL, NULL, "{\"code\":10015,\"message\":\"Unknown Webhook\"}", ALERT_BROKEN, 0},
        {404, NULL, NULL, "{\"code\":10008}", ALERT_AGAIN, 0},
        {413, NULL, NULL, "", ALERT_REFUSED, 0},
        {429, "Retry-After", "65", "{\"retry_after\":64.57,\"global\":false}", ALERT_LATER, 65000},
        {429, NULL, NULL, "{\"retry_after\":64.57,\"global\":false}", ALERT_LATER, 64570},
        {429, NULL, NULL, "{\"retry_after\":1e300}", ALERT_LATER, 24 * 3600 * 1000},
        {429, NULL, NULL, "{\"retry_after\":-5}", ALERT_LATER, -1},
        {429, NULL, NULL, "error code: 1015", ALERT_LATER, -1},
        {502, NULL, NULL, "", ALERT_LATER, -1},
    };
    struct alert_rig rig;

    (void)state;
    begin(&rig, OPTIONS);
    rig_check_replies(&rig, cases, ARRAY_LEN(cases));
    rig_finish(&rig);
}

static void test_a_reply_with_a_credential_is_not_repeated(void **state)
{
    struct alert_rig rig;

    (void)state;
    begin(&rig, OPTIONS);
    rig_judge(&rig, 404, NULL, NULL, "no route POST /api/webhooks/1/aB3dE5gH7jK9mN1pQ3sT5vW7 here");
    assert_true(rig_holds(rig.outcome.reason, "no route POST"));
    assert_false(rig_holds(rig.outcome.reason, "aB3dE5"));
    rig_finish(&rig);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_message),
        cmocka_unit_test(test_threads_and_edits),
        cmocka_unit_test(test_strangers_words_are_words),
        cmocka_unit_test(test_lengths),
        cmocka_unit_test(test_replies),
        cmocka_unit_test(test_a_reply_with_a_credential_is_not_repeated),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
