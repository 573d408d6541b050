/* store: what goes over the wire to the queue library. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "store/store_internal.h"

static void assert_text(const struct buf *got, const char *want)
{
    assert_false(got->failed);
    assert_string_equal(got->data, want);
}

/* `want` with a bar where a zero byte is. */
static void assert_fields(const struct buf *got, const char *want)
{
    assert_false(got->failed);
    assert_int_equal(got->len, strlen(want));
    for (size_t i = 0; i < got->len; i++)
        assert_int_equal(got->data[i], want[i] == '|' ? '\0' : want[i]);
}

static void test_header_leaves_defaults_out(void **state)
{
    struct buf out = BUF_INIT(10000);
    struct mention m;
    const struct mention *mentions[] = {&m};
    struct store_batch batch = {.source = STR("tags"),
                                .lease = STR("3:ab"),
                                .cursor = STR("{\"low\":\"1\"}"),
                                .seq = 8,
                                .fetched_at_ms = 2000,
                                .mentions = mentions,
                                .n_mentions = 1};

    (void)state;
    mention_init(&m);
    m.id = STR("mastodon:https://a/1");
    m.network = STR("mastodon");
    m.created_at_ms = 1000;
    store_batch_header(&batch, &out);
    assert_text(&out, "{\"source\":\"tags\",\"lease\":\"3:ab\",\"seq\":8,"
                      "\"cursor\":\"{\\\"low\\\":\\\"1\\\"}\",\"fetched_at\":2000,\"fields\":1}");
    buf_reset(&out);
    store_batch_fields(&batch, &out);
    assert_fields(&out, "mastodon:https://a/1|mastodon|none|1000|und|||||||||||||");
    buf_finish(&out);
}

static void test_header_of_a_full_mention(void **state)
{
    const int64_t day_ms = 86400000;
    struct buf out = BUF_INIT(10000);
    struct mention m;
    const struct mention *mentions[] = {&m};
    struct store_batch batch = {.source = STR("s"), .seq = 1, .mentions = mentions, .n_mentions = 1};

    (void)state;
    mention_init(&m);
    m.id = STR("x:1");
    m.native = STR("host/1");
    m.network = STR("x");
    m.lang = STR("en");
    m.class = CLASS_OUTAGE;
    m.score = 6;
    m.created_at_ms = m.fetched_at_ms = 100 * day_ms;
    m.conversation = STR("c");
    m.in_reply_to = STR("p");
    m.author.id = STR("a");
    m.author.followers = 12;
    m.author.created_at_ms = 60 * day_ms;
    m.place = STR("Leeds");
    m.captures[0] = (struct mention_capture){STR("topic"), STR("login")};
    m.captures[1] = (struct mention_capture){STR("order"), STR("7")};
    m.captures[2] = (struct mention_capture){STR("topic"), STR("app,or web")};
    m.n_captures = 3;
    m.signals = SIGNAL_PAST | SIGNAL_NEWS;
    m.words[0] = 4294967295u;
    m.n_words = 1;
    m.repost_of = STR("o");
    m.says = SAYS_BACK;
    m.own = m.own_parent = m.root_own = m.addressed = m.backfill = true;
    batch.no_horizon = true;
    store_batch_header(&batch, &out);
    assert_text(&out, "{\"source\":\"s\",\"seq\":1,\"fetched_at\":0,\"no_horizon\":1,\"fields\":1}");
    buf_reset(&out);
    store_batch_fields(&batch, &out);
    assert_fields(&out, "x:1|x|outage|8640000000|en|a|12|40|Leeds|login,app or web|past,news|4294967295|"
                        "oprabu|host/1|c|p|o|");
    buf_finish(&out);
}

/* What a post says can neither end its field nor begin another mention's. */
static void test_fields_keep_their_ends(void **state)
{
    struct buf out = BUF_INIT(10000);
    struct mention m;
    const struct mention *mentions[] = {&m};
    struct store_batch batch = {.mentions = mentions, .n_mentions = 1};

    (void)state;
    mention_init(&m);
    m.id = STR("x:1\0002");
    m.network = STR("x");
    m.place = STR("Leeds\0\n");
    store_batch_fields(&batch, &out);
    assert_fields(&out, "|x|none|0|und||||Leeds\xef\xbf\xbd\xef\xbf\xbd|||||||||");
    buf_finish(&out);
}

static void test_settings_for_the_functions(void **state)
{
    struct str langs[] = {STR("en"), STR("de")}, leads[] = {STR("dana")};
    struct brand_settings brand = {.languages = {langs, 2},
                                   .target_ms = {4, 3, 2, 1},
                                   .leads = {leads, 1},
                                   .lease_ms = 5,
                                   .max_claims = 6,
                                   .horizon_ms = 7,
                                   .reopen_window_ms = 8,
                                   .queue_none = 2};
    struct settings settings = {.generation = 9, .events_keep_ms = 10, .events_keep_entries = 11};
    struct buf out = BUF_INIT(10000);

    (void)state;
    assert_int_equal(store_configure_args(&settings, &brand, &out), 0);
    assert_text(&out, "{\"generation\":9,\"cluster\":false,\"queue_none\":\"never\",\"targets\":{\"none\":4,"
                      "\"praise\":3,\"complaint\":2,\"outage\":1},\"languages\":[\"en\",\"de\"],"
                      "\"agents\":{\"dana\":\"lead\"},\"lease_ms\":5,\"max_claims\":6,\"horizon_ms\":7,"
                      "\"reopen_window_ms\":8,\"keep_ms\":10,"
                      "\"keep_entries\":11}");
    buf_finish(&out);
}

static void test_requests_differ(void **state)
{
    char a[33], b[33];

    (void)state;
    store_make_req(a);
    store_make_req(b);
    assert_int_equal(strlen(a), 32);
    assert_string_not_equal(a, b);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_header_leaves_defaults_out),
        cmocka_unit_test(test_header_of_a_full_mention),
        cmocka_unit_test(test_fields_keep_their_ends),
        cmocka_unit_test(test_settings_for_the_functions),
        cmocka_unit_test(test_requests_differ),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
