/* Programs as receivers. */
#include "alert_rig.h"

extern const struct alert_channel alert_exec;

static const char *env_of(const struct alert_rig *rig, const char *name)
{
    size_t len = strlen(name);

    for (size_t i = 0; rig->request.env[i]; i++) {
        if (strncmp(rig->request.env[i], name, len) == 0 && rig->request.env[i][len] == '=')
            return rig->request.env[i] + len + 1;
    }
    return NULL;
}

static void test_request(void **state)
{
    struct alert_rig rig;

    (void)state;
    rig_init(&rig, &alert_exec, "argv: [/usr/local/bin/tell, --to, ops]\ntimeout: 5s\n");
    rig.notice.title = STR("$(reboot); `x`");
    rig_prepare(&rig, STR(""));
    assert_int_equal(rig.request.transport, ALERT_EXEC);
    assert_string_equal(rig.request.argv[0], "/usr/local/bin/tell");
    assert_string_equal(rig.request.argv[2], "ops");
    assert_null(rig.request.argv[3]);
    assert_int_equal(rig.request.timeout_ms, 5000);
    assert_true(str_eq(rig.request.stdin_text, STR("{\"type\":\"outage.opened\"}\n")));
    assert_string_equal(env_of(&rig, "MENTIOND_TITLE"), "$(reboot); `x`");
    assert_string_equal(env_of(&rig, "MENTIOND_PHASE"), "firing");
    assert_string_equal(env_of(&rig, "MENTIOND_SEVERITY"), "critical");
    rig_finish(&rig);
}

static void test_long_words_are_cut(void **state)
{
    struct alert_rig rig;

    (void)state;
    rig_init(&rig, &alert_exec, "argv: [x]\n");
    rig_fill(&rig, rig_emoji(&rig, 5000));
    rig_prepare(&rig, STR(""));
    assert_int_equal(strlen(env_of(&rig, "MENTIOND_TEXT")), 1000);
    rig_finish(&rig);
}

static void test_exit_statuses(void **state)
{
    static const struct {
        int status;
        enum alert_verdict verdict;
    } cases[] = {{0, ALERT_DONE},     {1, ALERT_LATER},  {64, ALERT_LATER}, {127, ALERT_LATER}, {75, ALERT_LATER}, {-9, ALERT_LATER}};
    struct alert_rig rig;

    (void)state;
    rig_init(&rig, &alert_exec, "argv: [x]\n");
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        rig.reply = (struct alert_reply){
            .exit_status = cases[i].status, .body = STR("no such room\n"), .received_at_ms = RIG_NOW};
        alert_exec.judge(&rig.target, &rig.notice, &rig.reply, &rig.arena, &rig.outcome);
        assert_int_equal(rig.outcome.verdict, cases[i].verdict);
        assert_true(rig_holds(rig.outcome.reason, "no such room"));
    }
    rig_finish(&rig);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_request),
        cmocka_unit_test(test_long_words_are_cut),
        cmocka_unit_test(test_exit_statuses),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
