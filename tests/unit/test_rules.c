/* Verdicts: scores, thresholds, ties, guards, signals, captures, languages. */
#include "rules_support.h"

static void test_scores_add_up_once_a_rule(void **state)
{
    struct ruleset *set = pack_load("pack: t\n"
                                    "rules:\n"
                                    "  - {id: a, class: complaint, score: 2, phrases: [bad, awful]}\n"
                                    "  - {id: b, class: complaint, score: 1, phrases: [slow]}\n"
                                    "  - {id: c, class: complaint, score: -2, phrases: [kidding]}\n");
    struct judged j;

    (void)state;
    judge(set, "bad bad awful", &j);
    assert_int_equal(j.m.class, CLASS_NONE);
    assert_int_equal(j.m.scores[CLASS_COMPLAINT], 2);
    assert_int_equal(j.m.n_hits, 3);
    arena_finish(&j.arena);
    judge(set, "bad and slow", &j);
    assert_int_equal(j.m.class, CLASS_COMPLAINT);
    assert_int_equal(j.m.score, 3);
    arena_finish(&j.arena);
    assert_int_equal(class_of(set, "bad and slow, just kidding"), CLASS_NONE);
    ruleset_unref(set);
}

static void test_ties_go_outage_complaint_praise(void **state)
{
    struct ruleset *set = pack_load("pack: t\n"
                                    "rules:\n"
                                    "  - {id: p, class: praise, phrases: [love]}\n"
                                    "  - {id: c, class: complaint, phrases: [slow]}\n"
                                    "  - {id: o, class: outage, phrases: [down]}\n"
                                    "  - {id: p2, class: praise, score: 1, phrases: [really]}\n");

    (void)state;
    assert_int_equal(class_of(set, "love slow down"), CLASS_OUTAGE);
    assert_int_equal(class_of(set, "love slow"), CLASS_COMPLAINT);
    assert_int_equal(class_of(set, "love"), CLASS_PRAISE);
    assert_int_equal(class_of(set, "really love slow down"), CLASS_PRAISE);
    assert_int_equal(class_of(set, "nothing"), CLASS_NONE);
    ruleset_unref(set);
}

static void test_thresholds(void **state)
{
    struct ruleset *set = pack_load("pack: t\n"
                                    "thresholds: {complaint: 5, praise: 1}\n"
                                    "rules:\n"
                                    "  - {id: p, class: praise, score: 1, phrases: [love]}\n"
                                    "  - {id: c, class: complaint, score: 4, phrases: [slow]}\n"
                                    "  - {id: o, class: outage, score: 2, phrases: [down]}\n");

    (void)state;
    assert_int_equal(class_of(set, "love"), CLASS_PRAISE);
    assert_int_equal(class_of(set, "slow"), CLASS_NONE);
    assert_int_equal(class_of(set, "down"), CLASS_NONE);
    assert_int_equal(class_of(set, "slow love"), CLASS_PRAISE);
    ruleset_unref(set);
}

static void test_scores_for_several_classes(void **state)
{
    struct ruleset *set =
        pack_load("pack: t\n"
                  "rules:\n"
                  "  - {id: a, scores: {complaint: 4, praise: -2}, phrases: [bad]}\n"
                  "  - {id: b, class: outage, score: 5, scores: {praise: 1}, phrases: [down]}\n"
                  "  - {id: c, class: praise, phrases: [good]}\n");
    struct judged j;

    (void)state;
    judge(set, "good, bad and down", &j);
    assert_int_equal(j.m.scores[CLASS_COMPLAINT], 4);
    assert_int_equal(j.m.scores[CLASS_PRAISE], 2);
    assert_int_equal(j.m.scores[CLASS_OUTAGE], 5);
    assert_int_equal(j.m.hits[1].class, CLASS_COMPLAINT);
    assert_int_equal(j.m.hits[1].score, 4);
    arena_finish(&j.arena);
    ruleset_unref(set);
}

/* A class that leads by too little leaves the verdict to the next. */
static void test_margins(void **state)
{
    static const struct {
        const char *text;
        enum mention_class want;
    } cases[] = {
        {"down", CLASS_OUTAGE},
        {"down bad", CLASS_COMPLAINT},
        {"down bad good", CLASS_PRAISE}, /* outage 6, complaint 5, praise 4: each too close */
        {"bad good", CLASS_PRAISE},
        {"down good", CLASS_OUTAGE},
        {"down ok", CLASS_OUTAGE}, /* what is under its threshold is not in the way */
    };
    struct ruleset *set = pack_load("pack: t\n"
                                    "margins: {outage: 2, complaint: 2}\n"
                                    "thresholds: {praise: 4}\n"
                                    "rules:\n"
                                    "  - {id: o, class: outage, score: 6, phrases: [down]}\n"
                                    "  - {id: c, class: complaint, score: 5, phrases: [bad]}\n"
                                    "  - {id: p, class: praise, score: 4, phrases: [good]}\n"
                                    "  - {id: q, class: praise, score: 3, phrases: [ok]}\n");

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(cases); i++)
        if (class_of(set, cases[i].text) != cases[i].want)
            fail_msg("'%s'", cases[i].text);
    ruleset_unref(set);
}

static void test_a_higher_priority_decides_alone(void **state)
{
    struct ruleset *set =
        pack_load("pack: t\n"
                  "rules:\n"
                  "  - {id: o, class: outage, score: 90, phrases: [down]}\n"
                  "  - {id: p, class: praise, priority: 1, phrases: [good]}\n"
                  "  - {id: j, signal: joke, priority: 2, phrases: [lol], unless: [\"no\"]}\n");
    struct judged j;

    (void)state;
    assert_int_equal(class_of(set, "down"), CLASS_OUTAGE);
    assert_int_equal(class_of(set, "down, good"), CLASS_PRAISE);
    assert_int_equal(class_of(set, "down, good no lol"), CLASS_PRAISE);
    judge(set, "down, good lol", &j);
    assert_int_equal(j.m.class, CLASS_NONE);
    assert_int_equal(j.m.scores[CLASS_OUTAGE], 0);
    assert_int_equal(j.m.n_hits, 3);
    arena_finish(&j.arena);
    ruleset_unref(set);
}

static void test_guards(void **state)
{
    struct ruleset *set =
        pack_load("pack: t\n"
                  "guards:\n"
                  "  past: {phrases: [yesterday, was]}\n"
                  "  joke: {phrases: [lol], scope: post}\n"
                  "  loud: {regex: '!{3}'}\n"
                  "rules:\n"
                  "  - {id: a, class: outage, phrases: [down], unless: [past, joke]}\n"
                  "  - {id: b, class: praise, phrases: [good], unless: [\"not\", so good]}\n"
                  "  - {id: c, class: complaint, phrases: [bad], unless: {phrases: [ok], scope: post}}\n"
                  "  - {id: d, class: complaint, phrases: [poor], unless: loud}\n");

    (void)state;
    assert_int_equal(class_of(set, "site down"), CLASS_OUTAGE);
    assert_int_equal(class_of(set, "site down yesterday"), CLASS_NONE);
    assert_int_equal(class_of(set, "yesterday fine. site down"), CLASS_OUTAGE);
    assert_int_equal(class_of(set, "site down. and down yesterday"), CLASS_OUTAGE);
    assert_int_equal(class_of(set, "site down. lol"), CLASS_NONE);
    assert_int_equal(class_of(set, "good"), CLASS_PRAISE);
    assert_int_equal(class_of(set, "isn't good"), CLASS_NONE);
    assert_int_equal(class_of(set, "so good"), CLASS_NONE);
    assert_int_equal(class_of(set, "bad. ok"), CLASS_NONE);
    assert_int_equal(class_of(set, "poor!!!"), CLASS_NONE);
    assert_int_equal(class_of(set, "poor!!"), CLASS_COMPLAINT);
    ruleset_unref(set);
}

static void test_guards_of_a_pack_hold_all_its_rules(void **state)
{
    struct ruleset *set = pack_load("pack: t\n"
                                    "unless: [\"poem\"]\n"
                                    "rules: [{id: a, class: outage, phrases: [down]}]\n");

    (void)state;
    assert_int_equal(class_of(set, "down"), CLASS_OUTAGE);
    assert_int_equal(class_of(set, "down in a poem"), CLASS_NONE);
    ruleset_unref(set);
}

static void test_signals_stand_beside_the_class(void **state)
{
    struct ruleset *set = pack_load("pack: t\n"
                                    "rules:\n"
                                    "  - {id: o, class: outage, phrases: [down]}\n"
                                    "  - {id: j, signal: joke, phrases: [lol]}\n"
                                    "  - {id: r, signal: recovery, phrases: [back up]}\n"
                                    "  - {id: b, signal: other-brand, phrases: [globex]}\n");
    struct judged j;

    (void)state;
    judge(set, "down lol, globex is back up", &j);
    assert_int_equal(j.m.class, CLASS_OUTAGE);
    assert_int_equal(j.m.signals, SIGNAL_JOKE | SIGNAL_RECOVERY | SIGNAL_OTHER_BRAND);
    assert_int_equal(j.m.n_hits, 4);
    assert_int_equal(j.m.hits[1].class, CLASS_NONE);
    arena_finish(&j.arena);
    ruleset_unref(set);
}

static void check_capture(const struct judged *j, size_t i, const char *name, const char *value)
{
    assert_true(i < j->m.n_captures);
    assert_true(str_eq(j->m.captures[i].name, str_from(name)));
    assert_true(str_eq(j->m.captures[i].value, str_from(value)));
}

static void test_captures(void **state)
{
    struct ruleset *set = pack_load(
        "pack: t\n"
        "lists:\n"
        "  service: {login: [log in, sign in], app: [app, mobile app]}\n"
        "  city: [leeds, york]\n"
        "rules:\n"
        "  - id: a\n"
        "    class: outage\n"
        "    phrases: [\"{service} ~4 {city}\", \"{service} broken\"]\n"
        "    capture: {topic: service, place: city, severity: high}\n"
        "  - {id: b, class: complaint, topic: billing, phrases: [overcharged]}\n"
        "  - {id: c, extract: true, regex: 'order #(?<order>\\d+)'}\n"
        "  - {id: d, class: complaint, phrases: [held], topic: never, unless: [\"back\"]}\n");
    struct judged j;

    (void)state;
    judge(set, "mobile app dead in Leeds, cannot log in near york", &j);
    assert_int_equal(j.m.n_captures, 5);
    check_capture(&j, 0, "severity", "high");
    check_capture(&j, 1, "topic", "app");
    check_capture(&j, 2, "place", "leeds");
    check_capture(&j, 3, "topic", "login");
    check_capture(&j, 4, "place", "york");
    assert_true(str_eq(j.m.place, STR("leeds")));
    arena_finish(&j.arena);

    judge(set, "overcharged for Order #77, held back", &j);
    assert_int_equal(j.m.n_captures, 2);
    check_capture(&j, 0, "topic", "billing");
    check_capture(&j, 1, "order", "77");
    arena_finish(&j.arena);
    ruleset_unref(set);
}

static void test_language_of_a_pack(void **state)
{
    static const struct {
        const char *lang;
        enum mention_class want;
    } cases[] = {
        {"en", CLASS_OUTAGE}, {"en-GB", CLASS_OUTAGE}, {"EN", CLASS_OUTAGE}, {"und", CLASS_OUTAGE},
        {"", CLASS_OUTAGE},   {"de", CLASS_NONE},      {"enm", CLASS_NONE},
    };
    struct ruleset *set =
        pack_load("pack: t\nlang: en\nrules: [{id: a, class: outage, phrases: [down]}]\n");

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct judged j;
        judge_in(set, "down", cases[i].lang, &j);
        assert_int_equal(j.m.class, cases[i].want);
        arena_finish(&j.arena);
    }
    ruleset_unref(set);
}

/* A post of nothing but hits: bounded, and each rule is still named. */
static void test_many_hits_are_bounded(void **state)
{
    struct ruleset *set = pack_load("pack: t\n"
                                    "rules:\n"
                                    "  - {id: a, class: outage, phrases: [down]}\n"
                                    "  - {id: b, class: praise, phrases: [last]}\n");
    struct buf text = BUF_INIT(16 * 1024);
    struct judged j;

    (void)state;
    for (int i = 0; i < 1000; i++)
        buf_append_str(&text, STR("down "));
    buf_append_str(&text, STR("last"));
    judge(set, text.data, &j);
    assert_int_equal(j.m.n_hits, MENTION_HITS_MAX);
    bool named = false;
    for (size_t i = 0; i < j.m.n_hits; i++)
        named |= str_eq(j.m.hits[i].rule, STR("t/b"));
    assert_true(named);
    assert_int_equal(j.m.scores[CLASS_OUTAGE], 3);
    arena_finish(&j.arena);
    buf_finish(&text);
    ruleset_unref(set);
}

static void test_hits_are_in_bytes_as_written(void **state)
{
    const char *text = "\xE2\x9C\xA8 the app isn\xE2\x80\x99t working";
    struct ruleset *set =
        pack_load("pack: t\nrules: [{id: a, class: outage, phrases: [app is not working]}]\n");
    struct judged j;

    (void)state;
    judge(set, text, &j);
    assert_int_equal(j.m.n_hits, 1);
    assert_int_equal(j.m.hits[0].start, 8);
    assert_int_equal(j.m.hits[0].end, strlen(text));
    assert_true(str_eq(j.m.hits[0].rule, STR("t/a")));
    arena_finish(&j.arena);
    ruleset_unref(set);
}

static void test_explain_names_guards_and_thresholds(void **state)
{
    struct ruleset *set =
        pack_load("pack: t\n"
                  "guards: {past: [yesterday]}\n"
                  "rules: [{id: a, class: outage, topic: net, phrases: [down], unless: past}]\n");
    struct buf out = BUF_INIT(64 * 1024);
    struct error err = {0};
    struct mention m;

    (void)state;
    mention_init(&m);
    m.text = STR("down \x1B[31m. down yesterday");
    assert_int_equal(ruleset_explain(set, &m, &out, &err), 0);
    assert_non_null(strstr(out.data, "\nread as  down 31m | down yesterday\n"));
    assert_non_null(strstr(out.data, "t/a  \"down\" at 0-4  topic=net\n"));
    assert_non_null(strstr(out.data, "held back: guard past was seen in its sentence"));
    assert_non_null(strstr(out.data, "outage 3 of 3"));
    assert_non_null(strstr(out.data, "verdict  outage\n"));
    assert_null(strchr(out.data, 0x1B));
    buf_finish(&out);
    ruleset_unref(set);
}

static void test_terms(void **state)
{
    static const struct str terms[] = {{"acme", 4}, {"@acme_help", 10}, {"#WeLoveAcme", 11},
                                       {"globex corp", 11}, {"initech.example", 15}};
    static const struct {
        const char *text;
        bool want;
    } cases[] = {
        {"is ACME down?", true},       {"acme's app", true},         {"#AcmeIsDown", true},
        {"@acme hello", true},         {"acmes", false},             {"pacme", false},
        {"@Acme_Help hi", true},       {"#welovedit", false},        {"we love it", false},
        {"Globex  Corp.", true},       {"globex", false},            {"ＡＣＭＥ", true},
        {"see https://initech.example/x", true}, {"", false},
    };
    struct term_set *set = NULL;
    struct error err = {0};

    (void)state;
    assert_int_equal(term_set_create(terms, ARRAY_LEN(terms), &set, &err), 0);
    for (size_t i = 0; i < ARRAY_LEN(cases); i++)
        if (term_set_match(set, str_from(cases[i].text)) != cases[i].want)
            fail_msg("'%s'", cases[i].text);
    term_set_destroy(set);
    assert_true(term_set_create(&STR("!?"), 0, &set, &err) == 0);
    term_set_destroy(set);
    assert_true(term_set_create(&STR("--"), 1, &set, &err) < 0);
    assert_non_null(strstr(err.text, "no letters"));
}

static void test_lint_names_what_always_runs(void **unused)
{
    static struct diag d;
    struct judged j;

    (void)unused;
    diag_init(&d);
    struct ruleset *set = ruleset_parse("t.yaml", STR("pack: t\nrules:\n"
                                                      "- {id: a, class: outage, regex: 'downtime'}\n"
                                                      "- {id: b, class: praise, regex: '\\w{3} \\w'}\n"),
                                        RULE_ENGINE_FAST, &d);
    assert_non_null(set);
    ruleset_lint(set, &d);
    size_t n = 0;
    for (size_t i = 0; i < d.n_items; i++)
        n += strstr(d.items[i].text, "rules.b (unfiltered): ") != NULL;
    assert_int_equal(n, 1);
    for (size_t i = 0; i < d.n_items; i++)
        assert_null(strstr(d.items[i].text, "rules.a (unfiltered): "));
    judge(set, "what downtime", &j);
    arena_finish(&j.arena);
    assert_int_equal(ruleset_cost(set, 0).hits, 1);
    assert_int_equal(ruleset_cost(set, 1).runs, 1);
    diag_finish(&d);
    ruleset_unref(set);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_lint_names_what_always_runs),
        cmocka_unit_test(test_scores_add_up_once_a_rule),
        cmocka_unit_test(test_ties_go_outage_complaint_praise),
        cmocka_unit_test(test_thresholds),
        cmocka_unit_test(test_scores_for_several_classes),
        cmocka_unit_test(test_margins),
        cmocka_unit_test(test_a_higher_priority_decides_alone),
        cmocka_unit_test(test_guards),
        cmocka_unit_test(test_guards_of_a_pack_hold_all_its_rules),
        cmocka_unit_test(test_signals_stand_beside_the_class),
        cmocka_unit_test(test_captures),
        cmocka_unit_test(test_language_of_a_pack),
        cmocka_unit_test(test_many_hits_are_bounded),
        cmocka_unit_test(test_hits_are_in_bytes_as_written),
        cmocka_unit_test(test_explain_names_guards_and_thresholds),
        cmocka_unit_test(test_terms),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
