/* Tables to structs: every kind of option with what it takes, what it refuses and in which words.
 */
#include "config_testing.h"

#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

struct all {
    struct str text;
    int64_t number, wait_ms, size;
    bool flag;
    struct str url;
    int word;
    struct str_list list;
    struct secret secret, login;
    const struct config_node *node;
};

static const char *const words[] = {"text", "json", NULL};

#define AT(field) .offset = offsetof(struct all, field)

static const struct option options[] = {
    {"text", OPTION_STRING, AT(text), .def = "plain", .min = 1, .max = 8, .help = "Some text."},
    {"number", OPTION_INT, AT(number), .def = "5", .min = 1, .max = 10, .help = "A number."},
    {"interval", OPTION_DURATION, AT(wait_ms), .def = "5m", .min = 30000, .max = 86400000,
     .help = "How long - to wait, in so many words that the line has to be broken somewhere before "
             "its end."},
    {"size", OPTION_SIZE, AT(size), .def = "64k", .max = 1 << 20,
     .help = ".dots and \\ are roff's."},
    {"flag", OPTION_BOOL, AT(flag), .def = "true", .help = "On or off."},
    {"url", OPTION_URL, AT(url), .help = "Where."},
    {"word", OPTION_ENUM, AT(word), .def = "json", .choices = words, .help = "Which."},
    {"list", OPTION_LIST, AT(list), .def = "[a, b]", .min = 1, .max = 3, .help = "Some."},
    {"secret", OPTION_SECRET, AT(secret), .help = "Hush."},
    {"login", OPTION_CREDENTIAL, AT(login), .max = 8, .help = "Who."},
    {"node", OPTION_NODE, AT(node), .help = "More."},
    {0},
};

static const struct option needed[] = {{"text", OPTION_STRING, AT(text), .required = true}, {0}};

/* ---- refusals ------------------------------------------------------------------------------ */

static const struct {
    const char *text;
    const char *want; /* first line */
} refusals[] = {
    {"text: ''", "c.yaml:1:7: top.text: is empty"},
    {"text: toolongatext", "c.yaml:1:7: top.text: has 12 bytes, the maximum is 8"},
    {"text: [a]", "c.yaml:1:7: top.text: expected text, got a list"},
    {"text: ${HOME}",
     "c.yaml:1:7: top.text: '${HOME}' is not expanded here: only secrets and credentials are "
     "taken from the environment"},
    {"number: 0", "c.yaml:1:9: top.number: '0' is below the minimum of 1"},
    {"number: 11", "c.yaml:1:9: top.number: '11' is above the maximum of 10"},
    {"number: 5.5", "c.yaml:1:9: top.number: expected a whole number, got '5.5'"},
    {"number: 99999999999999999999", "c.yaml:1:9: top.number: expected a whole number, got "
                                     "'99999999999999999999'"},
    {"interval: 5s", "c.yaml:1:11: top.interval: '5s' is below the minimum of 30s"},
    {"interval: 25h", "c.yaml:1:11: top.interval: '25h' is above the maximum of 1d"},
    {"interval: 60", "c.yaml:1:11: top.interval: '60' has no unit: 60s would be seconds"},
    {"interval: soon",
     "c.yaml:1:11: top.interval: expected a duration such as 30s, 5m or 1h30m, got 'soon'"},
    {"interval: {s: 5}",
     "c.yaml:1:11: top.interval: expected a duration such as 30s, 5m or 1h30m, got a map"},
    {"size: 2M", "c.yaml:1:7: top.size: '2M' is above the maximum of 1M"},
    {"size: 5T", "c.yaml:1:7: top.size: expected a size such as 64k, 16M or 2G, got '5T'"},
    {"flag: maybe", "c.yaml:1:7: top.flag: expected true or false, got 'maybe'"},
    {"word: tex", "c.yaml:1:7: top.word: 'tex' is not one of text, json (did you mean 'text'?)"},
    {"word: xml", "c.yaml:1:7: top.word: 'xml' is not one of text, json"},
    {"list: []", "c.yaml:1:7: top.list: is empty"},
    {"list: [a, b, c, d]", "c.yaml:1:7: top.list: has 4 items, the maximum is 3"},
    {"list: {a: b}", "c.yaml:1:7: top.list: expected a list, got a map"},
    {"list: [a, [b]]", "c.yaml:1:11: top.list: expected text as an item, got a list"},
    {"list: [a, ~]", "c.yaml:1:11: top.list: expected text as an item, got nothing"},
    {"list: ['']", "c.yaml:1:8: top.list: is empty"},
    {"list: ['${A}']",
     "c.yaml:1:8: top.list: '${A}' is not expanded here: only secrets and credentials are "
     "taken from the environment"},
    {"secret: {a: b}", "c.yaml:1:9: top.secret: expected \"${NAME}\" or file:PATH, got a map"},
    {"login: ${1}", "c.yaml:1:8: top.login: expected a value, \"${NAME}\" or file:PATH"},
    {"login: muchtoolong", "c.yaml:1:8: top.login: has 11 bytes, the maximum is 8"},
    {"intervall: 5m", "c.yaml:1:1: top: unknown key 'intervall' (did you mean 'interval'?)"},
    {"colour: red", "c.yaml:1:1: top: unknown key 'colour'"},
    {"[a]", "c.yaml:1:1: top: expected a map, got a list"},
};

static char *decode_and_print(const char *text, struct all *ret, bool *ret_ok)
{
    struct option_target target = {options, ret};
    struct config_doc *doc;
    struct diag d;
    char *said;

    diag_init(&d);
    doc = config_doc_parse("c.yaml", str_from(text), &d);
    assert_non_null(doc);
    *ret_ok = options_decode(&target, 1, "top", doc->root, doc, &d);
    said = printed(&d);
    config_doc_destroy(doc);
    diag_finish(&d);
    return said;
}

static void test_refusals(void **state)
{
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(refusals); i++) {
        struct all all;
        bool ok;
        char *said = decode_and_print(refusals[i].text, &all, &ok), *end = strchr(said, '\n');

        assert_non_null(end);
        assert_non_null(strstr(end, "c.yaml: 1 error\n"));
        *end = '\0';
        assert_string_equal(said, refusals[i].want);
        assert_false(ok);
        free(said);
    }
}

static void test_five_mistakes_at_once(void **state)
{
    struct all all;
    bool ok;
    char *said = decode_and_print("interval: 5s\n"
                                  "lst: [a]\n"
                                  "number: many\n"
                                  "secret: hunter2\n"
                                  "url: ftp://x\n",
                                  &all, &ok);

    (void)state;
    assert_string_equal(
        said,
        "c.yaml:1:11: top.interval: '5s' is below the minimum of 30s\n"
        "   1 | interval: 5s\n"
        "     |           ^~\n"
        "c.yaml:2:1: top: unknown key 'lst' (did you mean 'list'?)\n"
        "   2 | lst: [*]\n"
        "     | ^~~\n"
        "c.yaml:3:9: top.number: expected a whole number, got 'many'\n"
        "   3 | number: many\n"
        "     |         ^~~~\n"
        "c.yaml:4:9: top.secret: a secret is not written into this file: use \"${NAME}\" for an "
        "environment variable or file:PATH\n"
        "   4 | secret: *******\n"
        "     |         ^~~~~~~\n"
        "c.yaml:5:6: top.url: expected an http or https URL, got 'ftp://x'\n"
        "   5 | url: ftp://x\n"
        "     |      ^~~~~~~\n"
        "c.yaml: 5 errors\n");
    assert_false(ok);
    free(said);
}

/* ---- values -------------------------------------------------------------------------------- */

static void test_defaults_also_where_wrong(void **state)
{
    static const char *const texts[] = {"{}", "[1]",
                                        "number: x\ninterval:\nword: ~\nlist: {}\nsize: x\n"};

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(texts); i++) {
        struct option_target target;
        struct config_doc *doc;
        struct diag d;
        struct all all;

        memset(&all, 0x55, sizeof(all));
        target = (struct option_target){options, &all};
        diag_init(&d);
        doc = config_doc_parse("c.yaml", str_from(texts[i]), &d);
        options_decode(&target, 1, "top", doc->root, doc, &d);
        assert_int_equal(all.number, 5);
        assert_int_equal(all.wait_ms, 300000);
        assert_int_equal(all.size, 65536);
        assert_true(all.flag);
        assert_int_equal(all.word, 1);
        assert_int_equal(all.list.n, 2);
        assert_true(str_eq(all.list.items[1], STR("b")));
        assert_true(str_eq(all.text, STR("plain")));
        assert_int_equal(all.secret.spec.len, 0);
        assert_null(all.node);
        config_doc_destroy(doc);
        diag_finish(&d);
    }
}

static void test_values(void **state)
{
    struct all all;
    struct option_target target = {options, &all};
    struct config_doc *doc;
    struct diag d;

    (void)state;
    diag_init(&d);
    doc = config_doc_parse(
        "/etc/m/c.yaml",
        STR("text: no\nnumber: 7\ninterval: 1h30m\nsize: 512\nflag: off\n"
            "url: 'https://[::1]:8080/x?y'\nword: text\nlist: one\nsecret: file:pw\n"
            "login: '${WHO}'\nnode: {a: 1}\n"),
        &d);
    assert_true(options_decode(&target, 1, "", doc->root, doc, &d));
    assert_true(str_eq(all.text, STR("no"))); /* Norwegian, not false */
    assert_int_equal(all.number, 7);
    assert_int_equal(all.wait_ms, 5400000);
    assert_int_equal(all.size, 512);
    assert_false(all.flag);
    assert_true(str_eq(all.url, STR("https://[::1]:8080/x?y")));
    assert_int_equal(all.word, 0);
    assert_int_equal(all.list.n, 1);
    assert_true(str_eq(all.list.items[0], STR("one")));
    assert_true(str_eq(all.secret.spec, STR("file:/etc/m/pw")));
    assert_true(str_eq(all.login.spec, STR("${WHO}")));
    assert_true(config_get(all.node, "a") != NULL);
    config_doc_destroy(doc);
    diag_finish(&d);
}

static void test_tables_share_a_map(void **state)
{
    struct all all = {.number = 77}, required;
    struct option_target both[] = {{options, NULL}, {needed, &required}};
    struct config_doc *doc;
    struct diag d;

    (void)state;
    diag_init(&d);
    doc = config_doc_parse("c.yaml", STR("number: 0\nother: 1\n"), &d);
    assert_false(options_decode(both, 2, "top", doc->root, doc, &d));
    assert_int_equal(all.number, 77); /* known, but somebody else's: not even looked at */
    assert_false(
        options_decode_known(both + 1, 1, "top", doc->root, doc, &d)); /* again: said once */
    assert_printed(&d, "c.yaml:1:1: top.text: is missing\n"
                       "   1 | number: 0\n"
                       "     | ^~~~~~\n"
                       "c.yaml:2:1: top: unknown key 'other'\n"
                       "   2 | other: *\n"
                       "     | ^~~~~\n"
                       "c.yaml: 2 errors\n");
    config_doc_destroy(doc);
    diag_finish(&d);
}

/* A tree with a duplicate key decodes, but never counts as right. */
static void test_flawed_tree(void **state)
{
    struct all all;
    struct option_target target = {options, &all};
    struct config_doc *doc;
    struct diag d;

    (void)state;
    diag_init(&d);
    doc = config_doc_parse("c.yaml", STR("number: 6\nnumber: 7\n"), &d);
    assert_false(options_decode(&target, 1, "top", doc->root, doc, &d));
    assert_int_equal(all.number, 6);
    assert_int_equal(d.n_errors, 1);
    config_doc_destroy(doc);
    diag_finish(&d);
}

/* ---- amounts ------------------------------------------------------------------------------- */

static void test_durations(void **state)
{
    static const struct {
        const char *text;
        int64_t ms; /* -1: refused */
        const char *shown;
    } cases[] = {
        {"500ms", 500, "500ms"},
        {"30s", 30000, "30s"},
        {"5m", 300000, "5m"},
        {"4h", 14400000, "4h"},
        {"35d", 3024000000, "35d"},
        {"2w", 1209600000, "14d"},
        {"1h30m", 5400000, "1h30m"},
        {"90m", 5400000, "1h30m"},
        {"0", 0, "0s"},
        {"0s", 0, "0s"},
        {"1d1ms", 86400001, "1d1ms"},
        {"", -1, NULL},
        {"5", -1, NULL},
        {"s", -1, NULL},
        {"-5s", -1, NULL},
        {"1.5h", -1, NULL},
        {"5 s", -1, NULL},
        {"30m1h", -1, NULL},
        {"5m5m", -1, NULL},
        {"5M", -1, NULL},
        {"1h30", -1, NULL},
        {"9223372036854775807d", -1, NULL},
        {"99999999999999999999s", -1, NULL},
        {"15250284452w1w", -1, NULL},
        {"15250284452w6d23h60m", -1, NULL},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        int64_t ms = -1;
        bool ok = config_parse_duration(str_from(cases[i].text), &ms);
        char shown[CONFIG_AMOUNT_MAX];

        assert_int_equal(ok, cases[i].ms >= 0);
        assert_int_equal(ms, cases[i].ms);
        if (!ok)
            continue;
        config_format_duration(ms, shown);
        assert_string_equal(shown, cases[i].shown);
    }
}

static void test_sizes(void **state)
{
    static const struct {
        const char *text;
        int64_t bytes; /* -1: refused */
        const char *shown;
    } cases[] = {
        {"0", 0, "0"},
        {"512", 512, "512"},
        {"64k", 65536, "64k"},
        {"64K", 65536, "64k"},
        {"16M", 16 << 20, "16M"},
        {"1024M", 1 << 30, "1G"},
        {"2G", INT64_C(2) << 30, "2G"},
        {"", -1, NULL},
        {"k", -1, NULL},
        {"-1", -1, NULL},
        {"1.5M", -1, NULL},
        {"5T", -1, NULL},
        {"5 M", -1, NULL},
        {"9007199254740992G", -1, NULL},
        {"1025", 1025, "1025"},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        int64_t bytes = -1;
        bool ok = config_parse_size(str_from(cases[i].text), &bytes);
        char shown[CONFIG_AMOUNT_MAX];

        assert_int_equal(ok, cases[i].bytes >= 0);
        assert_int_equal(bytes, cases[i].bytes);
        if (!ok)
            continue;
        config_format_size(bytes, shown);
        assert_string_equal(shown, cases[i].shown);
    }
}

static void test_urls(void **state)
{
    static const struct {
        const char *text;
        bool ok;
    } cases[] = {
        {"https://mastodon.social", true},
        {"http://127.0.0.1:8080/a?b#c", true},
        {"https://[::1]:8080/", true},
        {"https://x.example/a@b", true},
        {"ftp://x", false},
        {"https://", false},
        {"https:///path", false},
        {"https://x:0", false},
        {"https://x:65536", false},
        {"https://x:80x", false},
        {"https://[::1", false},
        {"https://[]", false},
        {"https://a b", false},
        {"https://x/a b", false},
        {"https://me:hunter2@x/", false},
        {"https://me@x", false},
        {"ftp://me:hunter2@x", false},
        {"mastodon.social", false},
        {"https://${HOST}/", false},
        {"https://\xc3\xa9.example", false},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct all all;
        char text[128], *said;
        bool ok;

        snprintf(text, sizeof(text), "url: '%s'", cases[i].text);
        said = decode_and_print(text, &all, &ok);
        if (ok != cases[i].ok)
            fail_msg("%s: %s", cases[i].text, said);
        assert_null(strstr(said, "hunter2"));
        free(said);
    }
}

/* ---- secrets ------------------------------------------------------------------------------- */

/* However it is written and whatever else is wrong on its line. */
static void test_secrets_are_never_shown(void **state)
{
    static const char *const texts[] = {
        "secret: hunter2",
        "secret: 'hunter2'",
        "{number: x, secret: hunter2, wrod: y}",
        "{secret: hunter2, number: 0}",
        "secrt: hunter2",
        "pw: hunter2\nnumber: 0",
        "secret: [hunter2, hunter2]",
        "secret: {value: hunter2}",
        "secret: $hunter2",
        "secret: >\n  hunter2\n",
        "secret: |\n  hunter2\nnumber: 0",
        "secret: hunter2\nsecret: hunter2\n",
        "url: https://me:hunter2@example.com/",
        "number: https://me:hunter2@example.com/",
        "{secret: 'hunter2', number",
        "app-password: \"hunter2\"\nb: @",
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(texts); i++) {
        struct all all;
        struct option_target target = {options, &all};
        struct config_doc *doc;
        struct diag d;
        char *said;

        diag_init(&d);
        doc = config_doc_parse("c.yaml", str_from(texts[i]), &d);
        if (doc)
            options_decode(&target, 1, "top", doc->root, doc, &d);
        said = printed(&d);
        assert_true(d.n_errors > 0);
        if (strstr(said, "hunter2"))
            fail_msg("%s\n%s", texts[i], said);
        free(said);
        config_doc_destroy(doc);
        diag_finish(&d);
    }
}

static void assert_resolves(const char *spec, const char *want)
{
    struct secret secret = {str_from(spec)};
    struct error err = {0};
    char *value = NULL;

    if (secret_resolve(&secret, &value, &err) < 0)
        fail_msg("%s", err.text);
    assert_string_equal(value, want);
    secret_free(value);
}

static void assert_no_secret(const char *spec, const char *why)
{
    struct secret secret = {str_from(spec)};
    struct error err = {0};
    char *value = NULL;

    assert_true(secret_resolve(&secret, &value, &err) < 0);
    assert_null(value);
    assert_string_equal(err.text, why);
}

static void write_file(const char *path, const char *text, size_t len)
{
    int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);

    assert_true(fd >= 0);
    assert_int_equal(write(fd, text, len), len);
    close(fd);
}

static void test_secret_resolve(void **state)
{
    char dir[] = "/tmp/test_secret.XXXXXX", path[64], spec[80], why[160];
    static char large[8194];

    (void)state;
    setenv("TEST_SECRET", "hunter2", 1);
    setenv("TEST_EMPTY", "", 1);
    unsetenv("TEST_NONE");
    assert_resolves("${TEST_SECRET}", "hunter2");
    assert_resolves("acme.bsky.social", "acme.bsky.social");
    assert_no_secret("${TEST_EMPTY}", "secret ${TEST_EMPTY} is empty");
    assert_no_secret("${TEST_NONE}", "secret ${TEST_NONE}: the environment variable is not set");

    assert_non_null(mkdtemp(dir));
    snprintf(path, sizeof(path), "%s/pw", dir);
    snprintf(spec, sizeof(spec), "file:%s", path);
    write_file(path, "hunter2\r\n", 9);
    assert_resolves(spec, "hunter2");
    write_file(path, "hunter2\n\n", 9);
    assert_resolves(spec, "hunter2\n");
    write_file(path, "\n", 1);
    snprintf(why, sizeof(why), "secret %s is empty", spec);
    assert_no_secret(spec, why);
    write_file(path, "hun\0ter2", 8);
    snprintf(why, sizeof(why), "secret %s is not text", spec);
    assert_no_secret(spec, why);
    memset(large, 'x', sizeof(large));
    write_file(path, large, 8193);
    snprintf(why, sizeof(why), "secret %s is larger than 8 KiB", spec);
    assert_no_secret(spec, why);
    large[8192] = '\n';
    write_file(path, large, 8193);
    large[8192] = '\0';
    assert_resolves(spec, large);
    unlink(path);
    snprintf(why, sizeof(why), "secret %s: No such file or directory", spec);
    assert_no_secret(spec, why);
    assert_no_secret("file:/dev/zero", "secret file:/dev/zero: not a regular file");
    rmdir(dir);
}

/* ---- help ---------------------------------------------------------------------------------- */

static void assert_help(const char *format, size_t first, const char *want)
{
    struct option some[] = {options[first], {0}};
    char *text = NULL;
    size_t len;
    FILE *out = open_memstream(&text, &len);

    options_print(some, "top", format, out);
    fclose(out);
    assert_string_equal(text, want);
    free(text);
}

static void test_help(void **state)
{
    (void)state;
    assert_help("text", 0, "top.text (text, default plain)\n    Some text.\n");
    assert_help("text", 2,
                "top.interval (duration, 30s to 1d, default 5m)\n"
                "    How long - to wait, in so many words that the line has to be broken\n"
                "    somewhere before its end.\n");
    assert_help("text", 6, "top.word (one of text, json, default json)\n    Which.\n");
    assert_help("text", 7, "top.list (list, 1 to 3 items, default [a, b])\n    Some.\n");
    assert_help(
        "man", 3,
        ".TP\n.B top.size\n(size, 0 to 1M, default 64k)\n.br\n\\&.dots and \\e are roff's.\n");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_refusals),
        cmocka_unit_test(test_five_mistakes_at_once),
        cmocka_unit_test(test_defaults_also_where_wrong),
        cmocka_unit_test(test_values),
        cmocka_unit_test(test_tables_share_a_map),
        cmocka_unit_test(test_flawed_tree),
        cmocka_unit_test(test_durations),
        cmocka_unit_test(test_sizes),
        cmocka_unit_test(test_urls),
        cmocka_unit_test(test_secrets_are_never_shown),
        cmocka_unit_test(test_secret_resolve),
        cmocka_unit_test(test_help),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
