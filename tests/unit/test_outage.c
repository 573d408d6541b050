/* The detector: what opens an outage and what does not, what it is called, who belongs to it, when it
 * is over. The traps are those of docs/outages.md. */
#include "outage_support.h"

static void test_three_people_open_within_a_quarter_of_an_hour(void **state)
{
    static const struct {
        double minutes; /* between the first and the last */
        unsigned people;
        bool opens;
    } cases[] = {
        {2, 3, true}, {14, 3, true}, {40, 3, false}, {40, 4, true}, {1, 2, false}, {55, 2, false},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct rig rig;

        rig_init(&rig);
        chat(&rig, -24 * 60, -1, 4); /* a quiet brand, known for a day */
        for (unsigned k = 0; k < cases[i].people; k++)
            give(&rig, report_at(&rig, cases[i].minutes * k / (cases[i].people - 1), 1 + k));
        if (outage_open_count(rig.d) != cases[i].opens)
            fail_msg("%u people in %.0f min: %zu open", cases[i].people, cases[i].minutes,
                     outage_open_count(rig.d));
        rig_finish(&rig);
    }
}

static void test_the_event_says_since_when_and_who(void **state)
{
    struct rig rig;

    (void)state;
    rig_init(&rig);
    for (unsigned k = 0; k < 3; k++)
        give(&rig, report_at(&rig, 2 + 3 * k, 1 + k));
    assert_int_equal(
        count_lines(&rig, "opened 1 why 0 beside 0 at 8.500 since 2.000 topic -1 place 0 people 3 of 3"), 1);
    assert_non_null(strstr(rig.log.data, "refs 1 2 3\n"));
    rig_finish(&rig);
}

/* Twelve reports within six minutes, each changed by one habit that is no evidence. */
static struct outage_fact flood(struct rig *rig, unsigned k, const char *habit)
{
    struct outage_fact f = report_at(rig, 0.5 * k, 1 + k);

    if (!strcmp(habit, "one person"))
        f.author = 7;
    if (!strcmp(habit, "two people"))
        f.author = 7 + k % 2;
    f.repost = !strcmp(habit, "reposts");
    f.young = !strcmp(habit, "copies of young accounts");
    f.n_words = strstr(habit, "copies") ? 8 : 0;
    for (uint32_t i = 0; i < f.n_words; i++)
        f.words[i] = i == 7 && !strcmp(habit, "edited copies") ? 100 + k : 10 + i;
    return f;
}

static void test_what_is_no_evidence(void **state)
{
    static const char *const habits[] = {"one person", "two people", "reposts", "copies",
                                         "edited copies", "copies of young accounts"};

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(habits); i++) {
        struct rig rig;

        rig_init(&rig);
        for (unsigned k = 0; k < 12; k++)
            give(&rig, flood(&rig, k, habits[i]));
        if (rig.log.len > 0)
            fail_msg("%s: %s", habits[i], rig.log.data);
        rig_finish(&rig);
    }
}

static void test_short_texts_are_no_copies(void **state)
{
    struct rig rig;

    (void)state;
    rig_init(&rig);
    for (unsigned k = 0; k < 3; k++) {
        struct outage_fact f = report_at(&rig, k, 1 + k);

        f.n_words = 4;
        for (uint32_t i = 0; i < 4; i++)
            f.words[i] = 10 + i;
        give(&rig, f);
    }
    assert_int_equal(outage_open_count(rig.d), 1);
    rig_finish(&rig);
}

static void test_young_accounts_need_twice_as_many(void **state)
{
    struct rig rig;

    (void)state;
    rig_init(&rig);
    for (unsigned k = 0; k < 6; k++) {
        struct outage_fact f = report_at(&rig, 0.3 * k, 1 + k);

        f.young = true;
        give(&rig, f);
        assert_int_equal(outage_open_count(rig.d), k == 5);
    }
    rig_finish(&rig);
}

static void test_faint_words_need_one_more(void **state)
{
    struct rig rig;

    (void)state;
    rig_init(&rig);
    for (unsigned k = 0; k < 4; k++) {
        struct outage_fact f = report_at(&rig, 0.3 * k, 1 + k);

        f.faint = true;
        give(&rig, f);
        assert_int_equal(outage_open_count(rig.d), k == 3);
    }
    rig_finish(&rig);
}

static void test_reposts_are_members_but_not_people(void **state)
{
    struct rig rig;

    (void)state;
    rig_init(&rig);
    for (unsigned k = 0; k < 4; k++) {
        struct outage_fact f = report_at(&rig, k, 1 + k);

        f.repost = k == 1;
        give(&rig, f);
    }
    assert_non_null(strstr(rig.log.data, "people 3 of 4 "));
    rig_finish(&rig);
}

static void test_a_loud_brand_needs_more(void **state)
{
    struct rig quiet, loud;

    (void)state;
    rig_init(&quiet);
    rig_init(&loud);
    chat(&quiet, -24 * 60, 0, 20);
    for (unsigned k = 0; k < 24 * 12; k++) {
        give(&loud, report_at(&loud, -24 * 60 + 5.0 * k, 100 + k));
        chat(&loud, -24 * 60 + 5.0 * k + 1, -24 * 60 + 5.0 * k + 4, 70);
    }
    assert_true(loud.log.len == 0);
    for (unsigned k = 0; k < 5; k++) {
        give(&quiet, report_at(&quiet, 2 * k, 1 + k));
        give(&loud, report_at(&loud, 2 * k, 1 + k));
    }
    assert_int_equal(outage_open_count(quiet.d), 1);
    assert_int_equal(outage_open_count(loud.d), 0);
    rig_finish(&quiet);
    rig_finish(&loud);
}

/* A report each 40 minutes for weeks is what is ordinary, three in twelve minutes are not. */
static void test_ordinary_reports_become_the_base(void **state)
{
    struct rig rig;
    unsigned opened;

    (void)state;
    rig_init(&rig);
    for (unsigned k = 0; k < 20 * 36; k++) {
        give(&rig, report_at(&rig, 40.0 * k, 100 + k));
        chat(&rig, 40.0 * k + 1, 40.0 * k + 39, 20);
    }
    opened = count_lines(&rig, "opened");
    assert_int_equal(opened, 0);
    for (unsigned k = 0; k < 5; k++)
        give(&rig, report_at(&rig, 40.0 * 720 + 1.5 * k, 5000 + k));
    assert_int_equal(count_lines(&rig, "opened"), 1);
    rig_finish(&rig);
}

static void test_late_words_count_where_they_were_written(void **state)
{
    struct rig rig;

    (void)state;
    rig_init(&rig);
    for (unsigned k = 0; k < 3; k++)
        give_at(&rig, report_at(&rig, k, 1 + k), at_min(50 + k)); /* three of a minute, an hour old */
    assert_int_equal(outage_open_count(rig.d), 0);
    for (unsigned k = 0; k < 9; k++)
        give_at(&rig, report_at(&rig, -90, 10 + k), at_min(60)); /* older than the window */
    assert_int_equal(outage_open_count(rig.d), 0);
    rig_finish(&rig);
}

static struct outage_fact about(struct outage_fact f, int topic, uint32_t place)
{
    f.topics = topic < 0 ? 0 : 1u << topic;
    f.place = place;
    return f;
}

static void test_named_by_most(void **state)
{
    struct rig rig;

    (void)state;
    rig_init(&rig);
    give(&rig, about(report_at(&rig, 0, 1), PAYMENTS, 5));
    give(&rig, about(report_at(&rig, 1, 2), PAYMENTS, 5));
    give(&rig, about(report_at(&rig, 2, 3), PAYMENTS, 5));
    assert_non_null(strstr(rig.log.data, "topic 1 place 5 people 3"));
    rig_finish(&rig);
}

static void test_two_at_once_are_told_apart(void **state)
{
    struct rig rig;

    (void)state;
    rig_init(&rig);
    for (unsigned k = 0; k < 8; k++)
        give(&rig, about(report_at(&rig, k, 1 + k), LOGIN, 5));
    for (unsigned k = 0; k < 8; k++)
        give(&rig, about(report_at(&rig, 8 + 0.5 * k, 20 + k), PAYMENTS, 6));
    pass(&rig, 13);
    assert_int_equal(outage_open_count(rig.d), 2);
    assert_int_equal(count_lines(&rig, "opened 2 why 0 beside 1"), 1);
    assert_non_null(strstr(rig.log.data, "topic 0 place 5"));
    assert_non_null(strstr(rig.log.data, "topic 1 place 6"));
    rig_finish(&rig);
}

static void test_the_same_elsewhere_is_one_that_is_wider(void **state)
{
    struct rig rig;

    (void)state;
    rig_init(&rig);
    for (unsigned k = 0; k < 6; k++)
        give(&rig, about(report_at(&rig, k, 1 + k), INTERNET, 5));
    for (unsigned k = 0; k < 10; k++)
        give(&rig, about(report_at(&rig, 6 + 0.5 * k, 20 + k), INTERNET, 6));
    pass(&rig, 13);
    assert_int_equal(count_lines(&rig, "opened"), 1);
    assert_int_equal(outage_open_count(rig.d), 1);
    assert_non_null(strstr(rig.log.data, "topic 2 place 0"));
    rig_finish(&rig);
}

static void test_told_again_when_people_double(void **state)
{
    struct rig rig;

    (void)state;
    rig_init(&rig);
    for (unsigned k = 0; k < 40; k++)
        give(&rig, report_at(&rig, 0.5 * k, 1 + k));
    pass(&rig, 21);
    assert_int_equal(count_lines(&rig, "updated 1 why 1"), 3); /* from 3: at 6, 12 and 24 or soon after */
    assert_true(count_lines(&rig, "updated") <= 21);
    rig_finish(&rig);
}

static void test_over_when_quiet(void **state)
{
    struct rig rig;

    (void)state;
    rig_init(&rig);
    for (unsigned k = 0; k < 40; k++)
        give(&rig, report_at(&rig, 0.5 * k, 1 + k));
    pass(&rig, 36);
    assert_int_equal(outage_open_count(rig.d), 1);
    pass(&rig, 45);
    assert_int_equal(outage_open_count(rig.d), 0);
    assert_int_equal(count_lines(&rig, "closed 1"), 1);
    rig_finish(&rig);
}

static void test_sooner_when_people_say_so(void **state)
{
    struct rig rig;

    (void)state;
    rig_init(&rig);
    for (unsigned k = 0; k < 40; k++)
        give(&rig, report_at(&rig, 0.5 * k, 1 + k));
    for (unsigned k = 0; k < 2; k++) {
        struct outage_fact f = report_at(&rig, 21, 200 + k);

        f.kind = OUTAGE_RECOVERY;
        give(&rig, f);
    }
    pass(&rig, 36);
    assert_int_equal(outage_open_count(rig.d), 0);
    rig_finish(&rig);
}

/* After the all-clear a few late words must not open it again. */
static void test_not_again_at_once(void **state)
{
    struct rig rig;

    (void)state;
    rig_init(&rig);
    for (unsigned k = 0; k < 10; k++)
        give(&rig, about(report_at(&rig, 0.5 * k, 1 + k), LOGIN, 0));
    pass(&rig, 45);
    assert_int_equal(outage_open_count(rig.d), 0);
    for (unsigned k = 0; k < 3; k++)
        give(&rig, about(report_at(&rig, 46 + 3 * k, 50 + k), LOGIN, 0));
    assert_int_equal(outage_open_count(rig.d), 0);
    rig_finish(&rig);
}

/* A brand of which one mention in four is a report: the first hours look like an outage, which must
 * not keep itself open by keeping the base from being learned. */
static void test_what_lasts_for_days_becomes_ordinary(void **state)
{
    struct rig rig;

    (void)state;
    rig_init(&rig);
    for (unsigned k = 0; k < 3 * 24 * 30; k++) {
        give(&rig, report_at(&rig, 2.0 * k, 1 + k));
        chat(&rig, 2.0 * k + 1, 2.0 * k + 2, 3);
    }
    assert_true(count_lines(&rig, "opened") > 0);
    assert_int_equal(outage_open_count(rig.d), 0);
    rig_finish(&rig);
}

static void test_a_long_stop_is_caught_up_with(void **state)
{
    struct rig rig;

    (void)state;
    rig_init(&rig);
    for (unsigned k = 0; k < 10; k++)
        give(&rig, report_at(&rig, 0.5 * k, 1 + k));
    pass(&rig, 365.0 * 24 * 60);
    assert_int_equal(count_lines(&rig, "closed 1 why 0 beside 0 at 3"), 1); /* minute 3x, not a year */
    give(&rig, report_at(&rig, 1, 99)); /* time does not go back */
    rig_finish(&rig);
}

/* Hours of a report each second: nothing grows, every member is told once. */
static void test_bounded_by_a_giant(void **state)
{
    struct rig rig;
    size_t n_told = 0;

    (void)state;
    rig_init(&rig);
    for (unsigned k = 0; k < 12000; k++) {
        struct outage_fact f = about(report_at(&rig, k / 60.0, 1 + k), (int)(k % 4), 1 + k % 300);

        f.n_words = MENTION_WORDS_MAX;
        for (uint32_t i = 0; i < MENTION_WORDS_MAX; i++)
            f.words[i] = k * 100 + i;
        give(&rig, f);
    }
    pass(&rig, 300);
    assert_true(outage_memory(rig.d) <= OUTAGE_MEMORY_MAX);
    for (const char *at = rig.log.data; (at = strstr(at, " refs")); at = strchr(at, '\n')) {
        const char *end = strchr(at, '\n');

        for (const char *c = at + 5; c < end; c++)
            n_told += *c == ' ';
    }
    assert_true(n_told > 11500 && n_told <= 12000);
    assert_false(rig.log.failed);
    rig_finish(&rig);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_three_people_open_within_a_quarter_of_an_hour),
        cmocka_unit_test(test_the_event_says_since_when_and_who),
        cmocka_unit_test(test_what_is_no_evidence),
        cmocka_unit_test(test_short_texts_are_no_copies),
        cmocka_unit_test(test_young_accounts_need_twice_as_many),
        cmocka_unit_test(test_faint_words_need_one_more),
        cmocka_unit_test(test_reposts_are_members_but_not_people),
        cmocka_unit_test(test_a_loud_brand_needs_more),
        cmocka_unit_test(test_ordinary_reports_become_the_base),
        cmocka_unit_test(test_late_words_count_where_they_were_written),
        cmocka_unit_test(test_named_by_most),
        cmocka_unit_test(test_two_at_once_are_told_apart),
        cmocka_unit_test(test_the_same_elsewhere_is_one_that_is_wider),
        cmocka_unit_test(test_told_again_when_people_double),
        cmocka_unit_test(test_over_when_quiet),
        cmocka_unit_test(test_sooner_when_people_say_so),
        cmocka_unit_test(test_not_again_at_once),
        cmocka_unit_test(test_what_lasts_for_days_becomes_ordinary),
        cmocka_unit_test(test_a_long_stop_is_caught_up_with),
        cmocka_unit_test(test_bounded_by_a_giant),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
