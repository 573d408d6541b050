/* What ships: the packs under rules/ pass their own tests, and every example in docs/rules.md
 * is true. */
#include <stdio.h>
#include <unistd.h>

#include "rules_support.h"

#define DOC_MAX (256 * 1024)

static const char *source_root(void)
{
    const char *root = getenv("MENTIOND_SOURCE_ROOT");

    return root ? root : ".";
}

static void check_tests(struct ruleset *set, size_t min_tests)
{
    static struct diag d;

    diag_init(&d);
    size_t ran = ruleset_run_tests(set, &d);
    diag_print(&d, "rules", stderr);
    assert_int_equal(d.n_errors, 0);
    assert_true(ran >= min_tests);
    diag_finish(&d);
}

static struct ruleset *load_shipped(const char *folder)
{
    static struct diag d;
    char path[1024];

    snprintf(path, sizeof(path), "%s/%s", source_root(), folder);
    struct str paths = str_from(path);
    diag_init(&d);
    struct ruleset *set = ruleset_load(&paths, 1, RULE_ENGINE_FAST, &d);
    diag_print(&d, "rules", stderr);
    diag_finish(&d);
    assert_non_null(set);
    return set;
}

/* Each language by itself: its packs need no others. */
static void test_packs_of_each_language(void **state)
{
    static const char *const folders[] = {"rules/en", "rules/de", "rules/es", "rules/pt",
                                          "rules/it", "rules/fr"};

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(folders); i++) {
        struct ruleset *set = load_shipped(folders[i]);
        check_tests(set, 2 * ruleset_count(set));
        ruleset_unref(set);
    }
}

static const struct {
    const char *text, *lang;
    enum mention_class class;
    const char *topic;
} reports[] = {
    {"@acme can't log in since this morning, is the app down?", "en", CLASS_OUTAGE, "login"},
    {"Hey @acme, unser Internet ist seit heute ausgefallen", "de", CLASS_OUTAGE, "internet"},
    {"@acme la app está caída desde las nueve", "es", CLASS_OUTAGE, "app"},
    {"não consigo pagar, o pix da acme caiu de novo", "pt-BR", CLASS_OUTAGE, "payments"},
    {"@acme siamo da tre ore senza luce a Terni", "it", CLASS_OUTAGE, "power"},
    {"je n'arrive plus à me connecter chez acme", "fr", CLASS_OUTAGE, "login"},
};

static bool has_topic(const struct mention *m, struct str topic)
{
    for (size_t i = 0; i < m->n_captures; i++)
        if (str_eq(m->captures[i].name, STR("topic")) && str_eq(m->captures[i].value, topic))
            return true;
    return false;
}

/* All languages together: the mention's language chooses, and none disturbs another. */
static void test_all_packs_together(void **state)
{
    struct ruleset *set = load_shipped("rules");

    (void)state;
    check_tests(set, 2 * ruleset_count(set));
    for (size_t i = 0; i < ARRAY_LEN(reports); i++) {
        struct judged j;
        judge_in(set, reports[i].text, reports[i].lang, &j);
        if (j.m.class != reports[i].class || !has_topic(&j.m, str_from(reports[i].topic)))
            fail_msg("%s: %s", reports[i].text, mention_class_name(j.m.class));
        arena_finish(&j.arena);
    }
    assert_int_equal(ruleset_limited(set), 0);
    ruleset_unref(set);
}

/* What lint finds is mended, but for amounts and smileys: those have no word that must be there. */
static void test_nothing_to_mend(void **state)
{
    struct ruleset *set = load_shipped("rules");
    static struct diag d;

    (void)state;
    diag_init(&d);
    ruleset_lint(set, &d);
    for (size_t i = 0; i < d.n_items; i++) {
        if (!strstr(d.items[i].text, "(unfiltered)"))
            fail_msg("%s", d.items[i].text);
    }
    assert_true(d.n_items < DIAG_MAX);
    diag_finish(&d);
    ruleset_unref(set);
}

static struct str read_doc(char *storage)
{
    char path[1024];

    snprintf(path, sizeof(path), "%s/docs/rules.md", source_root());
    FILE *f = fopen(path, "r");
    assert_non_null(f);
    size_t len = fread(storage, 1, DOC_MAX, f);
    fclose(f);
    return (struct str){storage, len};
}

/* As a file beside the shipped packs, for those that include them. */
static struct ruleset *load_example(const char *folder, struct str example, struct diag *d)
{
    char path[512];

    snprintf(path, sizeof(path), "%s/example.yaml", folder);
    FILE *f = fopen(path, "w");
    assert_non_null(f);
    assert_int_equal(fwrite(example.s, 1, example.len, f), example.len);
    fclose(f);
    struct str paths = str_from(path);
    struct ruleset *set = ruleset_load(&paths, 1, RULE_ENGINE_FAST, d);
    unlink(path);
    return set;
}

static void test_examples_in_the_documentation(void **state)
{
    char folder[] = "/tmp/mentiond-doc-XXXXXX", link[512], packs[1024];
    static char storage[DOC_MAX];
    struct str rest = read_doc(storage);
    size_t examples = 0, start;

    (void)state;
    assert_non_null(mkdtemp(folder));
    snprintf(link, sizeof(link), "%s/rules", folder);
    char *root = realpath(source_root(), NULL);
    assert_non_null(root);
    snprintf(packs, sizeof(packs), "%s/rules", root);
    free(root);
    assert_int_equal(symlink(packs, link), 0);
    while ((start = str_find(rest, STR("```yaml\n"))) != SIZE_MAX) {
        rest = str_slice(rest, start + 8, rest.len);
        size_t end = str_find(rest, STR("```"));
        assert_int_not_equal(end, SIZE_MAX);
        struct str example = str_slice(rest, 0, end);
        static struct diag d;
        diag_init(&d);
        struct ruleset *set = load_example(folder, example, &d);
        diag_print(&d, "docs/rules.md", stderr);
        diag_finish(&d);
        assert_non_null(set);
        check_tests(set, 1);
        ruleset_unref(set);
        examples++;
        rest = str_slice(rest, end + 3, rest.len);
    }
    assert_true(examples >= 6);
    unlink(link);
    rmdir(folder);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_packs_of_each_language),
        cmocka_unit_test(test_all_packs_together),
        cmocka_unit_test(test_nothing_to_mend),
        cmocka_unit_test(test_examples_in_the_documentation),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
