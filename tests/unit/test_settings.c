/* config.yaml as settings: defaults, what no table can check, paths, and the shipped file, in which
 * every key must be explained. */
#include "config_testing.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "config/settings_tables.h"
#include "mentiond/mention.h"

static char dir[] = "/tmp/test_settings.XXXXXX";
static char file[64];

static void write_config(const char *text)
{
    int fd = open(file, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);

    assert_true(fd >= 0);
    assert_int_equal(write(fd, text, strlen(text)), strlen(text));
    close(fd);
}

static struct settings *load(const char *text, struct diag *d)
{
    diag_init(d);
    write_config(text);
    return settings_load(file, d);
}

/* ---- what is wrong ------------------------------------------------------------------------- */

static const struct {
    const char *text;
    const char *want; /* messages without path and excerpts, one a line */
} wrong[] = {
    {"{}", "1:1: brands: is missing\n"},
    {"brands: {}", "1:9: brands: is empty\n"},
    {"brands: [acme]", "1:9: brands: expected a map, got a list\n"},
    {"brands: {acme: }", "1:16: brands.acme: expected a map, got nothing\n"},
    {"brands: {acme: {}}", "1:16: brands.acme.terms: is missing\n"},
    {"brands: {Acme: {terms: a}}",
     "1:10: brands: 'Acme' is not a name: 1 to 64 of a-z, 0-9, _ and - are allowed\n"},
    {"brands: {a: {terms: a}}\nredis: {url: 'localhost'}",
     "2:14: redis.url: expected embedded, redis://HOST, rediss://HOST or unix:///PATH, got "
     "'localhost'\n"},
    {"brands: {a: {terms: a}}\nredis: {url: 'redis://:hunter2@localhost', namespace: 'a:b'}",
     "2:14: redis.url: a URL must not hold a user name or password: use redis.username and "
     "redis.password\n"
     "2:55: redis.namespace: 'a:b' is not a name: 1 to 64 of a-z, 0-9, _ and - are allowed\n"},
    {"brands: {a: {terms: a, time_zone: Europe/Lundon, languages: [en, english]}}",
     "1:35: brands.a.time_zone: there is no time zone 'Europe/Lundon'\n"
     "1:61: brands.a.languages: 'english' is not a language tag such as en or pt-br\n"},
    {"brands: {a: {terms: a, leads: [dana, 'dana lee']}}",
     "1:31: brands.a.leads: 'dana lee' is not an agent's name: 1 to 64 of letters, digits, and "
     ". _ @ - are allowed\n"},
    {"brands: {a: {terms: a, time_zone: ../../passwd}}",
     "1:35: brands.a.time_zone: there is no time zone '../../passwd'\n"},
    {"brands: {a: {terms: a, targets: {outage: 0s, complain: 5m}}}",
     "1:42: brands.a.targets.outage: '0s' is below the minimum of 1s\n"
     "1:46: brands.a.targets: unknown key 'complain' (did you mean 'complaint'?)\n"},
    {"brands: {a: {terms: a, own_accounts: {Mastodon: [x, {}]}}}",
     "1:39: brands.a.own_accounts: 'Mastodon' is not a name: 1 to 64 of a-z, 0-9, _ and - are "
     "allowed\n"
     "1:53: brands.a.own_accounts.Mastodon: expected text as an item, got a map\n"},
    {"brands: {a: {terms: a, sources: {name: x}}}",
     "1:33: brands.a.sources: expected a list, got a map\n"},
    {"brands: {a: {terms: a, sources: [x, {type: file}, {name: n}]}}",
     "1:34: brands.a.sources[1]: expected a map, got text\n"
     "1:37: brands.a.sources[2].name: is missing\n"
     "1:51: brands.a.sources.n.type: is missing\n"},
    {"brands: {a: {terms: a, sources: [{name: n, type: t}, {name: n, type: t, interval: 50ms}]}}",
     "1:61: brands.a.sources: name 'n' is given twice, first in line 1\n"
     "1:83: brands.a.sources.n.interval: '50ms' is below the minimum of 100ms\n"},
    {"accounts: {bsky: {type: bluesky}, mast: {type: mastodon}, none: x}\n"
     "brands: {a: {terms: a, sources: [{name: n, type: bluesky, account: bksy},\n"
     "  {name: m, type: bluesky, account: mast}]}}",
     "1:65: accounts.none: expected a map, got text\n"
     "2:68: brands.a.sources.n.account: there is no account 'bksy' (did you mean 'bsky'?)\n"
     "3:37: brands.a.sources.m.account: 'mast' is an account of type 'mastodon', not 'bluesky'\n"},
    {"brands: {a: {terms: a}}\nconsole: {}\nhttp: {port: 1}",
     "2:1: unknown key 'console'\n3:8: http: unknown key 'port'\n"},
    {"brands: {a: {terms: a, own_accounts: {x: [y, Y]}}, b: {}}",
     "1:39: warning: brands.a.own_accounts.x: 'Y' is given twice\n"
     "1:55: brands.b.terms: is missing\n"},
};

/* Keeps only the lines that begin with the file's name, without it, and drops the summary. */
static void keep_messages(char *said)
{
    size_t prefix = strlen(file) + 1;
    char *to = said, *line = said, *end;

    for (; (end = strchr(line, '\n')); line = end + 1) {
        if (strncmp(line, file, prefix - 1) != 0)
            continue;
        memmove(to, line + prefix, (size_t)(end + 1 - line) - prefix);
        to += (size_t)(end + 1 - line) - prefix;
    }
    *to = '\0';
}

static void test_wrong(void **state)
{
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(wrong); i++) {
        struct diag d;
        char *said;

        assert_null(load(wrong[i].text, &d));
        said = printed(&d);
        assert_null(strstr(said, "hunter2"));
        keep_messages(said);
        assert_string_equal(said, wrong[i].want);
        free(said);
        diag_finish(&d);
    }
}

/* One run tells all five, each with its place; and settings_read() goes on, for those who check
 * further. */
static void test_five_mistakes_at_once(void **state)
{
    static const char text[] = "redis:\n"
                               "  url: embeded\n"
                               "log: {level: loud}\n"
                               "brands:\n"
                               "  acme:\n"
                               "    terms: [acme]\n"
                               "    lease: 10\n"
                               "    lease: 10m\n"
                               "    sources:\n"
                               "      - {name: tags, typ: mastodon}\n";
    static const char want[] = "2:8: redis.url: expected embedded, redis://HOST, rediss://HOST or "
                               "unix:///PATH, got 'embeded'\n"
                               "3:14: log.level: 'loud' is not one of error, warn, info, debug\n"
                               "7:12: brands.acme.lease: '10' has no unit: 10s would be seconds\n"
                               "8:5: key 'lease' is given twice, first in line 7\n"
                               "10:9: brands.acme.sources.tags.type: is missing\n";
    struct settings *s;
    struct diag d;
    char *said;

    (void)state;
    assert_null(load(text, &d));
    assert_int_equal(d.n_errors, 5);
    said = printed(&d);
    keep_messages(said);
    assert_string_equal(said, want);
    free(said);
    diag_finish(&d);

    diag_init(&d);
    s = settings_read(file, &d);
    assert_non_null(s);
    assert_int_equal(d.n_errors, 5);
    assert_int_equal(s->brands[0].n_sources, 1);
    assert_int_equal(s->brands[0].lease_ms, 600000);
    settings_destroy(s);
    diag_finish(&d);
}

static void test_bounds_of_counts(void **state)
{
    struct diag d;
    char *text = NULL, *said;
    size_t len;
    FILE *out = open_memstream(&text, &len);

    (void)state;
    fputs("brands:\n", out);
    for (int i = 0; i < SETTINGS_BRANDS_MAX + 1; i++)
        fprintf(out, "  b%d: {terms: x}\n", i);
    fclose(out);
    assert_null(load(text, &d));
    said = printed(&d);
    keep_messages(said);
    assert_string_equal(said, "2:3: brands: has 257 entries, the maximum is 256\n");
    free(said);
    free(text);
    diag_finish(&d);
}

/* ---- what is right ------------------------------------------------------------------------- */

static void test_defaults(void **state)
{
    struct diag d;
    struct settings *s =
        load("brands: {acme: {terms: acme, sources: [{name: n, type: file}]}}", &d);
    const struct brand_settings *brand;
    struct stat st;

    (void)state;
    assert_non_null(s);
    assert_int_equal(stat(file, &st), 0);
    assert_int_equal(s->generation,
                     (int64_t)st.st_mtim.tv_sec * 1000 + st.st_mtim.tv_nsec / 1000000);
    assert_true(str_eq(s->redis.url, STR("embedded")));
    assert_true(str_eq(s->redis.name_space, STR("mentiond")));
    assert_int_equal(s->redis.password.spec.len, 0);
    assert_int_equal(s->events_keep_ms, INT64_C(7) * 86400000);
    assert_int_equal(s->events_keep_entries, 1000000);
    assert_int_equal(s->http_client.timeout_ms, 30000);
    brand = settings_brand(s, STR("acme"));
    assert_non_null(brand);
    assert_null(settings_brand(s, STR("acm")));
    assert_int_equal(brand->target_ms[CLASS_OUTAGE], 300000);
    assert_int_equal(brand->target_ms[CLASS_COMPLAINT], 900000);
    assert_int_equal(brand->target_ms[CLASS_PRAISE], 14400000);
    assert_int_equal(brand->target_ms[CLASS_NONE], 14400000);
    assert_int_equal(brand->lease_ms, 600000);
    assert_int_equal(brand->max_claims, 10);
    assert_int_equal(brand->horizon_ms, INT64_C(35) * 86400000);
    assert_int_equal(brand->reopen_window_ms, INT64_C(72) * 3600000);
    assert_int_equal(brand->queue_none, 0);
    assert_int_equal(brand->n_sources, 1);
    assert_int_equal(brand->sources[0].interval_ms, 0);
    assert_int_equal(brand->sources[0].overlap_ms, -1);
    assert_int_equal(brand->sources[0].max_pages, 0);
    assert_int_equal(brand->sources[0].backfill_ms, 86400000);
    assert_true(brand->sources[0].enabled);
    settings_destroy(s);
    diag_finish(&d);
}

static void test_values(void **state)
{
    struct diag d;
    struct settings *s =
        load("generation: 42\n"
             "redis: {url: 'unix:///run/r.sock', password: 'file:pw', username: me}\n"
             "accounts: {b: {type: bluesky, identifier: x}}\n"
             "brands:\n"
             "  acme:\n"
             "    terms: [acme, '#acme']\n"
             "    own_accounts: {mastodon: [a@b, c@d], x: acme}\n"
             "    queue_none: never\n"
             "    leads: [dana, lea@acme.example]\n"
             "    targets: {outage: 1m}\n"
             "    sources: [{name: s, type: bluesky, account: b, overlap: 0, query: x}]\n",
             &d);
    const struct brand_settings *brand;

    (void)state;
    assert_non_null(s);
    assert_int_equal(s->generation, 42);
    brand = &s->brands[0];
    assert_int_equal(brand->n_own_accounts, 3);
    assert_true(str_eq(brand->own_accounts[1].handle, STR("c@d")));
    assert_true(str_eq(brand->own_accounts[2].network, STR("x")));
    assert_int_equal(brand->queue_none, 2);
    assert_int_equal(brand->leads.n, 2);
    assert_int_equal(brand->target_ms[CLASS_OUTAGE], 60000);
    assert_int_equal(brand->target_ms[CLASS_PRAISE], 14400000);
    assert_int_equal(brand->sources[0].overlap_ms, 0);
    assert_non_null(config_get(brand->sources[0].node, "query"));
    assert_non_null(config_get(s->accounts[0].node, "identifier"));
    settings_destroy(s);
    diag_finish(&d);
}

static void test_paths(void **state)
{
    struct diag d;
    struct settings *s = load("rules_path: /usr/share/mentiond\nbrands: {acme: {terms: acme}}", &d);
    char want[96];

    (void)state;
    assert_non_null(s);
    snprintf(want, sizeof(want), "%s/state", dir);
    assert_string_equal(settings_path(s, s->state_dir).s, want);
    assert_string_equal(settings_path(s, STR("/abs")).s, "/abs");
    assert_string_equal(settings_rules_path(s, STR("rules/en")).s, "/usr/share/mentiond/rules/en");
    snprintf(want, sizeof(want), "%s/config.yaml", dir);
    assert_string_equal(settings_rules_path(s, STR("config.yaml")).s, want);
    settings_destroy(s);
    diag_finish(&d);

    /* a file named without a folder */
    assert_int_equal(chdir(dir), 0);
    diag_init(&d);
    s = settings_load("./config.yaml", &d);
    assert_non_null(s);
    snprintf(want, sizeof(want), "%s/x", dir);
    assert_string_equal(settings_path(s, STR("./x")).s, want);
    settings_destroy(s);
    diag_finish(&d);
}

static void test_find(void **state)
{
    struct error err = {0};

    (void)state;
    assert_int_equal(chdir(dir), 0);
    write_config("{}");
    unsetenv("MENTIOND_CONFIG");
    assert_string_equal(settings_find("a.yaml", &err), "a.yaml");
    assert_string_equal(settings_find(NULL, &err), "config.yaml");
    setenv("MENTIOND_CONFIG", "b.yaml", 1);
    assert_string_equal(settings_find(NULL, &err), "b.yaml");
    assert_string_equal(settings_find("a.yaml", &err), "a.yaml");
    setenv("MENTIOND_CONFIG", "", 1);
    unlink(file);
    if (access("/etc/mentiond/config.yaml", F_OK) == 0)
        return;
    assert_null(settings_find(NULL, &err));
    assert_int_equal(err.code, -ENOENT);
    assert_non_null(strstr(err.text, "/etc/mentiond/config.yaml"));
}

/* ---- the shipped file ---------------------------------------------------------------------- */

static char *shipped_path(char storage[512])
{
    const char *root = getenv("MENTIOND_SOURCE_ROOT");

    snprintf(storage, 512, "%s/config.yaml", root ? root : ".");
    return storage;
}

static char *read_file(const char *path)
{
    char *text = calloc(1, 64 * 1024);
    FILE *in = fopen(path, "re");

    assert_non_null(text);
    assert_non_null(in);
    assert_true(fread(text, 1, 64 * 1024 - 1, in) > 0);
    fclose(in);
    return text;
}

static void test_shipped_config_loads(void **state)
{
    char path[512];
    struct settings *s;
    struct diag d;

    (void)state;
    diag_init(&d);
    s = settings_load(shipped_path(path), &d);
    if (!s || d.n_warnings > 0)
        diag_print(&d, path, stderr);
    assert_non_null(s);
    assert_int_equal(d.n_warnings, 0);
    assert_non_null(settings_brand(s, STR("acme")));
    assert_true(s->brands[0].n_sources >= 3);
    settings_destroy(s);
    diag_finish(&d);
}

/* From "redis:" to the next line that is neither blank, indented nor a comment. */
static struct str section_text(const char *text, const char *top_key)
{
    char start[64];
    const char *from, *to;

    if (top_key[0] == '\0')
        return str_from(text);
    snprintf(start, sizeof(start), "\n%s:", top_key);
    from = strstr(text, start);
    if (!from)
        return (struct str){0};
    for (to = strchr(from + 1, '\n'); to; to = strchr(to + 1, '\n')) {
        if (to[1] != '\0' && !strchr(" #\n", to[1]))
            break;
    }
    return to ? (struct str){from, (size_t)(to - from)} : str_from(from);
}

/* "  # key: value" and "#   key   words" alike. */
static bool is_explained(struct str section, const char *key)
{
    struct str line, rest;

    for (line = str_split(section, '\n', &rest); rest.s || line.s;
         line = str_split(rest, '\n', &rest)) {
        size_t key_len = strlen(key);

        while (line.len > 0 && strchr(" #-", line.s[0]))
            line = str_slice(line, 1, line.len);
        if (str_starts_with(line, str_from(key)) && line.len > key_len &&
            (line.s[key_len] == ':' ||
             str_starts_with(str_slice(line, key_len, line.len), STR("  "))))
            return true;
    }
    return false;
}

static void test_every_key_is_in_the_shipped_config(void **state)
{
    char path[512];
    char *text = read_file(shipped_path(path));

    (void)state;
    for (const struct settings_section *section = settings_sections; section->prefix; section++) {
        struct str part = section_text(text, section->top_key);

        for (const struct option *o = section->options; o->key; o++) {
            if (!is_explained(part, o->key))
                fail_msg("config.yaml does not explain %s.%s", section->prefix, o->key);
        }
    }
    assert_false(is_explained(section_text(text, "redis"), "timeout")); /* it can fail */
    free(text);
}

static void test_tables_are_complete(void **state)
{
    char *text = NULL;
    size_t len;
    FILE *out = open_memstream(&text, &len);

    (void)state;
    for (const struct settings_section *section = settings_sections; section->prefix; section++) {
        for (const struct option *o = section->options; o->key; o++) {
            assert_non_null(o->help);
            assert_true(strlen(o->help) > 8);
            assert_true(o->kind != OPTION_ENUM || o->choices);
        }
    }
    settings_print_help("text", out);
    settings_print_help("man", out);
    fclose(out);
    assert_non_null(
        strstr(text, "\nbrands.NAME.targets.outage (duration, 1s to 30d, default 5m)\n"));
    assert_non_null(strstr(text, "\n.B redis.url\n"));
    free(text);
}

static int make_dir(void **state)
{
    (void)state;
    if (!mkdtemp(dir))
        return -1;
    snprintf(file, sizeof(file), "%s/config.yaml", dir);
    return 0;
}

static int remove_dir(void **state)
{
    (void)state;
    unlink(file);
    return rmdir(dir);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_wrong),
        cmocka_unit_test(test_five_mistakes_at_once),
        cmocka_unit_test(test_bounds_of_counts),
        cmocka_unit_test(test_defaults),
        cmocka_unit_test(test_values),
        cmocka_unit_test(test_shipped_config_loads),
        cmocka_unit_test(test_every_key_is_in_the_shipped_config),
        cmocka_unit_test(test_tables_are_complete),
        cmocka_unit_test(test_paths),
        cmocka_unit_test(test_find),
    };

    return cmocka_run_group_tests(tests, make_dir, remove_dir);
}
