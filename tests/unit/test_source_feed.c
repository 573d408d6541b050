/* feed: four formats, whatever is wrong with them, and a window without a cursor. */
#include "source_rig.h"

#include "sources/feed_item.h"

extern const struct source_driver source_feed;

#define URL "https://forum.example/feed.xml"

static void start(struct rig *rig, const char *more)
{
    char yaml[300];

    snprintf(yaml, sizeof(yaml), "url: " URL "\n%s", more);
    rig_init(rig, &source_feed, yaml, NULL);
    rig->src.backfill_ms = 24 * 3600 * 1000;
    rig_prepare(rig);
}

static const struct mention *find(const struct rig *rig, const char *id)
{
    for (size_t i = 0; i < rig->page.n_mentions; i++) {
        if (str_eq(rig->page.mentions[i].id, str_from(id)))
            return &rig->page.mentions[i];
    }
    fail_msg("no mention %s among %zu", id, rig->page.n_mentions);
    return NULL;
}

static struct str header_of(const struct rig *rig, const char *name)
{
    for (size_t i = 0; i < rig->request.http.n_headers; i++) {
        if (str_eq(rig->request.http.headers[i].name, str_from(name)))
            return rig->request.http.headers[i].value;
    }
    return STR("");
}

/* ---- formats ------------------------------------------------------------------------------- */

static void test_rss(void **state)
{
    struct rig rig;
    const struct mention *m;

    (void)state;
    start(&rig, "");
    rig.at.low = STR("x"); /* not the first look: everything counts */
    assert_int_equal(rig_feed(&rig, 200, rig_fixture(&rig, "feed/rss.xml")), 0);
    assert_int_equal(rig.page.n_mentions, 5);
    assert_int_equal(rig.page.skipped, 1);
    assert_page_sound(&rig);

    m = find(&rig, "feed:forum.example/9007199254740993");
    assert_str(m->url, "https://forum.example/t/1?a=1&b=2");
    assert_has(m->text, "Acme is down & out\n\nSince 5 o'clock: nothing works \xE2\x80\x94 see ");
    assert_lacks(m->text, "short");
    assert_str(m->author.name, "Ana D\xC3\xAD" "az");
    assert_str(m->author.id, "forum.example/Ana D\xC3\xAD" "az");
    assert_str(m->lang, "en-GB");
    assert_int_equal(m->created_at_ms, 1795280340000);
    assert_int_equal(m->replies, 12);

    m = find(&rig, "feed:https://forum.example/t/2");
    assert_str(m->url, "https://forum.example/t/2");
    assert_has(m->text, "\xF0\x9F\x94\xA5");
    assert_has(m->text, "\xC3\xA9 &boom; 5 < 6");
    assert_str(m->lang, "de");
    assert_int_equal(m->created_at_ms, 1795280400000);

    m = find(&rig, "feed:https://forum.example/t/3"); /* its link is what it is known by */
    assert_int_equal(m->created_at_ms, RIG_NOW);
    m = find(&rig, "feed:forum.example/t4");
    assert_str(m->text, "Only text \xF0\x9F\x98\x80");
    assert_str(m->url, "");
    assert_str(m->author.id, "forum.example");
    find(&rig, "feed:forum.example/t5");
    rig_finish(&rig);
}

static void test_atom(void **state)
{
    struct rig rig;
    const struct mention *m;

    (void)state;
    start(&rig, "network: blog\n");
    rig.at.low = STR("x");
    assert_int_equal(rig_feed(&rig, 200, rig_fixture(&rig, "feed/atom.xml")), 0);
    assert_int_equal(rig.page.n_mentions, 3);
    assert_page_sound(&rig);
    assert_int_equal(rig.page.n_gone, 1);
    assert_str(rig.page.gone[0], "blog:tag:blog.example,2026:9");

    m = &rig.page.mentions[0];
    assert_str(m->id, "blog:tag:blog.example,2026:1");
    assert_str(m->url, "https://blog.example/fr/1");
    assert_str(m->text, "Acme encore en panne\n\nRien ne va <plus>\n\ndepuis midi");
    assert_str(m->author.id, "https://blog.example/chloe");
    assert_str(m->lang, "fr");
    assert_int_equal(m->created_at_ms, 1795276800250);
    assert_int_equal(m->edited_at_ms, 1795278600000);
    assert_str(m->in_reply_to, "tag:blog.example,2026:0");
    assert_int_equal(m->replies, 3);
    m = &rig.page.mentions[1];
    assert_str(m->text, "Use <b> for acme\n\nAcme is back");
    assert_str(m->author.name, "Dan");
    assert_str(m->lang, "en");
    assert_int_equal(m->edited_at_ms, 0);
    m = &rig.page.mentions[2];
    assert_str(m->text, "R&D of acme");
    assert_str(m->author.name, "Chlo\xC3\xA9");
    rig_finish(&rig);
}

static void test_rdf_and_json(void **state)
{
    struct rig rig;
    const struct mention *m;

    (void)state;
    start(&rig, "");
    rig.at.low = STR("x");
    assert_int_equal(rig_feed(&rig, 200, rig_fixture(&rig, "feed/rdf.xml")), 0);
    assert_int_equal(rig.page.n_mentions, 2);
    assert_str(rig.page.mentions[0].lang, "es");
    assert_str(rig.page.mentions[1].text, "Acme & co");
    assert_str(rig.page.mentions[1].url, ""); /* no script for a link */
    assert_int_equal(rig.page.mentions[1].created_at_ms, 1793491200000);

    assert_int_equal(rig_feed(&rig, 200, rig_fixture(&rig, "feed/feed.json")), 0);
    assert_int_equal(rig.page.n_mentions, 3);
    assert_page_sound(&rig);
    m = find(&rig, "feed:forum.example/9007199254740993");
    assert_str(m->text, "acme <b>caiu</b> \xF0\x9F\x94\xA5 \xEF\xBF\xBD");
    assert_str(m->author.id, "https://j.example/eva");
    assert_str(m->lang, "pt");
    m = find(&rig, "feed:forum.example/b");
    assert_str(m->text, "Acme\n\nTom & Jerry");
    assert_str(m->author.name, "Z\xC3\xA9");
    find(&rig, "feed:https://j.example/3");
    rig_finish(&rig);
}

/* ---- what is wrong with them --------------------------------------------------------------- */

static void test_mending(void **state)
{
    static const struct {
        const char *in, *want;
    } cases[] = {
        {"<a>1 & 2 &amp; 3 &eacute; &#233; &nosuch; < 4</a>",
         "<a>1 &amp; 2 &amp; 3 \xC3\xA9 \xC3\xA9 &amp;nosuch; &lt; 4</a>"},
        {"<?xml version='1.0'?><!DOCTYPE a [<!ENTITY x \">]\"><!-- ' ]> -->]><a>&x;</a>", "<a>&amp;x;</a>"},
        {"<a><b>1</a>2</b>", "<a><b>1</b></a>"},
        {"<a>1</c><b/>2", "<a>1<b></b>2</a>"},
        {"<a x=1 x=2 y z='a>b' 7=\"q\"  w = \"<&quot;\">t</a>",
         "<a x=\"1\" y=\"\" z=\"a&gt;b\" w=\"&lt;&quot;\">t</a>"},
        {"<a><![CDATA[<b>&amp;]]></a>", "<a>&lt;b&gt;&amp;amp;</a>"},
        {"<a><![CDATA[cut", "<a>cut</a>"},
        {"<a>cut <b", "<a>cut &lt;b</a>"},
        {"<a>\x01\x02z\xEF\xBF\xBF</a> <b>no</b>", "<a>  z\xEF\xBF\xBD</a>"},
        {"<a><b c=\"d>e</b></a>", "<a><b c=\"d\">e</b></a>"},
        {"no markup & all", ""},
        {"", ""},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct buf out = BUF_INIT(4096);

        assert_true(feed_mend(str_from(cases[i].in), &out));
        assert_str(buf_str(&out), cases[i].want);
        buf_finish(&out);
    }
}

/* Each of these took minutes where a '<' is looked for an end anew. */
static void test_hostile_markup_takes_no_time(void **state)
{
    static const char *const pieces[] = {"<a", "<a b=\"", "<![CDATA[", "<a>",
                                         "&",  "</a>",    "<!--",      "<a b=\"'>"};

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(pieces); i++) {
        struct buf in = BUF_INIT(RIG_BODY_MAX), out = BUF_INIT(16 * RIG_BODY_MAX);
        struct arena arena;

        arena_init(&arena, 64 * 1024 * 1024);
        buf_append_str(&in, STR("<rss>"));
        while (in.len < RIG_BODY_MAX / 2)
            buf_append_str(&in, str_from(pieces[i]));
        assert_true(feed_mend(buf_str(&in), &out));
        feed_plain(buf_str(&in), &arena);
        arena_finish(&arena);
        buf_finish(&in);
        buf_finish(&out);
    }
}

static void test_charsets(void **state)
{
    static const struct {
        struct str body;
        const char *content_type, *want;
    } cases[] = {
        {STR("caf\xE9"), "", "caf\xC3\xA9"},
        {STR("caf\xC3\xA9"), "text/xml; charset=koi8-r", "caf\xC3\xA9"}, /* declarations lie */
        {STR("\xF0\xD2\xC9"), "text/xml; charset=\"KOI8-R\"", "\xD0\x9F\xD1\x80\xD0\xB8"},
        {STR("<?xml version='1.0' encoding=\"Shift_JIS\"?>\x93\xFA"), "text/xml",
         "<?xml version='1.0' encoding=\"Shift_JIS\"?>\xE6\x97\xA5"},
        {STR("<?xml encoding='gb2312'?>\xB9\xFA"), "", "<?xml encoding='gb2312'?>\xE5\x9B\xBD"},
        {STR("\xEF\xBB\xBF<a>\xFF</a>"), "", "<a>\xEF\xBF\xBD</a>"},
        {STR("\xFF\xFE<\0a\0>\0"), "", "<a>"},
        {STR("\0<\0a\0>"), "", "<a>"},
        {STR("\xE2\x82\xAC \xC3\xA9 \xFF"), "", "\xE2\x82\xAC \xC3\xA9 \xEF\xBF\xBD"},
        {STR("\x80 price"), "text/xml; charset=../../x", "\xE2\x82\xAC price"},
        {STR(""), "", ""},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct buf out = BUF_INIT(4096);

        assert_true(feed_to_utf8(cases[i].body, str_from(cases[i].content_type), &out));
        assert_str(buf_str(&out), cases[i].want);
        buf_finish(&out);
    }
}

static void test_dates(void **state)
{
    static const struct {
        const char *text;
        int64_t want;
    } cases[] = {
        {"Sat, 07 Sep 2002 00:00:01 GMT", 1031356801000},
        {"Mon, 07 Sep 02 00:00:01 UT", 1031356801000},
        {"7 September 2002 00:00 +0200", 1031349600000},
        {"sat, 7 sep 2002 0:00:01 +02:00", 1031349601000},
        {"07 Sep 2002", 1031356800000},
        {"Sat, 07 Sep 2002 00:00:01 EST", 1031374801000},
        {"2003-12-13T18:30:02.25+01:00", 1071336602250},
        {"2003-12-13 18:30:02z", 1071340202000},
        {"2003-12", 1070236800000},
        {"2003", 1041379200000},
        {"2003-12-13T24:00:00Z", 1071360000000},
        {" 2003-12-13t18:30:02Z\n", 1071340202000},
        {"yesterday", 0},
        {"", 0},
        {"32 Sep 2002", 0},
        {"1 Foo 2002 00:00 GMT", 0},
        {",,,", 0},
        {"2003-13-01", 0},
        {"1 Sep 2002 99:99:99 GMT", 0},
        {"1 Sep 2002 00:00 +", 1030838400000},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        if (feed_date_ms(str_from(cases[i].text)) != cases[i].want)
            fail_msg("'%s': %lld", cases[i].text, (long long)feed_date_ms(str_from(cases[i].text)));
    }
}

/* ---- the window ---------------------------------------------------------------------------- */

static struct str window(struct rig *rig, int from, int n, const char *dated, const char *next)
{
    struct buf b = BUF_INIT(RIG_BODY_MAX);
    struct str body;

    buf_printf(&b, "<feed xmlns='http://www.w3.org/2005/Atom'>%s", next);
    for (int i = from + n - 1; i >= from; i--)
        buf_printf(&b, "<entry><id>urn:%d</id><title>acme %d</title>%s</entry>", i, i, dated);
    buf_append_str(&b, STR("</feed>"));
    body = arena_str(&rig->arena, buf_str(&b));
    buf_finish(&b);
    return body;
}

static void test_conditional_requests(void **state)
{
    struct rig rig;

    (void)state;
    start(&rig, "");
    assert_str(header_of(&rig, "If-None-Match"), "");
    assert_has(header_of(&rig, "Accept"), "application/atom+xml");
    rig_header(&rig, "ETag", "W/\"a,b\"");
    rig_header(&rig, "Last-Modified", "Sat, 21 Nov 2026 17:00:00 GMT");
    assert_int_equal(rig_feed(&rig, 200, window(&rig, 1, 3, "", "")), 0);
    assert_int_equal(rig.step.kind, STEP_DONE);
    rig_go_on(&rig);
    assert_str(header_of(&rig, "If-None-Match"), "W/\"a,b\"");
    assert_str(header_of(&rig, "If-Modified-Since"), "Sat, 21 Nov 2026 17:00:00 GMT");

    assert_int_equal(rig_feed(&rig, 304, STR("")), 0);
    assert_int_equal(rig.step.kind, STEP_DONE);
    assert_true(str_eq(rig.step.cursor.low, rig.at.low));
    assert_int_equal(rig_feed(&rig, 200, window(&rig, 1, 3, "", "")), 0); /* 200, and the same bytes */
    assert_true(str_eq(rig.step.cursor.low, rig.at.low));
    rig_finish(&rig);

    rig_init(&rig, &source_feed, "url: https://other.example/\nauthorization: ${TEST_LOGIN}\n", NULL);
    setenv("TEST_LOGIN", "Basic eDp5", 1);
    rig.at.low = STR("0123456789abcdef\n1\n0\n\"etag\"\ndate\nAAAAAA");
    rig_prepare(&rig); /* validators of another address are not sent */
    assert_str(header_of(&rig, "If-None-Match"), "");
    assert_str(header_of(&rig, "Authorization"), "Basic eDp5");
    rig_finish(&rig);
}

static void test_items_without_a_date_come_once(void **state)
{
    struct rig rig;

    (void)state;
    start(&rig, "");
    assert_int_equal(rig_feed(&rig, 200, window(&rig, 1, 20, "", "")), 0);
    assert_int_equal(rig.page.n_mentions, 0); /* were there before us */
    rig_go_on(&rig);
    assert_int_equal(rig_feed(&rig, 200, window(&rig, 4, 20, "", "")), 0);
    assert_int_equal(rig.page.n_mentions, 3);
    assert_false(rig.page.mentions[0].backfill);
    assert_false(rig.step.gap);
    rig_go_on(&rig);
    assert_int_equal(rig_feed(&rig, 200, window(&rig, 1, 25, "", "")), 0); /* old ones are back, reordered */
    assert_int_equal(rig.page.n_mentions, 2);
    rig_finish(&rig);
}

static void test_first_look_takes_what_is_young(void **state)
{
    static const char young[] = "<published>2026-11-21T12:00:00Z</published>";
    static const char old[] = "<published>2026-11-19T12:00:00Z</published>";
    struct rig rig;

    (void)state;
    start(&rig, "");
    assert_int_equal(rig_feed(&rig, 200, window(&rig, 1, 3, young, "")), 0);
    assert_int_equal(rig.page.n_mentions, 3);
    assert_true(rig.page.mentions[0].backfill);
    rig_go_on(&rig);
    assert_int_equal(rig_feed(&rig, 200, window(&rig, 1, 4, young, "<!-- -->")), 0); /* the queue knows the rest */
    assert_int_equal(rig.page.n_mentions, 4);
    assert_int_equal(rig_feed(&rig, 200, window(&rig, 1, 4, old, "")), 0); /* dated back: only the new one */
    assert_int_equal(rig.page.n_mentions, 1);
    rig.at.low = STR("");
    assert_int_equal(rig_feed(&rig, 200, window(&rig, 1, 4, old, "")), 0);
    assert_int_equal(rig.page.n_mentions, 0);
    rig_finish(&rig);
}

static void test_a_window_that_moved_on(void **state)
{
    static const char young[] = "<published>2026-11-21T12:00:00Z</published>";
    struct rig rig;

    (void)state;
    start(&rig, "");
    assert_int_equal(rig_feed(&rig, 200, window(&rig, 1, 5, young, "")), 0);
    rig_go_on(&rig);
    assert_int_equal(rig_feed(&rig, 200, window(&rig, 20, 5, young, "")), 0);
    assert_int_equal(rig.step.kind, STEP_DONE);
    assert_true(rig.step.gap);

    assert_int_equal(
        rig_feed(&rig, 200, window(&rig, 20, 5, young, "<link rel='next' href='https://evil.example/'/>")),
        0);
    assert_true(rig.step.gap); /* another host gets nothing from us */
    assert_int_equal(rig_feed(&rig, 200, window(&rig, 20, 5, young, "<link rel='next' href='?p=2'/>")), 0);
    assert_int_equal(rig.step.kind, STEP_PAGE);
    rig_go_on(&rig);
    assert_str(rig.request.http.url, URL "?p=2");
    assert_str(header_of(&rig, "If-None-Match"), "");
    assert_int_equal(rig_feed(&rig, 200, window(&rig, 4, 16, young, "")), 0);
    assert_int_equal(rig.step.kind, STEP_DONE);
    assert_false(rig.step.gap);
    rig_go_on(&rig);
    assert_int_equal(rig_feed(&rig, 200, window(&rig, 21, 5, "", "")), 0);
    assert_int_equal(rig.page.n_mentions, 1);
    rig_finish(&rig);
}

static void test_one_id_for_all(void **state)
{
    struct rig rig;

    (void)state;
    start(&rig, "");
    rig.at.low = STR("x");
    assert_int_equal(rig_feed(&rig, 200,
                              STR("<rss><channel><item><guid>1</guid><link>http://a.example/1</link>"
                                  "<title>x</title></item><item><guid>1</guid>"
                                  "<link>http://a.example/2</link><title>y</title></item>")),
                     0);
    assert_int_equal(rig.page.n_mentions, 2);
    assert_str(rig.page.mentions[1].id, "feed:http://a.example/2");
    rig_finish(&rig);
}

static void test_refusals(void **state)
{
    static const struct {
        int status;
        const char *body;
        int want_code;
        enum step_kind want;
    } cases[] = {
        {401, "", 0, STEP_STOP},        {404, "<html>", 0, STEP_STOP},  {410, "", 0, STEP_STOP},
        {429, "", 0, STEP_WAIT},        {503, "<html>", 0, STEP_RETRY}, {200, "", -EBADMSG, STEP_PAGE},
        {200, "<html><body>Sign in", -EBADMSG, STEP_PAGE},              {200, "<x/>", -EBADMSG, STEP_PAGE},
        {200, "{}", -EBADMSG, STEP_PAGE}, {200, "{\"items\":[", -EBADMSG, STEP_PAGE},
        {200, "<rss><channel></channel></rss>", 0, STEP_DONE},
    };
    struct rig rig;

    (void)state;
    start(&rig, "");
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        if (cases[i].status == 429)
            rig_header(&rig, "Retry-After", "Sat, 21 Nov 2026 17:32:00 GMT");
        assert_int_equal(rig_feed(&rig, cases[i].status, str_from(cases[i].body)), cases[i].want_code);
        if (cases[i].want_code == 0)
            assert_int_equal(rig.step.kind, cases[i].want);
        assert_int_equal(rig.step.wait_ms, cases[i].status == 429 ? 120000 : 0);
    }
    rig_finish(&rig);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_rss),
        cmocka_unit_test(test_atom),
        cmocka_unit_test(test_rdf_and_json),
        cmocka_unit_test(test_mending),
        cmocka_unit_test(test_hostile_markup_takes_no_time),
        cmocka_unit_test(test_charsets),
        cmocka_unit_test(test_dates),
        cmocka_unit_test(test_conditional_requests),
        cmocka_unit_test(test_items_without_a_date_come_once),
        cmocka_unit_test(test_first_look_takes_what_is_young),
        cmocka_unit_test(test_a_window_that_moved_on),
        cmocka_unit_test(test_one_id_for_all),
        cmocka_unit_test(test_refusals),
    };

    json_init();
    return cmocka_run_group_tests_name("source_feed", tests, NULL, NULL);
}
