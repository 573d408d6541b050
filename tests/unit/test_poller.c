/* poller: the parts that need neither loop nor network. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "mentiond/outage.h"
#include "poller/poller_internal.h"

static void test_backoff_doubles_within_its_bounds(void **state)
{
    (void)state;
    assert_int_equal(backoff_ms(1, 1000, 60000, 0), 500);
    assert_int_equal(backoff_ms(1, 1000, 60000, UINT32_MAX), 1000);
    assert_int_equal(backoff_ms(4, 1000, 60000, UINT32_MAX), 8000);
    assert_int_equal(backoff_ms(50, 1000, 60000, UINT32_MAX), 60000);
    assert_int_equal(backoff_ms(4000000000u, 1000, 60000, 0), 30000);
}

static void test_interval_follows_the_mentions(void **state)
{
    int64_t interval_ms = 60000;

    (void)state;
    for (int i = 0; i < 10; i++)
        interval_ms = schedule_interval_ms(interval_ms, 15000, 60000, 5);
    assert_int_equal(interval_ms, 15000);
    for (int i = 0; i < 10; i++)
        interval_ms = schedule_interval_ms(interval_ms, 15000, 60000, 0);
    assert_int_equal(interval_ms, 60000);
}

static void test_a_flood_waits_for_its_bucket(void **state)
{
    struct flood flood = {0};

    (void)state;
    assert_int_equal(flood_add(&flood, 100, 100, 1000), 0);
    assert_in_range(flood_add(&flood, 50, 100, 1000), 30000, 30001);
    assert_int_equal(flood_add(&flood, 0, 100, 31001), 0);
    assert_in_range(flood_add(&flood, 1000, 100, 61000), 600000 - 30100, 600000);
    assert_int_equal(flood_add(&flood, 0, 100, 10000000), 0);
    assert_int_equal((int)flood.level, 0);
}

static void test_cursor_round_trip(void **state)
{
    static const struct source_cursor cases[] = {
        {.walking = false},
        {.low = {"115\"\\\n", 6}},
        {.low = {"1", 1}, .walking = true, .high = {"9", 1}, .next = {"p", 1}, .floor = {"0", 1}},
        {.walking = true},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct buf text = BUF_INIT(1000);
        struct arena arena;
        struct source_cursor back;
        struct error err;

        arena_init(&arena, 10000);
        assert_true(source_cursor_to_json(&cases[i], &text));
        assert_int_equal(source_cursor_from_json(buf_str(&text), &arena, &back, &err), 0);
        assert_true(str_eq(back.low, cases[i].low) && back.walking == cases[i].walking);
        assert_true(str_eq(back.high, cases[i].high) && str_eq(back.next, cases[i].next) &&
                    str_eq(back.floor, cases[i].floor));
        arena_finish(&arena);
        buf_finish(&text);
    }
}

static void test_cursor_refuses_what_is_none(void **state)
{
    static const char *const cases[] = {"[]", "nonsense", "{\"low\":", "7"};
    struct arena arena;

    (void)state;
    arena_init(&arena, 10000);
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct source_cursor cursor;
        struct error err;

        assert_int_equal(source_cursor_from_json(str_from(cases[i]), &arena, &cursor, &err), -EBADMSG);
    }
    arena_finish(&arena);
}

/* ---- judging: who wrote, to whom -------------------------------------------------------------- */

struct fixture {
    struct poller poller;
    struct poll_brand brand;
    struct brand_settings settings;
    struct own_account own[2];
    struct source_driver driver;
    struct source source;
    struct arena arena;
};

static int setup(void **state)
{
    struct fixture *f = calloc(1, sizeof(*f));
    struct str terms[] = {STR("acme")}, excluded[] = {STR("acme bricks")};
    struct error err;
    struct diag d;

    diag_init(&d);
    f->own[0] = (struct own_account){STR("mastodon"), STR("acme@example.social")};
    f->own[1] = (struct own_account){STR("bluesky"), STR("acme.bsky.social")};
    f->settings = (struct brand_settings){.name = STR("acme"), .own_accounts = f->own, .n_own_accounts = 2};
    f->brand = (struct poll_brand){.poller = &f->poller,
                                   .settings = &f->settings,
                                   .rules = ruleset_load(NULL, 0, RULE_ENGINE_FAST, &d)};
    f->poller.brands = &f->brand;
    f->poller.n_brands = 1;
    term_set_create(terms, 1, &f->brand.terms, &err);
    term_set_create(excluded, 1, &f->brand.exclude, &err);
    f->source = (struct source){.driver = &f->driver, .name = STR("tags"), .brand = STR("acme")};
    arena_init(&f->arena, 1000000);
    diag_finish(&d);
    *state = f;
    return f->brand.rules ? 0 : -1;
}

static int teardown(void **state)
{
    struct fixture *f = *state;

    ruleset_unref(f->brand.rules);
    term_set_destroy(f->brand.terms);
    term_set_destroy(f->brand.exclude);
    arena_finish(&f->arena);
    free(f);
    return 0;
}

static struct mention post(const char *network, const char *handle, const char *text)
{
    struct mention m;

    mention_init(&m);
    m.network = str_from(network);
    m.id = str_from(network[0] == 'm' ? "mastodon:1" : network[0] == 'b' ? "bluesky:1" : "x:1");
    m.author.id = STR("https://example.social/users/7");
    m.author.handle = str_from(handle);
    m.text = str_from(text);
    return m;
}

static enum judge_result judge(struct fixture *f, struct mention *m)
{
    struct error err;

    return judge_mention(&f->source, &f->brand, m, 1000, &f->arena, &err);
}

static void test_own_posts_are_known(void **state)
{
    static const struct {
        const char *network, *handle;
        bool own;
    } cases[] = {
        {"mastodon", "acme@example.social", true}, {"mastodon", "@ACME@example.social", true},
        {"mastodon", "acme", true},                {"mastodon", "acme@other.social", false},
        {"mastodon", "acme2@example.social", false}, {"bluesky", "acme.bsky.social", true},
        {"bluesky", "acme@example.social", false}, {"mastodon", "", false},
    };

    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct mention m = post(cases[i].network, cases[i].handle, "hello");

        assert_int_equal(judge(*state, &m), JUDGE_KEEP);
        assert_int_equal(m.own, cases[i].own);
    }
}

static void test_addressed_is_known(void **state)
{
    static const struct {
        const char *text, *named, *parent;
        bool addressed;
    } cases[] = {
        {"@acme where is my parcel", "", "", true},
        {"ask @Acme!", "", "", true},
        {"@acmeish is not them", "", "", false},
        {"mail me at joe@acme", "", "", false},
        {"acme is a brand", "", "", false},
        {"hello", "acme@example.social", "", true},
        {"hello", "somebody@example.social", "", false},
        {"hello", "", "acme@example.social", true},
    };

    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct mention m = post("mastodon", "joe@else.where", cases[i].text);

        m.named[0] = str_from(cases[i].named);
        m.n_named = cases[i].named[0] != '\0';
        m.in_reply_to_author = str_from(cases[i].parent);
        assert_int_equal(judge(*state, &m), JUDGE_KEEP);
        assert_int_equal(m.addressed, cases[i].addressed);
    }
}

static void test_excluded_and_unrelated(void **state)
{
    struct fixture *f = *state;
    struct mention bricks = post("x", "a", "I love acme bricks"), other = post("x", "a", "acne cream");

    assert_int_equal(judge(f, &bricks), JUDGE_EXCLUDED);
    assert_int_equal(judge(f, &other), JUDGE_KEEP);
    f->driver.loose_search = true;
    other = post("x", "a", "acne cream");
    assert_int_equal(judge(f, &other), JUDGE_UNRELATED);
    other.text = STR("About ACME.");
    assert_int_equal(judge(f, &other), JUDGE_KEEP);
}

static void test_unusable_mentions_are_refused(void **state)
{
    struct mention m = post("x", "a", "acme");

    m.id = STR("");
    assert_int_equal(judge(*state, &m), JUDGE_REFUSED);
}

static void test_word_hashes_leave_marks_out(void **state)
{
    struct fixture *f = *state;
    struct mention a = post("x", "a", "@joe acme login is broken #down see https://a.example/login 42"),
                   b = post("x", "a", "Login IS Broken, see");

    f->settings.terms = (struct str_list){(struct str[]){STR("acme")}, 1};
    mention_hash_words(&a, &f->settings, &f->arena);
    mention_hash_words(&b, &f->settings, &f->arena);
    assert_int_equal(a.n_words, 4);
    assert_int_equal(b.n_words, 4);
    assert_memory_equal(a.words, b.words, sizeof(a.words[0]) * 4);
    f->settings.terms.n = 0;
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_backoff_doubles_within_its_bounds),
        cmocka_unit_test(test_interval_follows_the_mentions),
        cmocka_unit_test(test_a_flood_waits_for_its_bucket),
        cmocka_unit_test(test_cursor_round_trip),
        cmocka_unit_test(test_cursor_refuses_what_is_none),
        cmocka_unit_test_setup_teardown(test_own_posts_are_known, setup, teardown),
        cmocka_unit_test_setup_teardown(test_addressed_is_known, setup, teardown),
        cmocka_unit_test_setup_teardown(test_excluded_and_unrelated, setup, teardown),
        cmocka_unit_test_setup_teardown(test_unusable_mentions_are_refused, setup, teardown),
        cmocka_unit_test_setup_teardown(test_word_hashes_leave_marks_out, setup, teardown),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
