/* Mail. */
#include "alert_rig.h"
#include "alerts/text.h"

extern const struct alert_channel alert_email;

#define OPTIONS "server: smtp://mail.example:587\nfrom: mentiond@acme.example\nto: [ops@acme.example, duty@acme.example]\n"

static void begin(struct alert_rig *rig)
{
    setenv("ALERT_TEST_PASSWORD", "hunter2", 1);
    rig_init(rig, &alert_email, OPTIONS "user: jo\npassword: ${ALERT_TEST_PASSWORD}\n");
}

/* Every line of a message is short and ends with CR LF; the headers end before the body. */
static void check_lines(struct str text)
{
    bool in_body = false;

    while (text.len > 0) {
        size_t end = str_find(text, STR("\r\n"));

        assert_true(end != SIZE_MAX && end <= 998);
        assert_true(str_find(str_slice(text, 0, end), STR("\n")) == SIZE_MAX);
        in_body = in_body || end == 0;
        text = str_slice(text, end + 2, text.len);
    }
    assert_true(in_body);
}

static void test_message(void **state)
{
    struct alert_rig rig;
    struct str text;

    (void)state;
    begin(&rig);
    rig_prepare(&rig, STR(""));
    text = rig.request.mail.text;
    assert_int_equal(rig.request.mail.n_to, 2);
    assert_true(str_eq(rig.request.mail.user, STR("jo")));
    assert_true(str_eq(rig.request.mail.password, STR("hunter2")));
    assert_true(rig_holds(text, "Date: Sat, 21 Nov 2026 17:30:00 +0000\r\n"));
    assert_true(rig_holds(text, "To: <ops@acme.example>,\r\n <duty@acme.example>\r\n"));
    assert_true(rig_holds(text, "Message-Id: <acme.outage.o1.opened.1@mentiond>\r\n"));
    assert_true(rig_holds(text, "References: <acme.outage.o1@mentiond>\r\n"));
    assert_true(rig_holds(text, "Subject: =?utf-8?B?YWNtZTogbG9naW4gaXMgZG93biwgMzcgcGVvcGxl?=\r\n"));
    assert_false(rig_holds(text, "hunter2"));
    check_lines(text);
    rig_finish(&rig);
}

static void test_strangers_words_begin_no_header(void **state)
{
    struct alert_rig rig;

    (void)state;
    begin(&rig);
    rig_fill(&rig, STR("x\r\nBcc: all@acme.example\r\n\r\n.\r\n" HOSTILE));
    rig.notice.key = rig.notice.id = STR("a>\r\nBcc: b@c");
    rig_prepare(&rig, STR(""));
    assert_false(rig_holds(rig.request.mail.text, "Bcc:"));
    check_lines(rig.request.mail.text);
    rig_finish(&rig);
}

static void test_lengths(void **state)
{
    struct alert_rig rig;

    (void)state;
    begin(&rig);
    rig_fill(&rig, rig_emoji(&rig, 5000));
    rig_prepare(&rig, STR(""));
    assert_true(rig.request.mail.text.len < 64 * 1024);
    check_lines(rig.request.mail.text);
    rig_finish(&rig);
}

static void test_statuses(void **state)
{
    static const struct {
        int status;
        enum alert_verdict verdict;
    } cases[] = {{250, ALERT_DONE}, {421, ALERT_LATER}, {451, ALERT_LATER}, {452, ALERT_LATER},
                 {535, ALERT_BROKEN}, {550, ALERT_REFUSED}, {552, ALERT_REFUSED}, {554, ALERT_REFUSED}};
    struct alert_rig rig;

    (void)state;
    begin(&rig);
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        rig.reply = (struct alert_reply){.mail_status = cases[i].status, .body = STR("5.1.1 who?"), .received_at_ms = RIG_NOW};
        alert_email.judge(&rig.target, &rig.notice, &rig.reply, &rig.arena, &rig.outcome);
        assert_int_equal(rig.outcome.verdict, cases[i].verdict);
    }
    rig_finish(&rig);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_message),
        cmocka_unit_test(test_strangers_words_begin_no_header),
        cmocka_unit_test(test_lengths),
        cmocka_unit_test(test_statuses),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
