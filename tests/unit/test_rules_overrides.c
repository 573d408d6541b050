/* Packs that include others, and what they change in them. */
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "rules_support.h"

struct folder {
    char path[64];
    char files[8][96];
    size_t n;
};

static void folder_create(struct folder *f)
{
    *f = (struct folder){.path = "/tmp/mentiond-packs-XXXXXX"};
    assert_non_null(mkdtemp(f->path));
    char sub[96];
    snprintf(sub, sizeof(sub), "%s/sub", f->path);
    assert_int_equal(mkdir(sub, 0700), 0);
}

static void file_write(struct folder *f, const char *name, const char *text)
{
    char path[96];

    snprintf(path, sizeof(path), "%s/%s", f->path, name);
    memcpy(f->files[f->n++], path, sizeof(path));
    FILE *file = fopen(path, "w");
    assert_non_null(file);
    fputs(text, file);
    fclose(file);
}

static void folder_remove(struct folder *f)
{
    char sub[96];

    for (size_t i = 0; i < f->n; i++)
        unlink(f->files[i]);
    snprintf(sub, sizeof(sub), "%s/sub", f->path);
    rmdir(sub);
    rmdir(f->path);
}

static struct ruleset *load(const struct folder *f, const char *name, struct diag *d)
{
    char path[96];

    snprintf(path, sizeof(path), "%s/%s", f->path, name);
    struct str paths = str_from(path);
    diag_init(d);
    return ruleset_load(&paths, 1, RULE_ENGINE_FAST, d);
}

/* a includes b, and the folder that holds c; c includes a, and b by another name. */
static void test_includes(void **state)
{
    struct folder f;
    static struct diag d;

    (void)state;
    folder_create(&f);
    file_write(&f, "a.yaml", "pack: a\ninclude: [b.yaml, sub/]\nthresholds: {praise: 1}\n"
                             "rules: [{id: r, class: praise, score: 1, phrases: ['{bees}', '{sees}']}]\n");
    file_write(&f, "b.yaml", "pack: b\nthresholds: {praise: 7}\nlists: {bees: [bee]}\n");
    file_write(&f, "sub/c.yaml", "pack: c\ninclude: [../a.yaml, ../sub/../b.yaml]\nlists: {sees: [sea]}\n");
    struct ruleset *set = load(&f, "a.yaml", &d);
    diag_print(&d, "rules", stderr);
    diag_finish(&d);
    assert_non_null(set);
    assert_int_equal(ruleset_count(set), 1);
    assert_int_equal(class_of(set, "bee"), CLASS_PRAISE);
    assert_int_equal(class_of(set, "sea"), CLASS_PRAISE);
    ruleset_unref(set);
    folder_remove(&f);
}

static void test_includes_that_fail(void **state)
{
    struct folder f;
    static struct diag d;

    (void)state;
    folder_create(&f);
    file_write(&f, "a.yaml", "pack: a\ninclude:\n  - nowhere.yaml\n  - [x]\n  - b.yaml\n");
    file_write(&f, "b.yaml", "pack: b\nrules: [{id: r}]\n");
    assert_null(load(&f, "a.yaml", &d));
    assert_int_equal(d.n_errors, 3);
    assert_non_null(strstr(d.items[0].text, "a.yaml:3:5: include: /tmp/"));
    assert_non_null(strstr(d.items[0].text, "nowhere.yaml: No such file"));
    assert_non_null(strstr(d.items[1].text, "a.yaml:4:5: include: expected a path, got a list"));
    diag_finish(&d);
    diag_init(&d);
    assert_null(ruleset_parse("m.yaml", STR("pack: m\ninclude: a.yaml\n"), RULE_ENGINE_FAST, &d));
    assert_non_null(strstr(d.items[0].text, "m.yaml:2:10: include: a pack from memory has no"));
    diag_finish(&d);
    folder_remove(&f);
}

static const char base[] =
    "pack: en/base\nlang: en\n"
    "rules:\n"
    "  - {id: down, class: outage, phrases: [down], tests: {match: down}}\n"
    "  - {id: bad, class: complaint, score: 3, phrases: [bad], tests: {match: bad, skip: [not bad]}}\n"
    "  - {id: loud, class: complaint, score: 3, is: emphatic}\n"
    "  - {id: both, class: outage, score: 9, all: [down, bad]}\n"
    "  - {id: lol, signal: joke, phrases: [lol]}\n";

static void test_overrides(void **state)
{
    struct folder f;
    static struct diag d;
    struct judged j;

    (void)state;
    folder_create(&f);
    file_write(&f, "base.yaml", base);
    file_write(&f, "first.yaml", "pack: first\ninclude: base.yaml\n"
                                 "overrides: {en/base/*: {score: 50}, en/base/lol: {enabled: false}}\n");
    file_write(&f, "local.yaml", "pack: local\nlang: en\ninclude: first.yaml\n"
                                 "overrides:\n"
                                 "  bad: {score: 1, note: hardly}\n"
                                 "  en/base/loud: {enabled: false}\n"
                                 "  en/base/down: {scores: {outage: 4, praise: -1}}\n"
                                 "  en/base/both: {enabled: false}\n");
    struct ruleset *set = load(&f, "local.yaml", &d);
    diag_print(&d, "rules", stderr);
    assert_non_null(set);
    judge(set, "bad down!! lol", &j);
    assert_int_equal(j.m.scores[CLASS_COMPLAINT], 1);
    assert_int_equal(j.m.scores[CLASS_OUTAGE], 4);
    assert_int_equal(j.m.signals, 0);
    assert_int_equal(j.m.n_hits, 2);
    arena_finish(&j.arena);
    assert_true(ruleset_rule(set, 2).disabled && !ruleset_rule(set, 1).disabled);
    assert_int_equal(ruleset_run_tests(set, &d), 3);
    assert_int_equal(d.n_errors, 1); /* 'not bad' is in skip, whatever the score */
    diag_finish(&d);
    ruleset_unref(set);
    folder_remove(&f);
}

static const struct {
    const char *overrides, *why;
} mistakes[] = {
    {"{en/base/dawn: {score: 1}}", "local.yaml:3:13: overrides: no rule is called 'en/base/dawn' "
                                   "(did you mean 'en/base/down'?)"},
    {"{en/bass/*: {score: 1}}", "no rule is called 'en/bass/*'"},
    {"{en/base/lol: {score: 1}}", "en/base/lol gives no class, so it has no score"},
    {"{en/base/down: {enable: false}}", "did you mean 'enabled'?"},
    {"{en/base/down: {scores: {outages: 2}}}", "did you mean 'outage'?"},
    {"[en/base/down]", "overrides: expected a map, got a list"},
    {"{en/base/down: off}", "expected a map"},
};

static void test_mistakes(void **state)
{
    struct folder f;
    static struct diag d;

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(mistakes); i++) {
        char text[512];
        folder_create(&f);
        file_write(&f, "base.yaml", base);
        snprintf(text, sizeof(text), "pack: local\ninclude: base.yaml\noverrides: %s\n",
                 mistakes[i].overrides);
        file_write(&f, "local.yaml", text);
        assert_null(load(&f, "local.yaml", &d));
        bool found = false;
        for (size_t k = 0; k < d.n_items; k++)
            found |= strstr(d.items[k].text, mistakes[i].why) != NULL;
        if (!found) {
            diag_print(&d, "rules", stderr);
            fail_msg("not reported: %s", mistakes[i].why);
        }
        diag_finish(&d);
        folder_remove(&f);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_includes),
        cmocka_unit_test(test_includes_that_fail),
        cmocka_unit_test(test_overrides),
        cmocka_unit_test(test_mistakes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
