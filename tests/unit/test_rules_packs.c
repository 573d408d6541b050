/* Loading packs: mistakes with their places, in-rule tests, files and folders, references. */
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "rules_support.h"

static const char flawed[] = "pack: en/flawed\n"
                             "lang: en\n"
                             "guards:\n"
                             "  past: {phrases: [\"was down\"], scoope: post}\n"
                             "lists: {service: [site, app]}\n"
                             "rules:\n"
                             "  - id: a\n"
                             "    class: outtage\n"
                             "    phrases: [\"{servce} down\"]\n"
                             "    unless: [pastt]\n"
                             "  - id: b\n"
                             "    class: outage\n"
                             "    regex: \"(foo[a-\"\n"
                             "    score: many\n"
                             "  - id: b\n"
                             "    phrases: [x]\n";

static void test_all_mistakes_at_once_each_with_its_place(void **state)
{
    static const char *const want[] = {
        "flawed.yaml:4:33: guards.past: unknown key 'scoope' (did you mean 'scope'?)",
        "flawed.yaml:8:12: rules.a.class: 'outtage'",
        "flawed.yaml:9:15: rules.a: phrase '{servce} down': no list is called 'servce'",
        "flawed.yaml:10:14: rules.a: no guard is called 'pastt' (did you mean 'past'?)",
        "flawed.yaml:13:20: rules.b: regex: missing terminating ]",
        "flawed.yaml:14:12: rules.b.score: ",
        "flawed.yaml:15:5: rules.b: gives neither a class nor a signal",
        "flawed.yaml:15:9: rules.b: id 'b' is taken by the rule in line 11",
    };
    static struct diag d;

    (void)state;
    diag_init(&d);
    assert_null(ruleset_parse("flawed.yaml", str_from(flawed), RULE_ENGINE_REFERENCE, &d));
    for (size_t i = 0; i < ARRAY_LEN(want); i++) {
        bool found = false;
        for (size_t k = 0; k < d.n_items; k++)
            found |= strncmp(d.items[k].text, want[i], strlen(want[i])) == 0;
        if (!found) {
            diag_print(&d, "rules", stderr);
            fail_msg("not reported: %s", want[i]);
        }
    }
    assert_int_equal(d.n_errors, ARRAY_LEN(want));
    diag_finish(&d);
}

static const struct {
    const char *pack, *why;
} mistakes[] = {
    {"pack: ''\n", "pack"},
    {"lang: en\n", "pack: is missing"},
    {"[1, 2]\n", "expected a map"},
    {"pack: t\nrules: {a: b}\n", "rules: expected a list"},
    {"pack: t\nrules: [x]\n", "expected a map"},
    {"pack: t\nlists: {\"a b\": [x]}\n", "is no name"},
    {"pack: t\nlists: {money: [x]}\n", "built-in"},
    {"pack: t\nlists: {a: []}\n", "is empty"},
    {"pack: t\nlists: {a: [[x]]}\n", "expected words"},
    {"pack: t\nguards: {a: {scope: post}}\n", "neither phrases nor regex"},
    {"pack: t\nrules: [{id: a, class: outage}]\n", "neither phrases nor regex"},
    {"pack: t\nrules: [{id: a, class: outage, signal: joke, phrases: [x]}]\n", "more than one of"},
    {"pack: t\nrules: [{id: a, class: outage, score: 5000, phrases: [x]}]\n", "score"},
    {"pack: t\nrules: [{id: a, class: outage, regex: 'x*'}]\n", "matches the empty text"},
    {"pack: t\nrules: [{id: a, class: outage, regex: '\\C'}]\n", "\\C"},
    {"pack: t\nrules: [{id: a, class: outage, phrases: [x], capture: [y]}]\n", "expected a map"},
    {"pack: t\nrules: [{id: a, class: outage, phrases: [x], unless: [yes please, nope]}]\n",
     "needs quotes"},
    {"pack: t\nrules: [{class: outage, phrases: [x]}, {class: outage, phrases: [x]}]\n", "id: is missing"},
    {"pack: t\nthresholds: {outage: -1}\n", "outage"},
    {"pack: t\nrules: [{id: a, scores: {outage: 1}, score: 2, phrases: [x]}]\n", "scores says it too"},
    {"pack: t\nrules: [{id: a, class: outage, scores: {outage: 1}, score: 2, phrases: [x]}]\n",
     "scores says it too"},
    {"pack: t\nrules: [{id: a, scores: {outages: 1}, phrases: [x]}]\n", "did you mean 'outage'?"},
    {"pack: t\nrules: [{id: a, class: outage, is: loud}]\n", "expected question, shouting"},
    {"pack: t\nrules: [{id: a, class: outage, is: [[question]]}]\n", "expected question, shouting"},
    {"pack: t\nrules: [{id: a, class: outage, phrases: [x], group: g}]\n", "the pack has no group 'g'"},
    {"pack: t\ngroups: {g: {unles: [x]}}\n", "did you mean 'unless'?"},
    {"pack: t\nrules: [{id: a, class: outage, phrases: [x], when: nope}]\n", "no guard is called 'nope'"},
    {"pack: t\nrules: [{id: a, class: outage, phrases: [x], near: 3}]\n",
     "near alone says how far its words may be, but there are no two"},
    {"pack: t\nrules: [{id: a, class: outage, regex: x, near: 3}]\n", "but none are there"},
    {"pack: t\nrules: [{id: a, class: outage, phrases: [x], before: y, after: z}]\n", "more than one of"},
    {"pack: t\nrules: [{id: a, class: outage, regex: x, before: y}]\n", "need phrases"},
    {"pack: t\nrules: [{id: a, class: outage, phrases: [x], before: [y, [z]]}]\n", "expected a phrase"},
    {"pack: t\nrules: [{id: a, class: outage, phrases: [x], before: {y: z}}]\n", "expected a phrase"},
    {"pack: t\nlists: {emoji.anger: [x]}\n", "is a built-in list"},
    {"pack: t\nnegations: {window: 2}\n", "negations: neither phrases nor regex"},
    {"pack: t\nboosters: [{phrases: [so], adds: 2}]\n", "did you mean 'add'?"},
    {"pack: t\nnegated: flop\n", "did you mean 'flip'?"},
    {"pack: t\nrules: [{id: a, scores: {}, phrases: [x]}]\n", "adds to no class"},
    {"pack: t\nrules: [{id: a, class: outage, priority: 101, phrases: [x]}]\n", "priority"},
};

static void test_single_mistakes(void **state)
{
    static struct diag d;

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(mistakes); i++) {
        diag_init(&d);
        assert_null(ruleset_parse("t.yaml", str_from(mistakes[i].pack), RULE_ENGINE_REFERENCE, &d));
        bool found = false;
        for (size_t k = 0; k < d.n_items; k++)
            found |= strstr(d.items[k].text, mistakes[i].why) != NULL;
        if (!found) {
            diag_print(&d, "rules", stderr);
            fail_msg("%s\nnot reported: %s", mistakes[i].pack, mistakes[i].why);
        }
        diag_finish(&d);
    }
}

static void test_tests_inside_packs(void **state)
{
    struct ruleset *set =
        pack_load("pack: t\n"
                  "rules:\n"
                  "  - id: a\n"
                  "    class: outage\n"
                  "    phrases: [down]\n"
                  "    unless: [\"yesterday\"]\n"
                  "    tests:\n"
                  "      match: [it is down, \"wrong: up\", down yesterday, down love]\n"
                  "      skip: [up, \"wrong: down\"]\n"
                  "  - {id: b, class: praise, score: 9, phrases: [love], tests: {match: love}}\n");
    static struct diag d;

    (void)state;
    diag_init(&d);
    assert_int_equal(ruleset_run_tests(set, &d), 7);
    assert_int_equal(d.n_errors, 4);
    assert_non_null(strstr(d.items[0].text, "test.yaml:8:27: rules.a: does not match this test"));
    assert_non_null(strstr(d.items[1].text, "held back by its unless"));
    assert_non_null(strstr(d.items[2].text, "matches this test, but: verdict praise (9)"));
    assert_non_null(strstr(d.items[3].text, "test.yaml:9:18: rules.a: should skip this test"));
    diag_finish(&d);
    ruleset_unref(set);
}

/* A todo may fail; one that passes is pointed out. */
static void test_todos(void **state)
{
    struct ruleset *set = pack_load("pack: t\n"
                                    "rules:\n"
                                    "  - id: a\n"
                                    "    class: outage\n"
                                    "    phrases: [down]\n"
                                    "    tests:\n"
                                    "      todo_match: [out of order, all down]\n"
                                    "      todo_skip: [down jacket, up]\n");
    static struct diag d;

    (void)state;
    diag_init(&d);
    assert_int_equal(ruleset_run_tests(set, &d), 4);
    assert_int_equal(d.n_errors, 0);
    assert_int_equal(d.n_warnings, 2);
    assert_non_null(strstr(d.items[0].text, "test.yaml:7:34: "));
    assert_non_null(strstr(d.items[0].text, "rules.a: this todo passes now; make it a match"));
    assert_non_null(strstr(d.items[1].text, "make it a skip"));
    diag_finish(&d);
    ruleset_unref(set);
}

static void test_what_is_told_about_a_rule(void **state)
{
    struct ruleset *set =
        pack_load("pack: t\n"
                  "lang: en\n"
                  "rules:\n"
                  "  - {id: a, scores: {outage: 2, praise: -1}, phrases: [down], priority: 7,\n"
                  "     owner: web, since: 2026-11, note: why, status: experimental}\n");
    struct rule_info rule = ruleset_rule(set, 0);

    (void)state;
    assert_true(str_eq(rule.name, STR("t/a")) && str_eq(rule.lang, STR("en")));
    assert_int_equal(rule.class, CLASS_OUTAGE);
    assert_int_equal(rule.score, 2);
    assert_int_equal(rule.scores[CLASS_PRAISE], -1);
    assert_int_equal(rule.priority, 7);
    assert_true(rule.experimental && str_eq(rule.owner, STR("web")));
    assert_true(str_eq(rule.since, STR("2026-11")) && str_eq(rule.note, STR("why")));
    ruleset_unref(set);
}

static void file_write(const char *folder, const char *name, const char *text)
{
    char path[512];

    snprintf(path, sizeof(path), "%s/%s", folder, name);
    int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0600);
    assert_true(fd >= 0);
    assert_int_equal(write(fd, text, strlen(text)), (ssize_t)strlen(text));
    close(fd);
}

static void file_remove(const char *folder, const char *name)
{
    char path[512];

    snprintf(path, sizeof(path), "%s/%s", folder, name);
    unlink(path);
}

/* Packs of one language share lists and guards, in whatever order they load. */
static void test_folders_share_lists_and_a_later_pack_sets_thresholds(void **state)
{
    char folder[] = "/tmp/mentiond-rules-XXXXXX";
    static struct diag d;

    (void)state;
    assert_non_null(mkdtemp(folder));
    file_write(folder, "a.yaml", "pack: a\nlang: en\nrules: [{id: r, class: outage, "
                                 "phrases: [\"{service} down\"], unless: past}]\n");
    file_write(folder, "b.yaml", "pack: b\nlang: en\nlists: {service: [site]}\n"
                                 "guards: {past: [yesterday]}\n");
    file_write(folder, "z.yaml", "pack: z\nthresholds: {outage: 4}\n");
    file_write(folder, "ignored.txt", "not a pack");
    struct str path = str_from(folder);
    diag_init(&d);
    struct ruleset *set = ruleset_load(&path, 1, RULE_ENGINE_FAST, &d);
    diag_print(&d, "rules", stderr);
    assert_non_null(set);
    struct judged j;
    judge(set, "site down", &j);
    assert_int_equal(j.m.scores[CLASS_OUTAGE], 3);
    assert_int_equal(j.m.class, CLASS_NONE);
    arena_finish(&j.arena);
    ruleset_unref(set);

    file_write(folder, "z.yaml", "pack: a\n");
    assert_null(ruleset_load(&path, 1, RULE_ENGINE_FAST, &d));
    assert_non_null(strstr(d.items[0].text, "is also the name of"));
    diag_finish(&d);
    file_remove(folder, "a.yaml");
    file_remove(folder, "b.yaml");
    file_remove(folder, "z.yaml");
    file_remove(folder, "ignored.txt");
    rmdir(folder);
}

static void test_missing_paths_are_errors(void **state)
{
    const struct str paths[] = {{"/nonexistent/rules", 18}, {"/nonexistent/a.yaml", 19}};
    static struct diag d;

    (void)state;
    diag_init(&d);
    assert_null(ruleset_load(paths, 2, RULE_ENGINE_FAST, &d));
    assert_int_equal(d.n_errors, 2);
    diag_finish(&d);
}

static void test_a_set_lives_while_somebody_holds_it(void **state)
{
    struct ruleset *set = pack_load("pack: t\nrules: [{id: a, class: outage, phrases: [down]}]\n");
    struct ruleset *held = ruleset_ref(set);

    (void)state;
    ruleset_unref(set);
    assert_int_equal(ruleset_count(held), 1);
    assert_int_equal(class_of(held, "down"), CLASS_OUTAGE);
    ruleset_unref(held);
    ruleset_unref(NULL);
}

/* Each rule is known by its name, however many there are. */
static void test_a_doubled_id_among_thousands_is_found(void **state)
{
    struct buf pack = BUF_INIT(1024 * 1024);
    static struct diag d;

    (void)state;
    buf_append_str(&pack, STR("pack: t\nrules:\n"));
    for (int i = 0; i < 5000; i++)
        buf_printf(&pack, "- {id: r%d, class: praise, phrases: [word%d]}\n", i == 4999 ? 17 : i, i);
    diag_init(&d);
    assert_null(ruleset_parse("t.yaml", buf_str(&pack), RULE_ENGINE_REFERENCE, &d));
    assert_int_equal(d.n_errors, 1);
    assert_non_null(strstr(d.items[0].text, "t.yaml:5002:8: rules.r17: id 'r17' is taken by the "
                                            "rule in line 20"));
    diag_finish(&d);
    buf_finish(&pack);
}

/* All that a verdict borrows must survive the packs' trees: under ASan this finds what does not. */
static void test_a_settled_set_judges_the_same(void **state)
{
    static const char pack[] = "pack: en/settled\n"
                               "lang: en\n"
                               "lists: {service: {web: [site, page], app: [app]}}\n"
                               "guards: {past: {phrases: [yesterday]}}\n"
                               "rules:\n"
                               "  - id: down\n"
                               "    class: outage\n"
                               "    score: 4\n"
                               "    owner: ops\n"
                               "    phrases: [\"{service} down\"]\n"
                               "    regex: \"(?<code>e\\\\d+) error\"\n"
                               "    capture: {topic: service, kind: fault}\n"
                               "    unless: [past]\n"
                               "    tests: {match: [nothing]}\n";
    static const char post[] = "the site down, E42 error";
    CLEANUP(buf_finish) struct buf before = BUF_INIT(64 * 1024), after = BUF_INIT(64 * 1024);
    struct ruleset *set = pack_load(pack);
    struct mention m;
    struct error err;
    struct judged j;
    static struct diag d;

    (void)state;
    mention_init(&m);
    m.text = STR(post);
    m.lang = STR("en");
    assert_int_equal(ruleset_explain(set, &m, &before, &err), 0);
    ruleset_settle(set);
    ruleset_settle(set);
    assert_int_equal(ruleset_explain(set, &m, &after, &err), 0);
    assert_true(buf_str(&before).len > 0 && str_eq(buf_str(&before), buf_str(&after)));
    judge(set, post, &j);
    assert_int_equal(j.m.class, CLASS_OUTAGE);
    assert_int_equal(j.m.n_captures, 3);
    assert_int_equal(class_of(set, "the site down yesterday"), CLASS_NONE);
    assert_true(str_eq(ruleset_rule(set, 0).owner, STR("ops")));
    diag_init(&d);
    assert_int_equal(ruleset_run_tests(set, &d) + ruleset_lint(set, &d) + d.n_items, 0);
    diag_finish(&d);
    arena_finish(&j.arena);
    ruleset_unref(set);
}

/* What no post needed for a while is made anew when one does. */
static void count_use(void *user, const struct rule_use *use)
{
    size_t *n = user;

    *n += use->fired;
}

static void test_a_rested_set_judges_the_same(void **state)
{
    static const char pack[] =
        "pack: t\n"
        "rules: [{id: down, class: outage, phrases: [site ~3 down], regex: 'E\\d+'}]\n";
    struct ruleset *set = pack_load(pack);
    int64_t now_ms = RULESET_REST_MS;
    size_t n_uses = 0;

    (void)state;
    ruleset_settle(set);
    for (int i = 0; i < 3; i++) {
        assert_int_equal(class_of(set, "the site is down"), CLASS_OUTAGE);
        assert_int_equal(class_of(set, "E42"), CLASS_OUTAGE);
        assert_false(ruleset_rest(set, now_ms)); /* they were just needed */
        assert_false(ruleset_rest(set, now_ms + RULESET_QUIET_MS - 1));
        assert_true(ruleset_rest(set, now_ms + RULESET_QUIET_MS)); /* the tables, and sources are packed */
        assert_false(ruleset_rest(set, now_ms + RULESET_REST_MS - 1));
        now_ms += RULESET_REST_MS;
        assert_true(ruleset_rest(set, now_ms)); /* what is compiled */
        now_ms += RULESET_REST_MS;
        ruleset_take_uses(set, count_use, &n_uses);
        assert_false(ruleset_rest(set, now_ms)); /* nothing is left to drop */
        now_ms += RULESET_REST_MS;
    }
    assert_int_equal(n_uses, 3);
    ruleset_unref(set);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_all_mistakes_at_once_each_with_its_place),
        cmocka_unit_test(test_single_mistakes),
        cmocka_unit_test(test_tests_inside_packs),
        cmocka_unit_test(test_todos),
        cmocka_unit_test(test_what_is_told_about_a_rule),
        cmocka_unit_test(test_folders_share_lists_and_a_later_pack_sets_thresholds),
        cmocka_unit_test(test_missing_paths_are_errors),
        cmocka_unit_test(test_a_doubled_id_among_thousands_is_found),
        cmocka_unit_test(test_a_set_lives_while_somebody_holds_it),
        cmocka_unit_test(test_a_settled_set_judges_the_same),
        cmocka_unit_test(test_a_rested_set_judges_the_same),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
