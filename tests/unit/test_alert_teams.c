/* Microsoft Teams, by workflows. */
#include "alert_rig.h"

extern const struct alert_channel alert_teams;

#define OPTIONS "url: ${ALERT_TEST_URL}\n"
#define CARD_MAX 20000

static void begin(struct alert_rig *rig, const char *options)
{
    setenv("ALERT_TEST_URL",
           "https://prod-1.logic.example:443/workflows/0/triggers/manual/paths/invoke?sig=secret", 1);
    rig_init(rig, &alert_teams, options);
}

static const json_t *card_of(const json_t *body)
{
    return json_get(json_array_get(json_get(body, "attachments"), 0), "content");
}

static void test_message(void **state)
{
    struct alert_rig rig;
    json_t *body;
    const json_t *blocks;

    (void)state;
    begin(&rig, OPTIONS);
    rig.notice.url = STR("https://mentiond.example/outages/o1");
    body = rig_json(&rig);
    blocks = json_get(card_of(body), "body");
    assert_true(rig.request.http.is_path_secret);
    assert_true(str_eq(json_get_text(card_of(body), "version"), STR("1.2")));
    assert_int_equal(json_array_size(blocks), 4);
    assert_true(str_eq(json_get_text(json_array_get(blocks, 0), "color"), STR("Attention")));
    assert_true(str_eq(json_get_text(json_array_get(blocks, 1), "text"),
                       STR("since 17:20, in Leeds\n\nmentionctl outages ack o1")));
    assert_true(
        str_eq(json_get_text(json_array_get(json_get(json_array_get(blocks, 2), "facts"), 1), "value"),
               STR("Leeds")));
    assert_true(
        str_eq(json_get_text(json_array_get(json_get(card_of(body), "actions"), 0), "url"), rig.notice.url));
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
    rig_finish(&rig);
}

static void check_size(struct alert_rig *rig)
{
    json_decref(rig_json(rig));
    assert_in_range(rig->request.http.body.len, 500, CARD_MAX);
    assert_true(rig_holds(rig->request.http.body, "(cut"));
}

static void test_lengths(void **state)
{
    struct alert_rig rig;
    char *longest, quotes[300];

    (void)state;
    begin(&rig, OPTIONS);
    rig_fill(&rig, rig_emoji(&rig, 5000));
    check_size(&rig);
    longest = arena_alloc(&rig.arena, 2000);
    memcpy(longest, "https://social.example/", 23);
    memset(longest + 23, 'a', 2000 - 23);
    memset(quotes, '"', 300); /* two bytes each in JSON */
    rig_fill(&rig, (struct str){quotes, 300});
    rig.notice.text = rig_emoji(&rig, 5000);
    rig.notice.url = (struct str){longest, 2000};
    for (size_t i = 0; i < ALERT_EXAMPLES_MAX; i++)
        rig.notice.examples[i].url = rig.notice.url;
    check_size(&rig);
    rig_finish(&rig);
}

static void test_replies(void **state)
{
    static const struct alert_case cases[] = {
        {202, NULL, NULL, "", ALERT_DONE, 0},
        {200, NULL, NULL, "1", ALERT_DONE, 0},
        {200, NULL, NULL,
         "Webhook message delivery failed with error: Microsoft Teams endpoint returned HTTP error 429",
         ALERT_LATER, -1},
        {200, NULL, NULL, "Microsoft Teams endpoint returned HTTP error 413", ALERT_REFUSED, 0},
        {302, "Location", "https://else.example/", "", ALERT_BROKEN, 0},
        {400, NULL, NULL, "{\"error\":{\"code\":\"WorkflowTriggerIsNotEnabled\"}}", ALERT_BROKEN, 0},
        {400, NULL, NULL, "{\"error\":{\"code\":\"InvalidRequestContent\"}}", ALERT_REFUSED, 0},
        {401, NULL, NULL, "{\"error\":{\"code\":\"DirectApiAuthorizationRequired\"}}", ALERT_BROKEN, 0},
        {404, NULL, NULL, "{\"error\":{\"code\":\"WorkflowNotFound\"}}", ALERT_BROKEN, 0},
        {413, NULL, NULL, "", ALERT_REFUSED, 0},
        {429, "Retry-After", "12", "", ALERT_LATER, 12000},
        {502, NULL, NULL, "{\"error\":{\"code\":\"NoResponse\"}}", ALERT_LATER, -1},
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
