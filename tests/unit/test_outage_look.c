/* What a reader sees and sets: names of outages, guards, windows of maintenance, what is told of members, and
 * a detector that was made anew. */
#include "outage_support.h"

static void test_names(void **state)
{
    static const char *const wrong[] = {
        "",
        "261121-1832-k3",
        "261121-1832-k3ff",
        "261121-1832-k3i",
        "261321-1832-k3f",
        "260231-1832-k3f",
        "261121-2432-k3f",
        "261121 1832-k3f",
        "261121-1832-K3F",
        "2611 1-1832-k3f",
    };
    char text[OUTAGE_ID_LEN + 1];
    uint64_t id = 0;

    (void)state;
    assert_true(outage_id_parse(STR("261121-1832-k3f"), &id));
    outage_id_format(id, text);
    assert_string_equal(text, "261121-1832-k3f");
    for (size_t i = 0; i < ARRAY_LEN(wrong); i++) {
        if (outage_id_parse(str_from(wrong[i]), &id))
            fail_msg("'%s' is no name", wrong[i]);
    }
    outage_id_format(UINT64_MAX, text);
    assert_int_equal(strlen(text), OUTAGE_ID_LEN);
}

struct seen {
    struct outage_event first;
    struct outage_member members[64];
    unsigned n_opened, n_events;
};

static void see(void *user, const struct outage_event *e)
{
    struct seen *seen = user;

    seen->n_events++;
    if (e->kind != OUTAGE_OPENED || seen->n_opened++ > 0)
        return;
    seen->first = *e;
    memcpy(seen->members, e->members, (e->n_refs < 64 ? e->n_refs : 64) * sizeof(*e->members));
}

static void login_reports(struct rig *rig, unsigned n)
{
    for (unsigned i = 0; i < n; i++) {
        struct outage_fact f = report_at(rig, 0.5 * i, 1 + i);

        f.topics = 1u << LOGIN;
        give(rig, f);
    }
}

static void test_what_an_opening_tells(void **state)
{
    struct seen seen = {0};
    struct outage_fact f;
    struct rig rig;

    (void)state;
    rig_init(&rig);
    rig.sink = (struct outage_sink){see, &seen};
    f = report_at(&rig, 0, 99);
    f.repost = true;
    give(&rig, f);
    f = report_at(&rig, 0.2, 98);
    f.young = true;
    give(&rig, f);
    give(&rig, report_at(&rig, 0.3, 98));
    login_reports(&rig, 6);
    assert_int_equal(seen.n_opened, 1);
    assert_int_equal(seen.members[0].less, OUTAGE_LESS_REPOST);
    assert_int_equal(seen.members[1].less, 0);
    assert_int_equal(seen.members[2].less, OUTAGE_LESS_YOUNG);
    assert_true(seen.members[2].weight == 0.5);
    assert_int_equal(seen.members[3].less, OUTAGE_LESS_AGAIN);
    assert_true(seen.first.alarm_weight >= 3 && seen.first.alarm_minutes >= 2);
    assert_true(seen.first.alarm_chatter > 0 && seen.first.alarm_chatter < seen.first.alarm_weight);
    assert_true(seen.first.score >= seen.first.threshold);
    rig_finish(&rig);
}

static void test_maintenance_weighs_nothing_and_ends(void **state)
{
    struct outage_guard window = {LOGIN, 0, START_MS, START_MS + 30 * MIN_MS, true, 0};
    struct rig rig;

    (void)state;
    rig_init(&rig);
    outage_set_guards(rig.d, &window, 1);
    login_reports(&rig, 6);
    assert_int_equal(count_lines(&rig, "opened"), 0);
    for (unsigned i = 0; i < 6; i++)
        give(&rig, report_at(&rig, 31 + 0.5 * i, 100 + i));
    assert_int_equal(count_lines(&rig, "opened"), 1);
    rig_finish(&rig);
}

static void test_a_guard_asks_for_more(void **state)
{
    struct outage_guard guard = {LOGIN, 0, START_MS, START_MS + 600 * MIN_MS, false, 0.3};
    struct rig rig;

    (void)state;
    rig_init(&rig);
    outage_set_guards(rig.d, &guard, 1);
    login_reports(&rig, 6);
    assert_int_equal(count_lines(&rig, "opened"), 0);
    for (unsigned i = 0; i < 80; i++) {
        struct outage_fact f = report_at(&rig, 3 + 0.05 * i, 100 + i);

        f.topics = 1u << LOGIN;
        give(&rig, f);
    }
    assert_int_equal(count_lines(&rig, "opened"), 1); /* harder, not deaf */
    rig_finish(&rig);
}

static void test_at_least_so_many_people(void **state)
{
    struct rig rig;

    (void)state;
    rig_init(&rig);
    outage_set_least(rig.d, 6);
    login_reports(&rig, 6);
    assert_non_null(strstr(rig.log.data, "people 6 of 6"));
    rig_finish(&rig);
}

static void test_dropped_is_gone_and_stays_so(void **state)
{
    struct seen seen = {0};
    struct rig rig;

    (void)state;
    rig_init(&rig);
    rig.sink = (struct outage_sink){see, &seen};
    login_reports(&rig, 6);
    outage_drop(rig.d, seen.first.id);
    assert_int_equal(outage_open_count(rig.d), 0);
    seen.n_events = 0;
    give(&rig, report_at(&rig, 4, 50));
    pass(&rig, 100);
    assert_int_equal(seen.n_events, 0);
    rig_finish(&rig);
}

static void test_looking(void **state)
{
    unsigned counts[4];
    uint64_t refs[8];
    struct rig rig;

    (void)state;
    rig_init(&rig);
    login_reports(&rig, 6);
    outage_count_minutes(rig.d, 1, START_MS, counts, 4);
    assert_true(counts[0] == 2 && counts[1] == 2 && counts[2] == 2 && counts[3] == 0);
    assert_int_equal(outage_examples(rig.d, 1, refs, 5), 5);
    for (uint64_t i = 0; i < 5; i++)
        assert_true(refs[i] == i + 1);
    assert_int_equal(outage_examples(rig.d, 2, refs, 5), 0);
    buf_reset(&rig.log);
    outage_rename(rig.d, 1, 7, 40);
    outage_tell_again(rig.d, 1, &rig.sink);
    assert_non_null(strstr(rig.log.data, "people 6 of 40"));
    assert_non_null(strstr(rig.log.data, "refs 1 2 3 4 5 6\n"));
    rig_finish(&rig);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_names),
        cmocka_unit_test(test_what_an_opening_tells),
        cmocka_unit_test(test_maintenance_weighs_nothing_and_ends),
        cmocka_unit_test(test_a_guard_asks_for_more),
        cmocka_unit_test(test_at_least_so_many_people),
        cmocka_unit_test(test_dropped_is_gone_and_stays_so),
        cmocka_unit_test(test_looking),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
