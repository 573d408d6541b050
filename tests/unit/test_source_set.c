/* The sources of a configuration: options, accounts, what is shared, and every mistake said in its
 * place. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include <cmocka.h>

#include "mentiond/source.h"

#define HEAD "brands:\n  acme:\n    terms: [acme]\n    rules: [x.yaml]\n    sources:\n"

struct loaded {
    struct diag diag;
    struct settings *settings;
    struct source_set *set;
};

static void load(struct loaded *l, const char *accounts, const char *sources)
{
    char path[] = "/tmp/mentiond-test-XXXXXX";
    int fd = mkstemp(path);
    FILE *f = fdopen(fd, "w");

    assert_non_null(f);
    fprintf(f, "accounts:\n%s%s%s", accounts, HEAD, sources);
    fclose(f);
    diag_init(&l->diag);
    l->set = NULL;
    l->settings = settings_load(path, &l->diag);
    if (l->settings)
        l->set = source_set_create(l->settings, &l->diag);
    unlink(path);
}

static void unload(struct loaded *l)
{
    source_set_destroy(l->set);
    settings_destroy(l->settings);
    diag_finish(&l->diag);
}

static void test_accounts_and_hosts_are_shared(void **state)
{
    struct loaded l;

    (void)state;
    load(&l, "  bsky: { type: bluesky, identifier: a.example, password: \"${P}\" }\n",
         "      - { name: a, type: mastodon, instance: \"https://one.example/\", hashtags: [acme] }\n"
         "      - { name: b, type: mastodon, instance: \"https://one.example\", hashtags: [down], interval: "
         "30s }\n"
         "      - { name: c, type: mastodon, instance: \"https://two.example\", hashtags: [acme] }\n"
         "      - { name: d, type: bluesky, account: bsky, query: acme, max_pages: 3 }\n"
         "      - { name: e, type: bluesky, account: bsky, query: acmecorp }\n"
         "      - { name: f, type: hackernews, query: acme, enabled: false }\n"
         "      - { name: g, type: file, path: posts.jsonl, rebase: now }\n"
         "      - { name: h, type: exec, argv: [/bin/echo, \"{}\"] }\n");
    if (!l.set)
        diag_print(&l.diag, "test", stderr);
    assert_non_null(l.set);
    assert_int_equal(l.set->n_sources, 7); /* all but the disabled one */
    assert_int_equal(l.set->n_accounts, 5); /* bsky, one, two, file, exec */
    assert_ptr_equal(l.set->sources[0].account, l.set->sources[1].account);
    assert_ptr_not_equal(l.set->sources[0].account, l.set->sources[2].account);
    assert_ptr_equal(l.set->sources[3].account, l.set->sources[4].account);
    assert_true(str_eq(l.set->sources[0].account->name, STR("one.example")));
    assert_true(str_eq(l.set->sources[3].account->name, STR("bsky")));
    assert_int_equal(l.set->sources[0].interval_ms, l.set->sources[0].driver->interval_ms);
    assert_int_equal(l.set->sources[1].interval_ms, 30000);
    assert_int_equal(l.set->sources[3].max_pages, 3);
    assert_true(str_eq(l.set->sources[0].brand, STR("acme")));
    unload(&l);
}

static void test_mistakes(void **state)
{
    static const char bsky[] = "  bsky: { type: bluesky, identifier: a.example, password: \"${P}\" }\n";
    static const struct {
        const char *accounts, *source, *want;
    } cases[] = {
        {"", "type: mastodn, hashtags: [a]", "did you mean 'mastodon'?"},
        {"", "type: gopher", "gopher"},
        {"", "type: mastodon, instance: \"https://x.example\", hashtag: [a]", "did you mean 'hashtags'?"},
        {"", "type: mastodon, instance: \"https://x.example\"", "either hashtags or a query"},
        {"", "type: mastodon, instance: \"https://x.example\", hashtags: [a], query: b",
         "either hashtags or"},
        {"", "type: mastodon, instance: \"https://x.example\", query: a", "needs an account"},
        {"", "type: mastodon, hashtags: [a]", "instance is missing"},
        {"", "type: mastodon, instance: \"ftp://x.example\", hashtags: [a]", "instance"},
        {"", "type: mastodon, instance: \"https://x.example\", hashtags: [a, b, c, d, e, f]", "hashtags"},
        {"  m: { type: mastodon, instance: \"https://a.example\", token: \"${T}\" }\n",
         "type: mastodon, account: m, instance: \"https://b.example\", query: a", "stranger"},
        {"", "type: bluesky, query: a", "needs an account"},
        {"", "type: bluesky, account: bsky, query: a", "bsky"},
        {bsky, "type: mastodon, account: bsky, hashtags: [a]", "bluesky"},
        {bsky, "type: bluesky, account: bsky", "query"},
        {bsky, "type: bluesky, account: bsky, query: a, interval: 1s", "interval"},
        {"  h: { type: hackernews }\n", "type: hackernews, query: a", "account"},
        {"  b: { type: bluesky, identifier: a.example, password: plain }\n", "type: hackernews, query: a",
         "password"},
        {"", "type: file", "path"},
        {"", "type: file, path: x, rebase: later", "rebase"},
        {"", "type: exec, argv: []", "argv"},
        {"", "type: exec, argv: [a], timeout: 2h", "timeout"},
        {"", "type: discourse", "forum is missing"},
        {"", "type: discourse, forum: \"https://f.example\", query: ab", "query"},
        {"  d: { type: discourse, forum: \"https://f.example\", key: \"${K}\", user: u }\n",
         "type: discourse, account: d, forum: \"https://g.example\"", "stranger"},
        {"", "type: github", "query is missing"},
        {"", "type: github, query: a, look: discussions", "need an account"},
        {"", "type: github, look: comments", "repository is missing"},
        {"", "type: github, look: comments, repository: a/b/c", "repository is missing"},
        {"", "type: github, look: comments, repository: a/b, query: c", "cannot be searched"},
        {"", "type: github, query: a, repository: a/b", "repository is for comments"},
        {"", "type: threads, query: a", "needs an account"},
        {"  f: { type: facebook, id: 1, token: \"${T}\" }\n", "type: facebook, account: f, edge: comments",
         "belong together"},
        {"  f: { type: facebook, token: \"${T}\" }\n", "type: facebook, account: f", "id"},
        {"  i: { type: instagram, id: 1, token: \"${T}\" }\n", "type: instagram, account: i, watch: hashtag",
         "belong together"},
        {"  i: { type: instagram, id: 1, token: \"${T}\", login: instagram }\n",
         "type: instagram, account: i, watch: hashtag, hashtag: a", "Facebook login"},
        {"", "type: appstore, app: acme", "app is not a number"},
        {"", "type: appstore, app: 1, country: GB", "country is not"},
        {"", "type: appstore, app: 1, country: gbr", "country"},
        {"  g: { type: googleplay, key: plain }\n", "type: googleplay, account: g, package: a", "key"},
        {"", "type: googleplay, package: a", "needs an account"},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct loaded l;
        char source[400];
        bool found = false;

        snprintf(source, sizeof(source), "      - { name: x, %s }\n", cases[i].source);
        load(&l, cases[i].accounts, source);
        if (l.set)
            fail_msg("accepted: %s", cases[i].source);
        for (size_t k = 0; k < l.diag.n_items; k++) {
            found = found || (strstr(l.diag.items[k].text, cases[i].want) &&
                              strstr(l.diag.items[k].text, ":"));
            assert_null(strstr(l.diag.items[k].text, "plain"));
        }
        if (!found)
            fail_msg("no '%s' about %s: %s", cases[i].want, cases[i].source,
                     l.diag.n_items ? l.diag.items[0].text : "nothing said");
        unload(&l);
    }
}

static void test_all_mistakes_at_once(void **state)
{
    struct loaded l;

    (void)state;
    load(&l, "",
         "      - { name: a, type: mastodn }\n"
         "      - { name: b, type: bluesky, query: x }\n"
         "      - { name: c, type: file, pth: x }\n"
         "      - { name: d, type: hackernews, query: fine }\n");
    assert_null(l.set);
    assert_true(l.diag.n_errors >= 3);
    unload(&l);
}

/* The tables themselves: every driver is complete and findable. */
static void test_drivers_are_complete(void **state)
{
    (void)state;
    for (size_t i = 0; source_drivers[i]; i++) {
        const struct source_driver *d = source_drivers[i];

        assert_ptr_equal(source_driver_find(str_from(d->name)), d);
        assert_non_null(d->help);
        assert_non_null(d->options);
        assert_true(d->config_size > 0);
        assert_true((d->account_options != NULL) == (d->account_size > 0));
        assert_true(!d->needs_account || d->account_options);
        assert_non_null(d->host);
        assert_non_null(d->prepare);
        assert_non_null(d->parse);
        assert_true(d->interval_min_ms > 0 && d->interval_ms >= d->interval_min_ms && d->max_pages > 0);
    }
    assert_null(source_driver_find(STR("")));
    source_set_destroy(NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_accounts_and_hosts_are_shared),
        cmocka_unit_test(test_mistakes),
        cmocka_unit_test(test_all_mistakes_at_once),
        cmocka_unit_test(test_drivers_are_complete),
    };

    json_init();
    return cmocka_run_group_tests_name("source_set", tests, NULL, NULL);
}
