/* Telegram's Bot API. */
#include "alert_rig.h"

extern const struct alert_channel alert_telegram;

#define OPTIONS "token: ${ALERT_TEST_TOKEN}\nchat: '-100777'\n"
#define ADDRESS "https://api.telegram.org/bot12345:secret/sendMessage"

static void begin(struct alert_rig *rig, const char *options)
{
    setenv("ALERT_TEST_TOKEN", "12345:secret", 1);
    rig_init(rig, &alert_telegram, options);
}

static json_t *json_with_memo(struct alert_rig *rig, struct str memo)
{
    json_t *value = NULL;

    rig_prepare(rig, memo);
    assert_int_equal(json_page_parse(rig->request.http.body, NULL, &value, &rig->err), 0);
    return value;
}

static void test_message(void **state)
{
    struct alert_rig rig;
    json_t *body;

    (void)state;
    begin(&rig, OPTIONS "thread: 5\nsilent: true\n");
    body = rig_json(&rig);
    assert_true(str_eq(rig.request.http.url, STR(ADDRESS)));
    assert_true(rig.request.http.is_path_secret);
    assert_true(str_eq(json_get_text(body, "chat_id"), STR("-100777")));
    assert_true(str_eq(json_get_text(body, "parse_mode"), STR("HTML")));
    assert_true(json_get_bool(json_get(body, "link_preview_options"), "is_disabled"));
    assert_true(json_get_bool(body, "disable_notification"));
    assert_int_equal(json_get_i64(body, "message_thread_id", 0), 5);
    assert_true(rig_holds(json_get_text(body, "text"), "<b>acme: login is down, 37 people</b>\nsince"));
    assert_true(rig_holds(json_get_text(body, "text"), "<a href=\"https://social.example/@jo/1\">jo@"));
    json_decref(body);
    rig_finish(&rig);
}

static void test_addresses_are_escaped(void **state)
{
    struct alert_rig rig;

    (void)state;
    begin(&rig, OPTIONS);
    rig.notice.examples[0].url = STR("https://social.example/?a=1&copy=2");
    json_decref(rig_json(&rig));
    assert_true(rig_holds(rig.request.http.body, "?a=1&amp;copy=2"));
    rig_finish(&rig);
}

static void test_what_is_remembered(void **state)
{
    struct alert_rig rig;
    json_t *body;

    (void)state;
    begin(&rig, OPTIONS);
    rig_check_memo(&rig, 400, "{\"ok\":false,\"description\":\"Bad Request: can't parse entities: x\"}",
                   "plain");
    rig_check_memo(&rig, 400, "{\"ok\":false,\"parameters\":{\"migrate_to_chat_id\":-100999}}",
                   "chat -100999");
    body = json_with_memo(&rig, STR("chat -100999"));
    assert_true(str_eq(json_get_text(body, "chat_id"), STR("-100999")));
    json_decref(body);
    body = json_with_memo(&rig, STR("chat x"));
    assert_true(str_eq(json_get_text(body, "chat_id"), STR("-100777")));
    json_decref(body);
    rig_fill(&rig, STR(HOSTILE));
    body = json_with_memo(&rig, STR("plain"));
    assert_null(json_get(body, "parse_mode"));
    assert_false(rig_holds(rig.request.http.body, "<b>"));
    assert_false(rig_holds(rig.request.http.body, "@everyone"));
    assert_false(rig_holds(rig.request.http.body, "https://evil"));
    json_decref(body);
    rig_finish(&rig);
}

static void test_strangers_words_are_words(void **state)
{
    struct alert_rig rig;

    (void)state;
    begin(&rig, OPTIONS);
    rig.notice.examples[0].text = rig.notice.text = STR(HOSTILE);
    rig.notice.title = STR("title");
    rig.notice.n_facts = 0;
    json_decref(rig_json(&rig));
    assert_false(rig_holds(rig.request.http.body, "@everyone"));
    assert_false(rig_holds(rig.request.http.body, "<script>"));
    assert_false(rig_holds(rig.request.http.body, "**b** </b>"));
    assert_false(rig_holds(rig.request.http.body, "https://evil"));
    rig_finish(&rig);
}

/* Without tags; an entity is one. */
static size_t visible_len(struct str text)
{
    size_t n = 0;
    bool inside = false;

    for (size_t i = 0; i < text.len; i++) {
        inside = text.s[i] == '<' || (inside && text.s[i] != '>');
        if (text.s[i] == '&')
            i += strcspn(text.s + i, ";");
        n += !inside && text.s[i] != '>' && (text.s[i] & 0xc0) != 0x80
                 ? 1u + ((unsigned char)text.s[i] >= 0xf0)
                 : 0;
    }
    return n;
}

static void test_lengths(void **state)
{
    struct alert_rig rig;
    json_t *body;
    char *longest;

    (void)state;
    begin(&rig, OPTIONS);
    rig_fill(&rig, rig_emoji(&rig, 5000));
    body = rig_json(&rig);
    assert_in_range(visible_len(json_get_text(body, "text")), 2000, 4096);
    json_decref(body);
    longest = arena_alloc(&rig.arena, 1900);
    memcpy(longest, "https://social.example/", 23);
    memset(longest + 23, 'a', 1900 - 23);
    for (size_t i = 0; i < ALERT_EXAMPLES_MAX; i++)
        rig.notice.examples[i].url = (struct str){longest, 1900};
    body = json_with_memo(&rig, STR("plain"));
    assert_in_range(utf16_len(json_get_text(body, "text")), 500, 4096);
    json_decref(body);
    rig_finish(&rig);
}

static void test_replies(void **state)
{
    static const struct alert_case cases[] = {
        {200, NULL, NULL, "{\"ok\":true,\"result\":{\"message_id\":7}}", ALERT_DONE, 0},
        {200, NULL, NULL, "{\"ok\":false}", ALERT_REFUSED, 0},
        {400, NULL, NULL, "{\"ok\":false,\"description\":\"Bad Request: can't parse entities: unclosed\"}",
         ALERT_AGAIN, 0},
        {400, NULL, NULL,
         "{\"ok\":false,\"description\":\"Bad Request: group chat was upgraded to a supergroup chat\","
         "\"parameters\":{\"migrate_to_chat_id\":-100999}}",
         ALERT_AGAIN, 0},
        {400, NULL, NULL, "{\"ok\":false,\"description\":\"Bad Request: chat not found\"}", ALERT_BROKEN, 0},
        {400, NULL, NULL, "{\"ok\":false,\"description\":\"Bad Request: message thread not found\"}",
         ALERT_BROKEN, 0},
        {400, NULL, NULL, "{\"ok\":false,\"description\":\"Bad Request: message is too long\"}",
         ALERT_REFUSED, 0},
        {401, NULL, NULL, "{\"ok\":false,\"description\":\"Unauthorized\"}", ALERT_BROKEN, 0},
        {403, NULL, NULL, "{\"ok\":false,\"description\":\"Forbidden: bot was kicked\"}", ALERT_BROKEN, 0},
        {404, NULL, NULL, "{\"ok\":false,\"description\":\"Not Found\"}", ALERT_BROKEN, 0},
        {429, NULL, NULL, "{\"ok\":false,\"parameters\":{\"retry_after\":17}}", ALERT_LATER, 17000},
        {429, "Retry-After", "3", "", ALERT_LATER, 3000},
        {502, NULL, NULL, "<html>", ALERT_LATER, -1},
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
        cmocka_unit_test(test_addresses_are_escaped),
        cmocka_unit_test(test_what_is_remembered),
        cmocka_unit_test(test_strangers_words_are_words),
        cmocka_unit_test(test_lengths),
        cmocka_unit_test(test_replies),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
