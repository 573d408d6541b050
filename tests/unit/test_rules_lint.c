/* What lint finds, where, and what it leaves alone. */
#include "rules_support.h"

static const char flawed[] =
    "pack: t\n"
    "lang: qq\n"
    "guards: {past: [was]}\n"
    "lists: {bad: [awful, \"can't\", 'awful*', AWFUL], deep: {one: [x, cannot], two: [y, X]}}\n"
    "rules:\n"
    "  - id: down\n"
    "    class: outage\n"
    "    phrases: [can't work, down, \"is down now\", cannot work]\n"
    "    tests: {match: it is down, skip: up}\n"
    "  - {id: dead, class: outage, phrases: [dead, DOWN], tests: {match: dead, skip: alive}}\n"
    "  - {id: deader, class: outage, phrases: [so dead, down there], tests: {match: so dead}}\n"
    "  - {id: slow, class: complaint, regex: [(\\w+\\s*)+slow, 'a(?=.*b)(?=.*c)', '(?=.*d)d'],\n"
    "     tests: {skip: fast}}\n"
    "  - {id: fine, class: praise, phrases: [down, dead good]}\n";

static void test_findings(void **state)
{
    static const char *const want[] = {
        "test.yaml:4:41: warning: lists.bad (duplicate): 'AWFUL' stands in line 4 already",
        "test.yaml:4:83: warning: lists.deep (duplicate): 'X' stands in line 4 already",
        "test.yaml:2:7: warning: lang (unknown-language): 'qq'",
        "test.yaml:8:33: warning: rules.down (shadowed): the phrase in line 8 hits wherever this one does",
        "test.yaml:8:48: warning: rules.down (duplicate): the phrase stands in line 8 already",
        "test.yaml:10:47: warning: rules.dead (duplicate): t/down has the same phrase, in line 8",
        "test.yaml:11:5: warning: rules.deader (untested): has no skip test",
        "test.yaml:12:5: warning: rules.slow (untested): has no match test",
        "test.yaml:12:50: warning: rules.slow (nested-quantifier): ",
        "test.yaml:12:77: warning: rules.slow (lookahead): ",
        "test.yaml:14:5: warning: rules.fine (untested): has no match and no skip test",
    };
    struct ruleset *set = pack_load(flawed);
    static struct diag d;

    (void)state;
    diag_init(&d);
    size_t n = ruleset_lint(set, &d);
    for (size_t i = 0; i < ARRAY_LEN(want); i++) {
        bool found = false;
        for (size_t k = 0; k < d.n_items; k++)
            found |= strstr(d.items[k].text, want[i]) != NULL;
        if (!found) {
            diag_print(&d, "rules", stderr);
            fail_msg("not found: %s", want[i]);
        }
    }
    assert_int_equal(d.n_errors, 0);
    assert_int_equal(d.n_warnings, n);
    assert_int_equal(n, ARRAY_LEN(want));
    diag_finish(&d);
    ruleset_unref(set);
}

/* Rule b beside rule a "{phrases: [dead], class: outage, unless: past}". */
static const struct {
    const char *rule;
    bool shadowed;
} shadows[] = {
    {"phrases: [so dead], unless: [past]", true},
    {"phrases: [so dead, dead now], score: 2, unless: [past]", true},
    {"phrases: [so dead], unless: [past, other]", true},
    {"phrases: [so dead, gone], unless: [past]", false},
    {"phrases: [so dead]", false}, /* a may be held back where b is not */
    {"phrases: [so dead], score: 4, unless: [past]", false},
    {"phrases: [so dead], topic: x, unless: [past]", false},
    {"phrases: [so dead], regex: x+, unless: [past]", false},
    {"phrases: [so (very)? dead], unless: [past]", false},
    {"phrases: [undead], unless: [past]", false},
};

static void test_when_a_rule_is_shadowed(void **state)
{
    static struct diag d;

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(shadows); i++) {
        struct buf pack = BUF_INIT(4096);
        buf_printf(&pack,
                   "pack: t\nguards: {past: [was], other: [x]}\nrules:\n"
                   "- {id: a, class: outage, phrases: [dead], unless: [past], tests: {match: x, skip: x}}\n"
                   "- {id: b, class: outage, %s, tests: {match: x, skip: x}}\n",
                   shadows[i].rule);
        struct ruleset *set = pack_load(pack.data);
        diag_init(&d);
        if ((ruleset_lint(set, &d) == 1) != shadows[i].shadowed) {
            diag_print(&d, "rules", stderr);
            fail_msg("%s", shadows[i].rule);
        }
        if (shadows[i].shadowed)
            assert_non_null(strstr(d.items[0].text, "rules.b (shadowed): t/a, line 4, hits"));
        diag_finish(&d);
        ruleset_unref(set);
        buf_finish(&pack);
    }
}

static const struct {
    const char *regex, *kind; /* NULL: nothing to say */
} regexes[] = {
    {"(a+)+", "nested-quantifier"},
    {"(?:a*|b)*c", "nested-quantifier"},
    {"(\\\\w+\\\\s*){2,}", "nested-quantifier"},
    {"((?:x+)?)+y", "nested-quantifier"},
    {"(?:[^)]+)+z", "nested-quantifier"},
    {"(?:\\\\w+ )+", NULL},
    {"(?:a+)?b", NULL},
    {"(?:a+)++", NULL},
    {"(?>a+)+", NULL},
    {"(?:ha)+", NULL},
    {"(?:[A-Z]{3,}\\\\W+){3,}", NULL},
    {"(a{1,3})+", NULL},
    {"\\\\(a+\\\\)+", NULL},
    {"(?<x>a+,)+", NULL},
    {"(?=.*b)a", "lookahead"},
    {"(?:(?=a+b))c", "lookahead"},
    {"x|(?!.*b)a", "lookahead"},
    {"^(?=.*b)a", NULL},
    {"\\\\A(?=.*b)a", NULL},
    {"refund(?=.*late)", NULL},
    {"(?=ab)a", NULL},
    {"(?i)(?-i)abc(?!d)", NULL},
    {"[(]+[)*]+x", NULL},
};

static void test_regexes(void **state)
{
    static struct diag d;

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(regexes); i++) {
        struct buf pack = BUF_INIT(4096);
        char kind[64];
        buf_printf(&pack,
                   "pack: t\nrules: [{id: a, class: outage, regex: \"%s\", "
                   "tests: {match: x, skip: x}}]\n",
                   regexes[i].regex);
        struct ruleset *set = pack_load(pack.data);
        diag_init(&d);
        size_t n = ruleset_lint(set, &d);
        snprintf(kind, sizeof(kind), "(%s)", regexes[i].kind ? regexes[i].kind : "");
        if (n != (regexes[i].kind != NULL) || (n > 0 && !strstr(d.items[0].text, kind))) {
            diag_print(&d, "rules", stderr);
            fail_msg("%s: %s", regexes[i].regex, kind);
        }
        diag_finish(&d);
        ruleset_unref(set);
        buf_finish(&pack);
    }
}

/* What each post must be searched for, of rules and of guards; of the fast engine, for the other one
 * searches for all. */
static void test_unfiltered(void **state)
{
    static const char pack[] =
        "pack: t\n"
        "guards: {much: {regex: '(?:\\d+|\\w{9})x?'}}\n"
        "rules:\n"
        "  - {id: a, extract: true, phrases: ['{count}'], regex: ['\\d{4}', 'no \\d+'], unless: much,\n"
        "     tests: {match: '20', skip: x}}\n";
    static const char *const want[] = {
        "t.yaml:2:24: warning: guards.much (unfiltered): ",
        "t.yaml:4:38: warning: rules.a (unfiltered): ", /* {count} */
        "t.yaml:4:58: warning: rules.a (unfiltered): ", /* \\d{4} */
    };
    static struct diag d;

    (void)state;
    diag_init(&d);
    struct ruleset *set = ruleset_parse("t.yaml", str_from(pack), RULE_ENGINE_FAST, &d);
    assert_non_null(set);
    ruleset_lint(set, &d);
    for (size_t i = 0; i < ARRAY_LEN(want); i++) {
        bool found = false;
        for (size_t k = 0; k < d.n_items; k++)
            found |= strstr(d.items[k].text, want[i]) != NULL;
        if (!found) {
            diag_print(&d, "rules", stderr);
            fail_msg("not found: %s", want[i]);
        }
    }
    diag_finish(&d);
    ruleset_unref(set);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_findings),
        cmocka_unit_test(test_when_a_rule_is_shadowed),
        cmocka_unit_test(test_regexes),
        cmocka_unit_test(test_unfiltered),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
