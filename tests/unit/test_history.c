/* history: what a source usually brings, and whether its silence is unusual. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "poller/history.h"

#define MINUTE INT64_C(60000)
#define HOUR (60 * MINUTE)
#define DAY (24 * HOUR)
#define START INT64_C(1795219200000) /* a midnight */

static bool is_day(int64_t at_ms)
{
    return at_ms / HOUR % 24 >= 8 && at_ms / HOUR % 24 < 22;
}

/* Polled each minute for some days: six mentions an hour by day, none at night. */
static int64_t live(struct history *history, int days)
{
    int64_t at_ms = START;

    for (; at_ms < START + days * DAY; at_ms += MINUTE)
        history_add(history, is_day(at_ms) && at_ms / MINUTE % 10 == 0, at_ms);
    return at_ms;
}

/* Silent polls until it is found quiet; how long that took, or -1 after `limit`. */
static int64_t silence(struct history *history, int64_t from_ms, int64_t limit_ms)
{
    for (int64_t at_ms = from_ms; at_ms < from_ms + limit_ms; at_ms += MINUTE) {
        history_add(history, 0, at_ms);
        if (history_is_quiet(history, at_ms))
            return at_ms - from_ms;
    }
    return -1;
}

static void test_a_night_is_no_silence(void **state)
{
    struct history history = {0};
    int64_t now_ms = live(&history, 5);
    int64_t after_ms = silence(&history, now_ms, DAY); /* from midnight: nobody writes before eight */

    (void)state;
    assert_in_range(after_ms, 8 * HOUR, 11 * HOUR);
}

static void test_a_new_source_is_not_judged(void **state)
{
    struct history history = {0};
    int64_t at_ms = START + 8 * HOUR;

    (void)state;
    for (; at_ms < START + 20 * HOUR; at_ms += MINUTE)
        history_add(&history, 5, at_ms);
    assert_int_equal(silence(&history, at_ms, 8 * HOUR), -1);
}

static void test_a_daemon_that_was_off_saw_no_silence(void **state)
{
    struct history history = {0};
    int64_t now_ms = live(&history, 3) + 10 * HOUR;
    double watched = 0, before = 0;

    (void)state;
    for (size_t i = 0; i < HISTORY_HOURS; i++)
        before += history.watched[i];
    history_add(&history, 3, now_ms);
    for (size_t i = 0; i < HISTORY_HOURS; i++)
        watched += history.watched[i];
    assert_true(watched - before < 0.001);
    assert_false(history_is_quiet(&history, now_ms));
}

static void test_the_rate_follows(void **state)
{
    struct history history = {0};
    int64_t now_ms = live(&history, 60);
    double rate = history_per_hour(&history);

    (void)state;
    assert_true(rate > 3.3 && rate < 3.7); /* 84 a day */
    assert_true(history_expected(&history, now_ms, now_ms + DAY) > 80);
    for (int64_t at_ms = now_ms; at_ms < now_ms + 30 * DAY; at_ms += MINUTE)
        history_add(&history, 0, at_ms);
    assert_true(history_per_hour(&history) < 1.5);
}

static void test_it_is_kept(void **state)
{
    struct history history = {0}, back = {0};
    struct buf text = BUF_INIT(4096);
    int64_t now_ms = live(&history, 3);
    json_t *value;

    (void)state;
    history_to_json(&history, &text);
    value = json_loadb(text.data, text.len, 0, NULL);
    assert_non_null(value);
    history_from_json(value, &back);
    back.heard_at_ms = history.heard_at_ms;
    assert_true(history_expected(&back, now_ms, now_ms + DAY) > 80);
    json_decref(value);
    value = json_loads("[-5,\"x\",9e99,null,1e3,1152921504606846976]", 0, NULL);
    history_from_json(value, &back);
    history_from_json(NULL, &back);
    assert_true(history_expected(&back, now_ms, now_ms + DAY) >= 0);
    json_decref(value);
    buf_finish(&text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_night_is_no_silence),
        cmocka_unit_test(test_a_new_source_is_not_judged),
        cmocka_unit_test(test_a_daemon_that_was_off_saw_no_silence),
        cmocka_unit_test(test_the_rate_follows),
        cmocka_unit_test(test_it_is_kept),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
