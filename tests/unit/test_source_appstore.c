/* appstore: pages, the empty page that is none, reviews as mentions, feeds with and without times. */
#include "source_rig.h"

extern const struct source_driver source_appstore;

static void start(struct rig *rig, const char *low)
{
    rig_init(rig, &source_appstore, "app: '835599320'\ncountry: gb\n", NULL);
    rig->at.low = str_from(low);
    rig_prepare(rig);
}

static void test_requests(void **state)
{
    struct rig rig;

    (void)state;
    start(&rig, "");
    assert_str(rig.request.http.url, "https://itunes.apple.com/gb/rss/customerreviews/page=1/id=835599320/"
                                     "sortBy=mostRecent/json");
    rig.at = (struct source_cursor){.walking = true, .next = STR("3 1"), .floor = STR("1")};
    rig_prepare(&rig);
    assert_str(rig.request.http.url, "https://itunes.apple.com/gb/rss/customerreviews/id=835599320/page=3/"
                                     "sortby=mostrecent/json");
    rig.at.next = STR("99 x");
    rig_prepare(&rig);
    assert_has(rig.request.http.url, "/page=1/");
    assert_true(source_appstore.check(&rig.src, NULL, NULL));
    rig_finish(&rig);
}

static void test_reviews_become_mentions(void **state)
{
    struct rig rig;
    const struct mention *m;

    (void)state;
    start(&rig, "1795280400000 5");
    assert_int_equal(rig_feed(&rig, 200, rig_fixture(&rig, "appstore/page.json")), 0);
    assert_int_equal(rig.page.n_mentions, 3);
    assert_int_equal(rig.page.skipped, 0);
    assert_page_sound(&rig);
    m = &rig.page.mentions[0];
    assert_str(m->id, "appstore:gb/9007199254740993");
    assert_str(m->url, "https://apps.apple.com/gb/app/id835599320?see-all=reviews");
    assert_str(m->kind, "review");
    assert_str(m->text, "why \xF0\x9F\x98\xA1\nit doesn\xE2\x80\x99t start & <b>crashes</b>\nevery time");
    assert_str(m->author.id, "1618815968");
    assert_str(m->author.name, "4ubr3");
    assert_int_equal(m->created_at_ms, 1795281445000);
    assert_int_equal(m->edited_at_ms, m->created_at_ms);
    assert_int_equal(m->likes, 3);
    assert_str(m->named[0], "835599320");
    m = &rig.page.mentions[1];
    assert_str(m->text, "\xE7\xA5\x9E\xE3\x82\xA2\xE3\x83\x97\xE3\x83\xAA\n\xE6\x9C\x80\xE9\xAB\x98");
    assert_str(m->author.id, "10897357020"); /* nobody told: one of its own */
    assert_str(m->lang, "ja");
    assert_str(rig.page.mentions[2].text, "only a title");
    assert_int_equal(rig.step.kind, STEP_PAGE);
    assert_str(rig.step.cursor.high, "1795281445000 9007199254740993");
    rig_go_on(&rig);
    assert_has(rig.request.http.url, "/page=2/"); /* by ours, never by the feed's own links */
    assert_int_equal(
        rig_feed(&rig, 200,
                 STR("{\"feed\":{\"entry\":{\"id\":{\"label\":\"7\"},\"im:rating\":{\"label\":\"4\"},"
                     "\"title\":{\"label\":\"one alone\"},\"updated\":{\"label\":"
                     "\"2026-11-19T10:00:00-07:00\"}}}}")),
        0);
    assert_int_equal(rig.page.n_mentions, 0); /* known */
    assert_int_equal(rig.step.kind, STEP_DONE);
    assert_str(rig.step.cursor.low, "1795281445000 9007199254740993");
    rig_finish(&rig);
}

static void test_feed_without_times(void **state)
{
    static const char old[] =
        "{\"feed\":{\"entry\":[{\"id\":{\"label\":\"12\"},\"im:rating\":{\"label\":\"4\"},\"title\":"
        "{\"label\":\"new\"}},{\"id\":{\"label\":\"10\"},\"im:rating\":{\"label\":\"4\"},\"title\":"
        "{\"label\":\"known\"}}]}}";
    struct rig rig;

    (void)state;
    start(&rig, "0 10");
    assert_int_equal(rig_feed(&rig, 200, STR(old)), 0);
    assert_int_equal(rig.page.n_mentions, 1);
    assert_str(rig.page.mentions[0].text, "new");
    assert_page_sound(&rig);
    assert_int_equal(rig.step.kind, STEP_DONE); /* one page: a first run without backfill, by time */
    assert_str(rig.step.cursor.low, "0 12");
    rig.at = rig.step.cursor;
    assert_int_equal(rig_feed(&rig, 200, STR(old)), 0);
    assert_int_equal(rig.page.n_mentions, 0);
    assert_int_equal(rig.step.kind, STEP_DONE);
    rig_finish(&rig);
}

static void test_an_empty_page_is_asked_for_in_another_way(void **state)
{
    struct rig rig;

    (void)state;
    start(&rig, "1795280400000 5");
    assert_int_equal(rig_feed(&rig, 200, STR("{\"feed\":{\"id\":{\"label\":\"x\"}}}")), 0);
    assert_int_equal(rig.step.kind, STEP_PAGE);
    rig_go_on(&rig);
    assert_has(rig.request.http.url, "/id=835599320/page=1/sortby=mostrecent/json");
    assert_int_equal(rig_feed(&rig, 200, STR("{\"feed\":{}}")), 0);
    assert_int_equal(rig.step.kind, STEP_DONE);
    assert_str(rig.step.cursor.low, "1795280400000 5");
    rig_finish(&rig);
}

/* A page whose 50 reviews are all of the last hour. */
static struct str full_page(struct rig *rig, int page)
{
    struct buf b = BUF_INIT(RIG_BODY_MAX);
    struct str body;

    buf_append_str(&b, STR("{\"feed\":{\"entry\":["));
    for (int i = 0; i < 50; i++)
        buf_printf(&b,
                   "%s{\"id\":{\"label\":\"%d\"},\"im:rating\":{\"label\":\"4\"},\"title\":{\"label\":\"x\"},"
                       "\"updated\":{\"label\":\"2026-11-21T17:%02d:00Z\"}}", i ? "," : "",
                           10000 - page * 50 - i, 20 - page);
    buf_append_str(&b, STR("]}}"));
    body = arena_str(&rig->arena, buf_str(&b));
    buf_finish(&b);
    return body;
}

static void test_ten_pages_at_most(void **state)
{
    struct rig rig;

    (void)state;
    start(&rig, "1795280400000 5");
    for (int page = 1; page <= 9; page++) {
        assert_int_equal(rig_feed(&rig, 200, full_page(&rig, page)), 0);
        assert_int_equal(rig.step.kind, STEP_PAGE);
        rig_go_on(&rig);
    }
    assert_int_equal(rig_feed(&rig, 200, full_page(&rig, 9)), 0); /* the page before: asked again */
    assert_int_equal(rig.step.kind, STEP_PAGE);
    assert_false(rig.step.gap);
    rig_go_on(&rig);
    assert_has(rig.request.http.url, "/page=10/");
    assert_int_equal(rig_feed(&rig, 200, full_page(&rig, 10)), 0);
    assert_int_equal(rig.step.kind, STEP_DONE);
    assert_true(rig.step.gap);

    rig.at = (struct source_cursor){.low = STR("5 5"), .walking = true, .high = STR("9 9"),
                                    .next = STR("4 0"),
                                    .floor = STR("1")};
    assert_int_equal(rig_feed(&rig, 404, STR("nothing here")), 0); /* behind the last page */
    assert_int_equal(rig.step.kind, STEP_DONE);
    assert_str(rig.step.cursor.low, "9 9");
    rig_finish(&rig);
}

static void test_refusals(void **state)
{
    static const struct {
        int status;
        const char *body;
        enum step_kind want;
    } cases[] = {
        {400, "bad", STEP_STOP}, {403, "<html>", STEP_WAIT}, {404, "", STEP_STOP}, {429, "", STEP_WAIT},
        {502, "<html>", STEP_RETRY}, {503, "", STEP_RETRY}, {200, "<?xml version='1.0'?><feed/>", STEP_RETRY},
    };
    struct rig rig;

    (void)state;
    start(&rig, "1795280400000 5");
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        assert_int_equal(rig_feed(&rig, cases[i].status, str_from(cases[i].body)), 0);
        assert_int_equal(rig.step.kind, cases[i].want);
    }
    assert_int_equal(rig_feed(&rig, 200, STR("{\"data\":[]}")), -EBADMSG);
    assert_int_equal(rig_feed(&rig, 200, STR("{\"feed\":")), -EBADMSG);
    rig_finish(&rig);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_requests),
        cmocka_unit_test(test_reviews_become_mentions),
        cmocka_unit_test(test_feed_without_times),
        cmocka_unit_test(test_an_empty_page_is_asked_for_in_another_way),
        cmocka_unit_test(test_ten_pages_at_most),
        cmocka_unit_test(test_refusals),
    };

    json_init();
    return cmocka_run_group_tests_name("source_appstore", tests, NULL, NULL);
}
