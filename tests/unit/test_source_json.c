/* json: what a configuration may say, and what becomes of it. */
#include "source_rig.h"

#include "sources/json_pointer.h"

extern const struct source_driver source_json;

#define MAPPING                                                                                              \
    "items_at: /data/items\ntext_at: [/headline, /body]\ntime_at: /at\nedited_at: /changed\n"                \
    "author_at: /by/nick\nauthor_id_at: /by/id\nauthor_name_at: /by/full\nfollowers_at: /by/fans\n"          \
    "verified_at: /by/ok\nlikes_at: /n/likes\nreplies_at: /n/subs\nurl_at: /link\nlang_at: /lang\n"          \
    "reply_at: /parent\ngone_at: /removed\n"

static void start(struct rig *rig, const char *address, const char *more)
{
    char yaml[2000];

    snprintf(yaml, sizeof(yaml), "url: 'https://api.example/v1/reviews%s'\n%s", address, more);
    rig_init(rig, &source_json, yaml, NULL);
    rig->src.backfill_ms = 24 * 3600 * 1000;
    rig_prepare(rig);
}

static void test_pointers(void **state)
{
    static const struct {
        const char *pointer, *want;
    } cases[] = {
        {"/a/0", "zero"}, {"/a/-", "last"}, {"/a/2", ""}, {"/a/x", ""}, {"/b~1c/~0d", "odd"}, {"/", "empty"},
        {"/b", ""},       {"/a/0/0", ""},   {"/a/-1", ""},
    };
    json_t *value =
        json_loads("{\"a\":[\"zero\",\"last\"],\"b/c\":{\"~d\":\"odd\"},\"\":\"empty\"}", 0, NULL);

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(cases); i++)
        assert_str(json_text(json_pointer_get(value, str_from(cases[i].pointer))), cases[i].want);
    assert_true(json_pointer_get(value, STR("")) == value);
    json_decref(value);
    assert_non_null(json_pointer_fault(STR("a/b")));
    assert_null(json_pointer_fault(STR("")));
}

static void test_items_become_mentions(void **state)
{
    struct rig rig;
    const struct mention *m;

    (void)state;
    start(&rig, "", "network: shop\nitem_url: 'https://shop.example/r/{id}'\n" MAPPING);
    rig.at.low = STR("1795280000000");
    assert_int_equal(rig_feed(&rig, 200, rig_fixture(&rig, "json/page.json")), 0);
    assert_int_equal(rig.page.n_mentions, 3);
    assert_int_equal(rig.page.skipped, 4);
    assert_page_sound(&rig);
    assert_int_equal(rig.page.n_gone, 1);
    assert_str(rig.page.gone[0], "shop:d4");

    m = &rig.page.mentions[0];
    assert_str(m->id, "shop:9007199254740993");
    assert_str(m->text, "Acme down\n\nNichts geht & keiner hilft \xF0\x9F\x94\xA5");
    assert_str(m->url, "https://api.example/r/1");
    assert_str(m->author.id, "77");
    assert_str(m->author.handle, "ana");
    assert_int_equal(m->author.followers, 1200);
    assert_true(m->author.verified);
    assert_int_equal(m->likes, 3);
    assert_int_equal(m->replies, 4);
    assert_str(m->in_reply_to, "5");
    assert_str(m->lang, "de");
    assert_int_equal(m->created_at_ms, 1795281600000);
    assert_int_equal(m->edited_at_ms, 1795281900000);
    m = &rig.page.mentions[1];
    assert_str(m->text, "acme 1 < 2 & so on");
    assert_str(m->url, "https://shop.example/r/b2");
    assert_str(m->author.id, "post:b2");
    assert_int_equal(m->created_at_ms, 1795280400000);
    assert_int_equal(m->likes, -1);
    assert_int_equal(rig.page.mentions[2].created_at_ms, RIG_NOW);
    rig_finish(&rig);
}

static void test_addresses(void **state)
{
    struct rig rig;

    (void)state;
    start(&rig, "?after={cursor}&n=5", "cursor_at: /meta/last\n" MAPPING);
    assert_str(rig.request.http.url, "https://api.example/v1/reviews?n=5");
    rig.at.low = STR("a b&c");
    rig_prepare(&rig);
    assert_str(rig.request.http.url, "https://api.example/v1/reviews?after=a%20b%26c&n=5");
    assert_str(rig.request.endpoint ? str_from(rig.request.endpoint) : STR(""), "items");
    rig_finish(&rig);

    start(&rig, "/since/{since}/x?p={page}", "paging: page\n" MAPPING);
    assert_str(rig.request.http.url,
               "https://api.example/v1/reviews/since/2026-11-20T17%3A30%3A00.000Z/x?p=1");
    rig.at.low = STR("1795280400000");
    rig_prepare(&rig);
    assert_has(rig.request.http.url, "/since/2026-11-21T16%3A00%3A00.000Z/x?p=1");
    rig_finish(&rig);

    start(&rig, "?since={since}&skip={page}", "paging: offset\nsince_form: seconds\n" MAPPING);
    assert_str(rig.request.http.url, "https://api.example/v1/reviews?since=1795195800&skip=0");
    rig_finish(&rig);
}

/* ---- paging -------------------------------------------------------------------------------- */

static struct str page_of(struct rig *rig, int n, int64_t newest_s, const char *meta)
{
    struct buf b = BUF_INIT(RIG_BODY_MAX);
    struct str body;

    buf_printf(&b, "{\"meta\":{%s},\"data\":{\"items\":[", meta);
    for (int i = 0; i < n; i++)
        buf_printf(&b, "%s{\"id\":%lld,\"body\":\"acme\",\"at\":%lld}", i ? "," : "", (long long)newest_s - i,
                   (long long)newest_s - i);
    buf_append_str(&b, STR("]}}"));
    body = arena_str(&rig->arena, buf_str(&b));
    buf_finish(&b);
    return body;
}

static void test_pages_by_number_offset_and_token(void **state)
{
    static const struct {
        const char *address, *options, *meta, *want;
    } cases[] = {
        {"?p={page}", "paging: page\nfirst_page: 0\n", "", "?p=1"},
        {"?p={page}", "paging: offset\n", "", "?p=20"},
        {"?p={page}", "paging: token\nnext_at: /meta/next\n", "\"next\":\"t/2\"", "?p=t%2F2"},
        {"?p={page}", "paging: token\nnext_at: /meta/next\n", "\"next\":7", "?p=7"},
        {"?a=b", "paging: next-url\nnext_at: /meta/next\n", "\"next\":\"?a=c\"", "?a=c"},
        {"", "paging: next-url\nnext_at: /meta/next\n", "\"next\":\"https://API.example/v1/reviews?z\"",
         "?z"},
    };
    struct rig rig;

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        char more[2000];

        snprintf(more, sizeof(more), "%s" MAPPING, cases[i].options);
        start(&rig, cases[i].address, more);
        rig.at.low = STR("1795280400000");
        assert_int_equal(rig_feed(&rig, 200, page_of(&rig, 20, 1795281600, cases[i].meta)), 0);
        assert_int_equal(rig.step.kind, STEP_PAGE);
        rig_go_on(&rig);
        assert_true(str_ends_with(rig.request.http.url, str_from(cases[i].want)));
        assert_int_equal(rig_feed(&rig, 200, page_of(&rig, 20, 1795200000, cases[i].meta)), 0);
        assert_int_equal(rig.step.kind, STEP_DONE); /* older than the overlap */
        assert_str(rig.step.cursor.low, "1795281600000");
        rig_finish(&rig);
    }
}

static void test_the_last_page(void **state)
{
    struct rig rig;

    (void)state;
    start(&rig, "?p={page}", "paging: page\npage_size: 20\n" MAPPING);
    assert_int_equal(rig_feed(&rig, 200, page_of(&rig, 19, 1795281600, "")), 0);
    assert_int_equal(rig.step.kind, STEP_DONE);
    assert_int_equal(rig_feed(&rig, 200, STR("{\"data\":{\"items\":null}}")), 0);
    assert_int_equal(rig.step.kind, STEP_DONE);
    rig_finish(&rig);

    start(&rig, "", "paging: next-url\nnext_at: /meta/next\n" MAPPING); /* our headers are not for others */
    rig.at.low = STR("1795280400000");
    assert_int_equal(rig_feed(&rig, 200, page_of(&rig, 5, 1795281600, "\"next\":\"https://evil.example/\"")),
                     0);
    assert_int_equal(rig.step.kind, STEP_DONE);
    assert_true(rig.step.gap);
    rig_finish(&rig);

    start(&rig, "", "text_at: /body\nitems_at: /data/items\n"); /* without times: what one page shows */
    assert_int_equal(rig_feed(&rig, 200, page_of(&rig, 5, 1795281600, "")), 0);
    assert_int_equal(rig.page.n_mentions, 5);
    assert_true(rig.page.mentions[0].backfill);
    rig_go_on(&rig);
    assert_int_equal(rig_feed(&rig, 200, page_of(&rig, 5, 1795281600, "")), 0);
    assert_false(rig.page.mentions[0].backfill);
    assert_int_equal(rig.step.kind, STEP_DONE);
    rig_finish(&rig);
}

static void test_by_cursor(void **state)
{
    struct rig rig;

    (void)state;
    start(&rig, "?after={cursor}", "cursor_at: /data/items/-/id\n" MAPPING); /* forward, oldest first */
    rig.at.low = STR("100");
    assert_int_equal(rig_feed(&rig, 200, page_of(&rig, 3, 1000, "")), 0);
    assert_int_equal(rig.page.n_mentions, 3); /* whatever their dates */
    assert_int_equal(rig.step.kind, STEP_PAGE);
    rig_go_on(&rig);
    assert_str(rig.at.low, "998");
    assert_int_equal(rig_feed(&rig, 200, page_of(&rig, 0, 0, "")), 0);
    assert_int_equal(rig.step.kind, STEP_DONE);
    assert_str(rig.step.cursor.low, "998");
    rig_finish(&rig);

    start(&rig, "?sync={cursor}&p={page}",
          "paging: token\nnext_at: /meta/next\ncursor_at: /meta/sync\n" MAPPING);
    rig.at.low = STR("s1");
    assert_int_equal(rig_feed(&rig, 200, page_of(&rig, 3, 1000, "\"next\":\"p2\"")), 0);
    assert_int_equal(rig.step.kind, STEP_PAGE);
    rig_go_on(&rig);
    assert_str(rig.request.http.url, "https://api.example/v1/reviews?sync=s1&p=p2");
    assert_int_equal(rig_feed(&rig, 200, page_of(&rig, 3, 900, "\"sync\":\"s2\"")), 0);
    assert_int_equal(rig.step.kind, STEP_DONE);
    assert_str(rig.step.cursor.low, "s2");
    rig_finish(&rig);
}

/* ---- refusals ------------------------------------------------------------------------------ */

static void test_refusals(void **state)
{
    static const struct {
        int status;
        const char *body;
        int want_code;
        enum step_kind want;
        int64_t want_wait_ms;
    } cases[] = {
        {200, "{\"meta\":{\"error\":\"quota\"}}", 0, STEP_RETRY, 0},
        {200, "{\"meta\":{\"wait\":1.5}}", 0, STEP_WAIT, 1500},
        {429, "{\"meta\":{\"wait\":\"64\"}}", 0, STEP_WAIT, 64000},
        {429, "<html>", 0, STEP_WAIT, 0},
        {401, "{}", 0, STEP_STOP, 0},
        {502, "<html>", 0, STEP_RETRY, 0},
        {200, "<html>", 0, STEP_RETRY, 0},
        {200, "{\"data\":{}}", -EBADMSG, STEP_PAGE, 0},
        {200, "{\"data\":{\"items\":{}}}", -EBADMSG, STEP_PAGE, 0},
        {200, "[", -EBADMSG, STEP_PAGE, 0},
    };
    struct rig rig;

    (void)state;
    start(&rig, "", "wait_at: /meta/wait\nerror_at: /meta/error\n" MAPPING);
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        assert_int_equal(rig_feed(&rig, cases[i].status, str_from(cases[i].body)), cases[i].want_code);
        if (cases[i].want_code == 0)
            assert_int_equal(rig.step.kind, cases[i].want);
        assert_int_equal(rig.step.wait_ms, cases[i].want_wait_ms);
    }
    rig_finish(&rig);
}

static bool check_with(const char *yaml, struct rig *rig)
{
    struct settings settings = {0};

    rig_init(rig, &source_json, yaml, NULL);
    settings.doc = rig->docs[0];
    return source_json.check(&rig->src, &settings, &rig->diag);
}

static void test_checks(void **state)
{
    static const struct {
        const char *yaml, *says;
    } cases[] = {
        {"url: ftp://a.example/xx\ntext_at: /t\n", "not an http or https address"},
        {"url: https://a.example/\ntext_at: /t\npaging: page\n", "needs {page}"},
        {"url: 'https://a.example/{page}'\ntext_at: /t\n", "{page} needs paging"},
        {"url: https://a.example/\ntext_at: /t\npaging: next-url\n", "next_at is missing"},
        {"url: 'https://a.example/{cursor}'\ntext_at: /t\n", "cursor_at is missing"},
        {"url: 'https://a.example/{since}'\ntext_at: /t\n", "time_at is missing"},
        {"url: https://a.example/\ntext_at: t\n", "begins with '/'"},
        {"url: https://a.example/\ntext_at: /t\nlikes_at: n\n", "begins with '/'"},
        {"url: https://a.example/\ntext_at: /t\nheaders: {A: 'Bearer ${X}'}\n", "must be the whole value"},
        {"url: https://a.example/\ntext_at: /t\nheaders: {A: [1]}\n", "headers"},
    };
    struct rig rig;

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        assert_false(check_with(cases[i].yaml, &rig));
        assert_has(str_from(rig.diag.items[0].text), cases[i].says);
        rig_finish(&rig);
    }
    setenv("TEST_TOKEN", "s3cret", 1);
    assert_true(check_with("url: https://a.example/\ntext_at: /t\ntoken: ${TEST_TOKEN}\neverything: true\n"
                           "headers: {X-Key: '${TEST_TOKEN}', X-Form: plain}\n", &rig));
    assert_true(rig.src.unfiltered);
    rig_prepare(&rig);
    assert_int_equal(rig.request.http.n_headers, 4);
    assert_str(rig.request.http.headers[1].value, "Bearer s3cret");
    assert_str(rig.request.http.headers[2].value, "s3cret");
    assert_true(rig.request.http.headers[2].secret);
    assert_str(rig.request.http.headers[3].name, "X-Form");
    rig_finish(&rig);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_pointers),
        cmocka_unit_test(test_items_become_mentions),
        cmocka_unit_test(test_addresses),
        cmocka_unit_test(test_pages_by_number_offset_and_token),
        cmocka_unit_test(test_the_last_page),
        cmocka_unit_test(test_by_cursor),
        cmocka_unit_test(test_refusals),
        cmocka_unit_test(test_checks),
    };

    json_init();
    return cmocka_run_group_tests_name("source_json", tests, NULL, NULL);
}
