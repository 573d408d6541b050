/* Negations and boosters. */
#include "rules_support.h"

static const char windows[] =
    "pack: t\n"
    "lang: en\n"
    "negations:\n"
    "  - {phrases: [not, never], window: 2}\n"
    "  - {phrases: [niet], side: behind, window: 0}\n"
    "boosters:\n"
    "  - {phrases: [very], add: 2}\n"
    "  - {phrases: [a bit], add: -9}\n"
    "  - {phrases: [indeed], add: 5, side: around}\n"
    "rules:\n"
    "  - {id: good, class: praise, negated: flip, boosted: true, phrases: [good]}\n"
    "  - {id: bad, scores: {complaint: 4, outage: 1}, negated: flip, phrases: [bad]}\n"
    "  - {id: down, class: outage, negated: flip, phrases: [down]}\n"
    "  - {id: joke, signal: joke, negated: skip, phrases: [funny]}\n"
    "  - {id: past, signal: past, phrases: [past]}\n"
    "  - {id: ugly, class: complaint, score: -2, boosted: true, phrases: [ugly]}\n";

static const struct {
    const char *text;
    int outage, complaint, praise;
    unsigned signals;
} cases[] = {
    {"good", 0, 0, 3, 0},
    {"not good", 0, 3, 0, 0},
    {"isn't good", 0, 3, 0, 0},
    {"not at all good", 0, 3, 0, 0},
    {"not at all that good", 0, 0, 3, 0},
    {"not. good", 0, 0, 3, 0},
    {"not? good", 0, 0, 3, 0},
    {"good not", 0, 0, 3, 0},
    {"good niet", 0, 3, 0, 0},
    {"niet good", 0, 0, 3, 0},
    {"good so niet", 0, 0, 3, 0},
    {"not good, but good is good", 0, 0, 3, 0}, /* one hit that is not negated is enough */
    {"bad", 1, 4, 0, 0},
    {"not bad", 0, 0, 4, 0},
    {"not down", 0, 0, 0, 0},
    {"not funny", 0, 0, 0, 0},
    {"funny", 0, 0, 0, SIGNAL_JOKE},
    {"not past", 0, 0, 0, SIGNAL_PAST},
    {"very good", 0, 0, 5, 0},
    {"very very good and good", 0, 0, 5, 0},
    {"not very good", 0, 5, 0, 0},
    {"very much not good", 0, 3, 0, 0},
    {"a bit good", 0, 0, 0, 0},
    {"good indeed", 0, 0, 8, 0},
    {"very indeed good", 0, 0, 8, 0},
    {"very bad", 1, 4, 0, 0},
    {"bad, very ugly", 1, 2, 0, 0},
};

static void test_windows(void **state)
{
    struct ruleset *set = pack_load(windows);

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct judged j;
        judge_in(set, cases[i].text, "en", &j);
        if (j.m.scores[CLASS_OUTAGE] != cases[i].outage ||
            j.m.scores[CLASS_COMPLAINT] != cases[i].complaint ||
            j.m.scores[CLASS_PRAISE] != cases[i].praise || j.m.signals != cases[i].signals)
            fail_msg("\"%s\": outage %d, complaint %d, praise %d, signals %u", cases[i].text,
                     j.m.scores[CLASS_OUTAGE], j.m.scores[CLASS_COMPLAINT],
                     j.m.scores[CLASS_PRAISE], j.m.signals);
        arena_finish(&j.arena);
    }
    ruleset_unref(set);
}

static void test_a_turned_hit_says_its_class(void **state)
{
    struct ruleset *set = pack_load(windows);
    struct buf out = BUF_INIT(64 * 1024);
    struct error err = {0};
    struct judged j;

    (void)state;
    judge_in(set, "not very good", "en", &j);
    assert_int_equal(j.m.n_hits, 1);
    assert_int_equal(j.m.hits[0].class, CLASS_COMPLAINT);
    assert_int_equal(j.m.class, CLASS_COMPLAINT);
    assert_int_equal(ruleset_explain(set, &j.m, &out, &err), 0);
    assert_non_null(strstr(out.data, "negated: complaint  boosted +2"));
    buf_reset(&out);
    j.m.text = STR("not down");
    assert_int_equal(ruleset_explain(set, &j.m, &out, &err), 0);
    assert_non_null(strstr(out.data, "held back: negated"));
    arena_finish(&j.arena);
    buf_finish(&out);
    ruleset_unref(set);
}

/* Marks beyond the limit are left out, and nothing grows. */
static void test_many_marks_are_bounded(void **state)
{
    struct ruleset *set = pack_load(windows);
    struct buf text = BUF_INIT(16 * 1024);
    struct judged j;

    (void)state;
    for (int i = 0; i < 900; i++)
        buf_append_str(&text, STR("not good "));
    judge_in(set, text.data, "en", &j);
    assert_int_equal(j.m.class, CLASS_COMPLAINT);
    arena_finish(&j.arena);
    buf_finish(&text);
    ruleset_unref(set);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_windows),
        cmocka_unit_test(test_a_turned_hit_says_its_class),
        cmocka_unit_test(test_many_marks_are_bounded),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
