/* Rules over other rules. */
#include "rules_support.h"

static const char meta[] =
    "pack: t\n"
    "rules:\n"
    "  - {id: top, class: outage, score: 9, all: [both, c]}\n" /* before those it needs */
    "  - {id: a, extract: true, phrases: [aa]}\n"
    "  - {id: b, extract: true, phrases: [bb], unless: [\"no\"]}\n"
    "  - {id: c, extract: true, phrases: [cc]}\n"
    "  - {id: both, class: complaint, topic: both, all: [a, t/b]}\n"
    "  - {id: either, class: praise, score: 1, any: [a, b], not: c, unless: [\"guarded\"]}\n"
    "  - {id: two, signal: joke, at_least: {n: 2, of: [a, b, c]}}\n"
    "  - {id: own, signal: news, phrases: [dd], all: a}\n"
    "  - {id: own-not, signal: past, phrases: [ee], not: [a]}\n";

static const struct {
    const char *text;
    int outage, complaint, praise;
    unsigned signals;
} cases[] = {
    {"aa", 0, 0, 1, 0},
    {"aa guarded", 0, 0, 0, 0},
    {"aa. guarded", 0, 0, 1, 0},
    {"no bb", 0, 0, 0, 0},
    {"aa bb", 0, 3, 1, SIGNAL_JOKE},
    {"aa bb cc", 9, 3, 0, SIGNAL_JOKE},
    {"aa no bb cc", 0, 0, 0, SIGNAL_JOKE},
    {"dd", 0, 0, 0, 0},
    {"dd aa", 0, 0, 1, SIGNAL_NEWS},
    {"ee", 0, 0, 0, SIGNAL_PAST},
    {"ee aa", 0, 0, 1, 0},
    {"", 0, 0, 0, 0},
};

static void test_what_other_rules_found(void **state)
{
    struct ruleset *set = pack_load(meta);

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct judged j;
        judge(set, cases[i].text, &j);
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

static void test_it_hits_and_captures_where_the_others_did(void **state)
{
    struct ruleset *set = pack_load(meta);
    struct buf out = BUF_INIT(64 * 1024);
    struct error err = {0};
    struct judged j;

    (void)state;
    judge(set, "well bb and aa", &j);
    bool found = false;
    for (size_t i = 0; i < j.m.n_hits; i++)
        found |= str_eq(j.m.hits[i].rule, STR("t/both")) && j.m.hits[i].start == 12 &&
                 j.m.hits[i].end == 14;
    assert_true(found);
    assert_int_equal(j.m.n_captures, 1);
    assert_true(str_eq(j.m.captures[0].value, STR("both")));
    arena_finish(&j.arena);

    mention_init(&j.m);
    j.m.text = STR("dd");
    assert_int_equal(ruleset_explain(set, &j.m, &out, &err), 0);
    assert_non_null(strstr(out.data, "held back: the rules that it needs do not agree"));
    buf_finish(&out);
    ruleset_unref(set);
}

static const struct {
    const char *rules, *why;
} mistakes[] = {
    {"{id: a, class: praise, not: [b]}, {id: b, class: praise, phrases: [x]}",
     "t.yaml:2:9: rules.a: only says what must not be"},
    {"{id: a, class: praise, all: [bee]}, {id: beer, class: praise, phrases: [x]}",
     "no rule is called 'bee' (did you mean 'beer'?)"},
    {"{id: a, class: praise, all: [a]}", "rules.a: needs itself"},
    {"{id: a, class: praise, any: [b]}, {id: b, class: praise, all: [a]}", "rules.b: needs itself"},
    {"{id: a, class: praise, at_least: {n: 3, of: [b, b]}}, {id: b, class: praise, phrases: [x]}",
     "rules.a.at_least: 3 of 2 rules can never be"},
    {"{id: a, class: praise, at_least: {of: [b]}}, {id: b, class: praise, phrases: [x]}",
     "n: is missing"},
    {"{id: a, class: praise, all: [[b]]}", "expected the id of a rule, got a list"},
    {"{id: a, class: praise, all: []}", "only says what must not be"},
};

static void test_mistakes(void **state)
{
    static struct diag d;

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(mistakes); i++) {
        struct buf pack = BUF_INIT(4096);
        buf_printf(&pack, "pack: t\nrules: [%s]\n", mistakes[i].rules);
        diag_init(&d);
        assert_null(ruleset_parse("t.yaml", buf_str(&pack), RULE_ENGINE_REFERENCE, &d));
        bool found = false;
        for (size_t k = 0; k < d.n_items; k++)
            found |= strstr(d.items[k].text, mistakes[i].why) != NULL;
        if (!found) {
            diag_print(&d, "rules", stderr);
            fail_msg("%s\nnot reported: %s", mistakes[i].rules, mistakes[i].why);
        }
        diag_finish(&d);
        buf_finish(&pack);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_what_other_rules_found),
        cmocka_unit_test(test_it_hits_and_captures_where_the_others_did),
        cmocka_unit_test(test_mistakes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
