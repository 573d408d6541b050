/* Standard Webhooks. */
#include "alert_rig.h"

extern const struct alert_channel alert_webhook;

#include "mentiond/codec.h"
#include "mentiond/digest.h"

#define OPTIONS "url: https://bus.example/in\nsecret: ${ALERT_TEST_SECRET}\n"
/* Of the specification's own libraries: 24 bytes. */
#define SECRET "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
#define OLDER "whsec_b2xkZXIgc2VjcmV0IG9mIDI0IGJ5dGVzISEh"

static void begin(struct alert_rig *rig, const char *options)
{
    setenv("ALERT_TEST_SECRET", SECRET, 1);
    rig_init(rig, &alert_webhook, options);
}

static struct str header_of(const struct alert_rig *rig, const char *name)
{
    for (size_t i = 0; i < rig->request.http.n_headers; i++) {
        if (str_eq(rig->request.headers[i].name, str_from(name)))
            return rig->request.headers[i].value;
    }
    return STR("");
}

static void test_message(void **state)
{
    struct alert_rig rig;

    (void)state;
    begin(&rig, OPTIONS);
    rig_prepare(&rig, STR(""));
    assert_true(str_eq(rig.request.http.url, STR("https://bus.example/in")));
    assert_true(str_eq(rig.request.http.body,
                       STR("{\"type\":\"outage.opened\",\"timestamp\":\"2026-11-21T17:30:00.000Z\","
                           "\"data\":{\"type\":\"outage.opened\"}}")));
    assert_true(str_eq(header_of(&rig, "webhook-id"), rig.notice.id));
    assert_true(str_eq(header_of(&rig, "webhook-timestamp"), STR("1795282200")));
    assert_true(str_starts_with(header_of(&rig, "webhook-signature"), STR("v1,")));
    rig_finish(&rig);
}

static void test_the_id_can_be_a_header(void **state)
{
    struct alert_rig rig;
    struct str id;

    (void)state;
    begin(&rig, OPTIONS);
    rig.notice.id = STR("acme/outage/L\u00eeds\r\nX-Evil: 1");
    rig_prepare(&rig, STR(""));
    id = header_of(&rig, "webhook-id");
    assert_int_equal(id.len, 64);
    rig_prepare(&rig, STR(""));
    assert_true(str_eq(header_of(&rig, "webhook-id"), id));
    rig_finish(&rig);
}

/* As the specification's libraries make it of their test vector. */
static void test_signature(void **state)
{
    struct alert_rig rig;
    struct str key, mac;

    (void)state;
    begin(&rig, OPTIONS);
    assert_true(base64_decode(STR("MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"), &rig.arena, &key));
    mac = digest_hmac_sha256(key, STR("msg_p5jXN8AQM9LWM0D4loKWxJek.1614265330.{\"test\": 2432232314}"),
                             &rig.arena);
    assert_true(str_eq(base64_encode(mac, &rig.arena), STR("g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=")));
    rig_finish(&rig);
}

static void test_several_secrets(void **state)
{
    struct alert_rig rig;
    struct str one, two;

    (void)state;
    begin(&rig, OPTIONS);
    rig_prepare(&rig, STR(""));
    one = header_of(&rig, "webhook-signature");
    setenv("ALERT_TEST_SECRET", SECRET "\n" OLDER, 1);
    rig_prepare(&rig, STR(""));
    two = header_of(&rig, "webhook-signature");
    assert_true(str_starts_with(two, one));
    assert_int_equal(two.len, 2 * one.len + 1);
    rig_finish(&rig);
}

static void test_wrong_secrets_are_not_shown(void **state)
{
    static const char *const wrong[] = {"whsec_short", "whsec_!!!!", "whsec_c2hvcnQ=", SECRET " x",
                                        SECRET " " SECRET " " SECRET " " SECRET " " SECRET};
    struct alert_rig rig;

    (void)state;
    begin(&rig, OPTIONS);
    for (size_t i = 0; i < ARRAY_LEN(wrong); i++) {
        setenv("ALERT_TEST_SECRET", wrong[i], 1);
        assert_true(alert_webhook.prepare(&rig.target, &rig.notice, STR(""), RIG_NOW, &rig.arena,
                                          &rig.request, &rig.err) < 0);
        assert_null(strstr(rig.err.text, "c2hvcnQ"));
        assert_null(strstr(rig.err.text, "MfKQ"));
    }
    rig_finish(&rig);
}

static void test_lengths(void **state)
{
    struct alert_rig rig;
    json_t *body;
    struct buf b = BUF_INIT(ALERT_BODY_MAX);

    (void)state;
    begin(&rig, OPTIONS);
    buf_append_str(&b, STR("{\"text\":"));
    buf_append_json(&b, rig_emoji(&rig, 5000));
    buf_append_char(&b, '}');
    rig_fill(&rig, rig_emoji(&rig, 5000));
    rig.notice.json = buf_str(&b);
    body = rig_json(&rig);
    assert_in_range(rig.request.http.body.len, 100, 20000);
    assert_true(json_get_bool(json_get(body, "data"), "cut"));
    assert_true(str_eq(json_get_text(json_get(body, "data"), "key"), rig.notice.key));
    json_decref(body);
    buf_finish(&b);
    rig_finish(&rig);
}

static void test_replies(void **state)
{
    static const struct alert_case cases[] = {
        {200, NULL, NULL, "", ALERT_DONE, 0},
        {204, NULL, NULL, "", ALERT_DONE, 0},
        {301, "Location", "https://else.example/", "", ALERT_BROKEN, 0},
        {400, NULL, NULL, "", ALERT_REFUSED, 0},
        {401, NULL, NULL, "", ALERT_BROKEN, 0},
        {410, NULL, NULL, "", ALERT_BROKEN, 0},
        {413, NULL, NULL, "", ALERT_REFUSED, 0},
        {429, "Retry-After", "2", "", ALERT_LATER, 2000},
        {502, NULL, NULL, "", ALERT_LATER, -1},
        {504, "Retry-After", "30", "", ALERT_LATER, 30000},
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
        cmocka_unit_test(test_the_id_can_be_a_header),
        cmocka_unit_test(test_signature),
        cmocka_unit_test(test_several_secrets),
        cmocka_unit_test(test_wrong_secrets_are_not_shown),
        cmocka_unit_test(test_lengths),
        cmocka_unit_test(test_replies),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
