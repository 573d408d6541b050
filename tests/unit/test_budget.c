/* budgets and quotas: arithmetic with a given time, and the headers' dialects. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "poller/budget.h"

#define NOW INT64_C(1795287600000) /* 2026-11-21T19:00:00Z */

static struct source_budget told(int64_t limit, int64_t remaining, int64_t reset_ms)
{
    return (struct source_budget){.told = true, .limit = limit, .remaining = remaining, .reset_ms = reset_ms};
}

static void test_nothing_is_known_at_first(void **state)
{
    struct budget_set set = {0};

    (void)state;
    assert_int_equal(budget_wait_ms(budget_of(&set, "search", NOW), 100, false, NOW), 0);
    assert_int_equal(budget_wait_ms(budget_of(&set, NULL, NOW), 1, false, NOW), 0);
    assert_int_equal(set.n, 2);
}

static void test_a_fifth_is_kept_for_paging(void **state)
{
    struct budget_set set = {0};
    struct budget *budget = budget_of(&set, "search", NOW);
    struct source_budget at = told(100, 20, 60000);

    (void)state;
    budget_learn(budget, &at, NOW);
    assert_int_equal(budget_wait_ms(budget, 1, false, NOW), 60000);
    assert_int_equal(budget_wait_ms(budget, 20, true, NOW), 0);
    assert_int_equal(budget_wait_ms(budget, 21, true, NOW), 60000);
    assert_int_equal(budget_wait_ms(budget, 1, false, NOW + 60000), 0);
}

/* A simulated network that counts: whatever the clients do, it never sees more than its limit in a window. */
static void test_never_above_the_limit(void **state)
{
    struct budget_set set = {0};
    struct budget *budget = budget_of(&set, "search", NOW);
    int64_t window_from = NOW, used = 0, most = 0, total = 0;

    (void)state;
    for (int64_t now = NOW; now < NOW + 3600000; now += 250) {
        if (now - window_from >= 900000) {
            window_from = now;
            used = 0;
        }
        for (int client = 0; client < 5; client++) {
            bool paging = client >= 3;
            struct source_budget at;

            if (budget_wait_ms(budget, 1, paging, now) > 0)
                continue;
            budget_spend(budget, 1, now);
            used++;
            total++;
            budget_settle(budget, 1);
            at = told(300, 300 - used > 0 ? 300 - used : 0, window_from + 900000 - now);
            budget_learn(budget, &at, now);
        }
        most = used > most ? used : most;
    }
    assert_in_range(most, 290, 300);
    assert_in_range(total, 4 * 290, 4 * 300);
}

static void test_requests_under_way_count(void **state)
{
    struct budget_set set = {0};
    struct budget *budget = budget_of(&set, "search", NOW);
    struct source_budget at = told(10, 5, 60000);

    (void)state;
    budget_learn(budget, &at, NOW);
    for (int i = 0; i < 5; i++) {
        assert_int_equal(budget_wait_ms(budget, 1, true, NOW), 0);
        budget_spend(budget, 1, NOW);
    }
    assert_int_equal(budget_wait_ms(budget, 1, true, NOW), 60000);
    for (int i = 0; i < 5; i++)
        budget_settle(budget, 1);
    assert_int_equal(budget_wait_ms(budget, 1, true, NOW), 60000);
}

static void test_the_second_half_is_spaced(void **state)
{
    struct budget_set set = {0};
    struct budget *budget = budget_of(&set, "search", NOW);
    struct source_budget at = told(100, 60, 100000);

    (void)state;
    budget_learn(budget, &at, NOW);
    budget_spend(budget, 1, NOW);
    assert_int_equal(budget_wait_ms(budget, 1, false, NOW), 0);
    budget_settle(budget, 1);
    at = told(100, 41, 100000);
    budget_learn(budget, &at, NOW);
    budget_spend(budget, 1, NOW);
    assert_int_equal(budget_wait_ms(budget, 1, false, NOW), 5000); /* 20 may still begin in 100 s */
    assert_int_equal(budget_wait_ms(budget, 1, true, NOW), 0);
}

static void test_the_endpoint_unused_for_longest_is_forgotten(void **state)
{
    struct budget_set set = {0};
    char name[16];

    (void)state;
    for (int i = 0; i <= BUDGETS_MAX; i++) {
        snprintf(name, sizeof(name), "e%d", i);
        budget_spend(budget_of(&set, name, NOW + i), 1, NOW + i);
    }
    assert_int_equal(set.n, BUDGETS_MAX);
    assert_string_equal(set.budgets[0].endpoint, "e16");
}

/* ---- headers ----------------------------------------------------------------------------------- */

#define H(n, v) {.name = {n, sizeof(n) - 1}, .value = {v, sizeof(v) - 1}}

static void test_dialects(void **state)
{
    static const struct {
        const char *what;
        struct http_header headers[4];
        int64_t limit, remaining, reset_ms;
        bool told;
    } cases[] = {
        {"seconds left", {H("x-ratelimit-limit", "300"), H("x-ratelimit-remaining", "299"), H("x-ratelimit-reset", "42")},
         300, 299, 42000, true},
        {"fractions", {H("X-Ratelimit-Used", "6"), H("X-Ratelimit-Remaining", "594.0"), H("X-Ratelimit-Reset", "300")},
         -1, 594, 300000, true},
        {"epoch", {H("RateLimit-Limit", "3000"), H("RateLimit-Remaining", "0"), H("RateLimit-Reset", "1795287660")},
         3000, 0, 60000, true},
        {"epoch in ms", {H("X-RateLimit-Remaining", "7"), H("X-RateLimit-Reset", "1795287601500")}, -1, 7, 1500, true},
        {"ISO 8601", {H("X-RateLimit-Limit", "300"), H("X-RateLimit-Remaining", "1"),
                      H("X-RateLimit-Reset", "2026-11-21T19:05:00.000000Z")}, 300, 1, 300000, true},
        {"X", {H("x-rate-limit-limit", "450"), H("x-rate-limit-remaining", "449"), H("x-rate-limit-reset", "1795288500")},
         450, 449, 900000, true},
        {"reset after", {H("X-RateLimit-Remaining", "4"), H("X-RateLimit-Reset", "1795287600.5"),
                         H("X-RateLimit-Reset-After", "1.25")}, -1, 4, 2000, true},
        {"one line", {H("RateLimit", "limit=100, remaining=50, reset=5")}, 100, 50, 5000, true},
        {"structured", {H("RateLimit-Policy", "\"default\";q=100;w=60"), H("RateLimit", "\"default\";r=50;t=30")},
         100, 50, 30000, true},
        {"a list", {H("RateLimit-Limit", "100, 100;w=60"), H("RateLimit-Remaining", "9")}, 100, 9, -1, true},
        {"a limit alone", {H("X-RateLimit-Limit", "100")}, 0, 0, 0, false},
        {"nonsense", {H("X-RateLimit-Remaining", "many"), H("X-RateLimit-Reset", "soon")}, 0, 0, 0, false},
        {"negative", {H("X-RateLimit-Remaining", "-3")}, 0, 0, 0, false},
        {"huge", {H("X-RateLimit-Remaining", "99999999999999999999999999")}, 0, 0, 0, false},
        {"nothing", {H("Date", "Sat, 21 Nov 2026 19:00:00 GMT")}, 0, 0, 0, false},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct http_response response = {.status = 200};
        struct source_budget got = {0};

        while (response.n_headers < 4 && cases[i].headers[response.n_headers].name.s) {
            response.headers[response.n_headers] = cases[i].headers[response.n_headers];
            response.n_headers++;
        }
        if (budget_read_headers(&response, NOW, &got) != cases[i].told)
            fail_msg("%s: told %d", cases[i].what, got.told);
        if (cases[i].told && (got.limit != cases[i].limit || got.remaining != cases[i].remaining ||
                              got.reset_ms != cases[i].reset_ms))
            fail_msg("%s: %lld %lld %lld", cases[i].what, (long long)got.limit, (long long)got.remaining,
                     (long long)got.reset_ms);
    }
}

/* ---- quotas ------------------------------------------------------------------------------------ */

/* YouTube: 100 units a search, 10,000 a day from 08:00 UTC, asked as often as it lets us. */
static void test_a_day_of_units_lasts_the_day(void **state)
{
    struct quota quota = {.period = QUOTA_DAY, .limit = 10000, .starts_ms = 8 * 3600000};
    int64_t from = NOW - 11 * 3600000, last = 0; /* 08:00 */
    int searches = 0;

    (void)state;
    for (int64_t now = from; now < from + 86400000; now += 60000) {
        if (quota_wait_ms(&quota, 100, now) > 0)
            continue;
        quota_spend(&quota, 100, now);
        searches++;
        last = now;
    }
    assert_int_equal(quota.used, 10000);
    assert_int_equal(searches, 100);
    assert_true(last - from > 23 * 3600000);
    assert_int_equal(quota_wait_ms(&quota, 100, from + 86400000 - 1000), 1000);
    assert_int_equal(quota_wait_ms(&quota, 100, from + 86400000), 0);
    assert_int_equal(quota.used, 0);
}

static void test_money_lasts_the_month(void **state)
{
    struct quota quota = {.period = QUOTA_MONTH, .limit = 50 * INT64_C(1000000)};
    int64_t from = INT64_C(1793491200000); /* 2026-11-01 */
    int64_t half = 0;

    (void)state;
    for (int64_t now = from; now < from + 30 * INT64_C(86400000); now += 300000) {
        if (quota_wait_ms(&quota, 0, now) == 0)
            quota_spend(&quota, 50000 + now % 7 * 1000, now);
        if (now < from + 15 * INT64_C(86400000))
            half = quota.used;
    }
    assert_in_range(quota.used, 49 * 1000000, 50 * 1000000);
    assert_in_range(half, 20 * 1000000, 28 * 1000000);
    quota_spend(&quota, 0, from + 30 * INT64_C(86400000));
    assert_int_equal(quota.used, 0);
}

static void test_without_a_limit_nobody_waits(void **state)
{
    struct quota quota = {.period = QUOTA_DAY};

    (void)state;
    quota_spend(&quota, INT64_MAX, NOW);
    quota_spend(&quota, INT64_MAX, NOW);
    assert_int_equal(quota_wait_ms(&quota, 5, NOW), 0);
}

static void test_the_forecast_and_its_note(void **state)
{
    struct quota quota = {.period = QUOTA_DAY, .limit = 1000};
    int64_t midnight = NOW - 19 * 3600000;

    (void)state;
    quota_spend(&quota, 300, midnight + 6 * 3600000);
    assert_int_equal(quota_forecast(&quota, midnight + 6 * 3600000), 1200);
    assert_true(quota_note(&quota));
    assert_false(quota_note(&quota));
    quota_roll(&quota, midnight + 25 * 3600000);
    assert_true(quota_note(&quota));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_nothing_is_known_at_first),
        cmocka_unit_test(test_a_fifth_is_kept_for_paging),
        cmocka_unit_test(test_never_above_the_limit),
        cmocka_unit_test(test_requests_under_way_count),
        cmocka_unit_test(test_the_second_half_is_spaced),
        cmocka_unit_test(test_the_endpoint_unused_for_longest_is_forgotten),
        cmocka_unit_test(test_dialects),
        cmocka_unit_test(test_a_day_of_units_lasts_the_day),
        cmocka_unit_test(test_money_lasts_the_month),
        cmocka_unit_test(test_without_a_limit_nobody_waits),
        cmocka_unit_test(test_the_forecast_and_its_note),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
