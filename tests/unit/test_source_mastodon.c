/* mastodon: requests, paging by min_id and max_id, statuses as mentions, refusals. */
#include "source_rig.h"

extern const struct source_driver source_mastodon;

static void start_tags(struct rig *rig)
{
    rig_init(rig, &source_mastodon,
             "instance: https://example.social/\nhashtags: ['#acme', acmedown]\n", NULL);
    rig->at.low = STR("117020593741189000");
    rig_prepare(rig);
}

static void test_requests(void **state)
{
    struct rig rig;

    (void)state;
    start_tags(&rig);
    assert_str(rig.request.http.url, "https://example.social/api/v1/timelines/tag/acme?any%5B%5D=acmedown"
                                     "&limit=40&min_id=117020593741189000");
    assert_string_equal(rig.request.http.method, "GET");
    assert_str(source_mastodon.host(&rig.src, &rig.arena), "example.social");

    rig.at = (struct source_cursor){
        .walking = true, .high = STR("9"), .next = STR("a/b&c"), .floor = STR("1")};
    rig_prepare(&rig);
    assert_has(rig.request.http.url, "&max_id=a%2Fb%26c");
    assert_lacks(rig.request.http.url, "min_id");
    rig_finish(&rig);
}

static void test_search_sends_its_token_as_a_secret_header(void **state)
{
    struct rig rig;
    bool found = false;

    (void)state;
    setenv("TEST_MASTODON_TOKEN", "t0ken", 1);
    rig_init(&rig, &source_mastodon, "query: 'acme down \"#1\"'\n",
             "instance: http://localhost:3000\ntoken: ${TEST_MASTODON_TOKEN}\n");
    rig_prepare(&rig);
    assert_str(rig.request.http.url, "http://localhost:3000/api/v2/search?q=acme%20down%20%22%231%22"
                                     "&type=statuses&limit=40");
    for (size_t i = 0; i < rig.request.http.n_headers; i++) {
        if (!str_eq(rig.request.http.headers[i].name, STR("Authorization")))
            continue;
        assert_str(rig.request.http.headers[i].value, "Bearer t0ken");
        found = rig.request.http.headers[i].secret;
    }
    assert_true(found);
    unsetenv("TEST_MASTODON_TOKEN");
    assert_true(source_mastodon.prepare(&rig.src, &rig.at, RIG_NOW, &rig.arena, &rig.request, &rig.err) < 0);
    assert_null(strstr(rig.err.text, "t0ken"));
    rig_finish(&rig);
}

static void test_statuses_become_mentions(void **state)
{
    struct rig rig;
    const struct mention *m;

    (void)state;
    start_tags(&rig);
    assert_int_equal(rig_feed(&rig, 200, rig_fixture(&rig, "mastodon/tag_page.json")), 0);
    assert_int_equal(rig.page.n_mentions, 4);
    assert_int_equal(rig.page.skipped, 1); /* the direct one */
    assert_page_sound(&rig);

    m = &rig.page.mentions[0];
    assert_str(m->id, "mastodon:https://example.social/users/ana/statuses/117020593741189705");
    assert_str(m->native, "example.social/117020593741189705");
    assert_str(m->network, "mastodon");
    assert_str(m->url, "https://example.social/@ana/117020593741189705");
    assert_str(m->text, "Login at #acme is down & has been for an hour \xF0\x9F\x98\xA1\n\nAnyone else?");
    assert_str(m->lang, "en");
    assert_int_equal(m->created_at_ms, 1795281605123);
    assert_int_equal(m->fetched_at_ms, RIG_NOW);
    assert_str(m->author.id, "https://example.social/users/ana");
    assert_str(m->author.handle, "ana@example.social");
    assert_str(m->author.name, "Ana");
    assert_int_equal(m->author.followers, 120);
    assert_int_equal(m->likes, 3);
    assert_int_equal(m->shares, 2);
    assert_int_equal(m->replies, 1);
    assert_false(m->backfill);

    m = &rig.page.mentions[1];
    assert_str(m->in_reply_to, "native:example.social/117020593741189000");
    assert_str(m->in_reply_to_author, "acmehelp@example.social");
    assert_int_equal(m->n_named, 2);
    assert_str(m->named[1], "cy@third.example");
    assert_str(m->author.handle, "bo@far.example");
    assert_str(m->author.name, "bo");
    assert_str(m->lang, "de");
    assert_int_equal(m->edited_at_ms, 1795281660000);
    assert_has(m->text, "https://status.example.org/incidents/42/details");

    m = &rig.page.mentions[2];
    assert_str(m->text, "acme & rant\n\nthe long story");
    assert_true(m->sensitive);

    m = &rig.page.mentions[3];
    assert_str(m->repost_of, "https://example.social/users/ana/statuses/117020593741180000");
    assert_str(m->id, "mastodon:https://far.example/users/bo/statuses/9/activity");
    assert_str(m->url, "https://example.social/@ana/117020593741180000");
    assert_str(m->text, "acme is great");
    assert_str(m->author.id, "https://far.example/users/bo");
    rig_finish(&rig);
}

static void test_odd_statuses(void **state)
{
    struct rig rig;

    (void)state;
    start_tags(&rig);
    assert_int_equal(rig_feed(&rig, 200, rig_fixture(&rig, "mastodon/odd_page.json")), 0);
    assert_int_equal(rig.page.n_mentions, 2);
    assert_int_equal(rig.page.skipped, 3);
    assert_page_sound(&rig);
    assert_str(rig.page.mentions[0].author.id, "dee@localhost");
    assert_int_equal(rig.page.mentions[0].likes, 12);
    assert_int_equal(rig.page.mentions[0].created_at_ms, RIG_NOW);
    assert_str(rig.page.mentions[1].id, "mastodon:example.social/01J9ZK3W5N8Q0000000000000A");
    assert_str(rig.page.mentions[1].author.handle, "eve@example.social");
    rig_finish(&rig);
}

/* Faults of jansson's kind in one post: the others arrive, each fault is counted. */
static void test_broken_characters_cost_nobody_a_page(void **state)
{
    struct rig rig;
    struct buf body = BUF_INIT(RIG_BODY_MAX);

    (void)state;
    start_tags(&rig);
    buf_append_str(&body, STR(
        "[{\"id\":\"8\",\"account\":{\"acct\":\"a\"},\"content\":\"lone \\ud83d end\"},"
        "{\"id\":\"7\",\"account\":{\"acct\":\"a\"},\"content\":\"nul \\u0000 end\"},"
        "{\"id\":\"6\",\"account\":{\"acct\":\"a\",\"followers_count\":1e999},\"content\":\"big\"},"
        "{\"id\":\"5\",\"account\":{\"acct\":\"a\"},\"favourites_count\":1234567890123456789012345,"
        "\"content\":\"bigger\"},"
        "{\"id\":\"4\",\"account\":{\"acct\":\"a\"},\"content\":\"bad \xE9 byte\"},"
        "{\"id\":\"3\",\"account\":{\"acct\":\"a\"},\"content\":\"long "));
    for (int i = 0; i < 10 * 1024; i++)
        buf_append_str(&body, STR("\xC3\xA4xy"));
    buf_append_str(&body, STR("\"},{\"id\":\"2\",\"account\":{\"acct\":\"a\"},\"content\":\"fine\"}]"));
    assert_int_equal(rig_feed(&rig, 200, buf_str(&body)), 0);
    assert_int_equal(rig.page.n_mentions, 7);
    assert_int_equal(rig.page.faults.surrogates, 1);
    assert_int_equal(rig.page.faults.nuls, 1);
    assert_int_equal(rig.page.faults.numbers, 2);
    assert_int_equal(rig.page.faults.bad_utf8, 1);
    assert_page_sound(&rig);
    assert_str(rig.page.mentions[0].text, "lone \xEF\xBF\xBD end");
    assert_int_equal(rig.page.mentions[3].likes, -1);
    assert_true(rig.page.mentions[5].truncated);
    assert_true(rig.page.mentions[5].text.len <= MENTION_TEXT_MAX);
    assert_str(rig.page.mentions[6].text, "fine");
    buf_finish(&body);
    rig_finish(&rig);
}

/* ---- paging -------------------------------------------------------------------------------- */

static struct str page_of(struct rig *rig, const char *ids, const char *created_at)
{
    struct buf b = BUF_INIT(100000);
    struct str rest = str_from(ids), body;

    while (rest.s && rest.len > 0) {
        struct str id = str_split(rest, ' ', &rest);

        buf_printf(&b,
                   "%s{\"id\":\"%.*s\",\"created_at\":\"%s\",\"account\":{\"acct\":\"a\"},\"content\":\"x\"}",
                   b.len ? "," : "[", STR_FMT(id), created_at);
    }
    if (b.len == 0)
        buf_append_char(&b, '[');
    buf_append_char(&b, ']');
    body = arena_str(&rig->arena, buf_str(&b));
    buf_finish(&b);
    return body;
}

static void test_forward_until_empty(void **state)
{
    static const struct {
        const char *ids, *link, *want_low;
        enum step_kind want;
    } pages[] = {
        {"1003 1002 1001", NULL, "1003", STEP_PAGE},
        {"1004 1006 1005", NULL, "1006", STEP_PAGE},           /* reordered */
        {"9007199254740995 9007199254740993", NULL, "9007199254740995", STEP_PAGE}, /* beyond 2^53 */
        {"zB zA", "<https://example.social/x?limit=40&min_id=zB>; rel=\"prev\"", "zB", STEP_PAGE},
        {"zD zC", "<https://example.social/x?max_id=1>; rel=\"next\", "
                  "<https://example.social/x?a=,b&min_id=zLink>; rel=\"prev\"", "zLink", STEP_PAGE},
        {"zF zE", "<https://evil.example/x?min_id=zEvil>; rel=\"prev\"", "zF", STEP_PAGE},
        {"zH zG", "<http://example.social/x?min_id=zPlain>; rel=\"prev\"", "zH", STEP_PAGE},
        {"zH zG", NULL, "zH", STEP_DONE}, /* a server that does not move on */
        {"", NULL, "zH", STEP_DONE},
    };
    struct rig rig;

    (void)state;
    start_tags(&rig);
    for (size_t i = 0; i < ARRAY_LEN(pages); i++) {
        if (pages[i].link)
            rig_header(&rig, "link", pages[i].link);
        assert_int_equal(rig_feed(&rig, 200, page_of(&rig, pages[i].ids, "2026-11-21T17:00:00Z")), 0);
        assert_int_equal(rig.step.kind, pages[i].want);
        assert_str(rig.step.cursor.low, pages[i].want_low);
        assert_false(rig.step.cursor.walking);
        rig_go_on(&rig);
        assert_lacks(rig.request.http.url, "evil");
        assert_true(str_starts_with(rig.request.http.url, STR("https://example.social/api/v1/")));
    }
    rig_finish(&rig);
}

static void test_first_run_is_one_page(void **state)
{
    struct rig rig;

    (void)state;
    start_tags(&rig);
    rig.at.low = STR("");
    assert_int_equal(rig_feed(&rig, 200, page_of(&rig, "103 102 101", "2026-11-21T17:00:00Z")), 0);
    assert_int_equal(rig.step.kind, STEP_DONE);
    assert_str(rig.step.cursor.low, "103");
    assert_int_equal(rig.page.n_mentions, 3);
    assert_true(rig.page.mentions[0].backfill);

    assert_int_equal(rig_feed(&rig, 200, STR("[]")), 0);
    assert_int_equal(rig.step.kind, STEP_DONE);
    assert_str(rig.step.cursor.low, "");
    rig_finish(&rig);
}

static void test_first_run_goes_back_as_far_as_asked(void **state)
{
    struct rig rig;

    (void)state;
    start_tags(&rig);
    rig.at.low = STR("");
    rig.src.backfill_ms = 3600 * 1000; /* to 16:30 */
    assert_int_equal(rig_feed(&rig, 200, page_of(&rig, "103 102 101", "2026-11-21T17:00:00Z")), 0);
    assert_int_equal(rig.step.kind, STEP_PAGE);
    assert_true(rig.step.cursor.walking);
    assert_str(rig.step.cursor.low, "");
    rig_go_on(&rig);
    assert_has(rig.request.http.url, "max_id=101");

    assert_int_equal(rig_feed(&rig, 200, page_of(&rig, "100 99", "2026-11-21T16:45:00Z")), 0);
    rig_go_on(&rig);
    assert_has(rig.request.http.url, "max_id=99");

    assert_int_equal(rig_feed(&rig, 200, page_of(&rig, "98 97", "2026-11-21T12:00:00Z")), 0);
    assert_int_equal(rig.page.n_mentions, 0); /* too old */
    assert_int_equal(rig.step.kind, STEP_DONE);
    assert_str(rig.step.cursor.low, "103");
    assert_false(rig.step.cursor.walking);
    rig_finish(&rig);
}

static void test_search_rereads_its_overlap(void **state)
{
    struct rig rig;

    (void)state;
    rig_init(&rig, &source_mastodon, "query: acme\n",
             "instance: https://example.social\ntoken: ${TEST_MASTODON_TOKEN}\n");
    rig.at.low = STR("1795278600000"); /* 16:30; overlap 1 h: to 15:30 */
    assert_int_equal(rig_feed(&rig, 200, rig_fixture(&rig, "mastodon/search_page.json")), 0);
    assert_int_equal(rig.page.n_mentions, 2);
    assert_int_equal(rig.step.kind, STEP_PAGE);
    assert_str(rig.step.cursor.low, "1795278600000");
    assert_str(rig.step.cursor.next, "299");
    rig.at = rig.step.cursor;
    assert_int_equal(rig_feed(&rig, 200, STR("{\"statuses\":[]}")), 0);
    assert_int_equal(rig.step.kind, STEP_DONE);
    assert_str(rig.step.cursor.low, "1795281900000"); /* 17:25 */
    rig_finish(&rig);
}

/* ---- refusals ------------------------------------------------------------------------------ */

static void test_statuses_of_http(void **state)
{
    static const struct {
        int status;
        const char *body, *header, *value;
        enum step_kind want;
        int64_t want_wait_ms;
    } cases[] = {
        {206, "[]", NULL, NULL, STEP_RETRY, 0},
        {401, "{\"error\":\"x\"}", NULL, NULL, STEP_STOP, 0},
        {401, "", NULL, NULL, STEP_STOP, 0},
        {403, "{\"error\":\"x\"}", NULL, NULL, STEP_STOP, 0},
        {404, "{\"error\":\"Record not found\"}", NULL, NULL, STEP_DONE, 0},
        {404, "<h1>404 Not Found</h1>", NULL, NULL, STEP_STOP, 0},
        {404, "", NULL, NULL, STEP_STOP, 0},
        {404, " ", NULL, NULL, STEP_STOP, 0}, /* was read past its end */
        {410, "{}", NULL, NULL, STEP_STOP, 0},
        {422, "{}", NULL, NULL, STEP_STOP, 0},
        {429, "{}", "X-RateLimit-Reset", "2026-11-21T17:31:00.5Z", STEP_WAIT, 60500},
        {429, "{}", "X-RateLimit-Reset", "1795282230", STEP_WAIT, 30000},
        {429, "{}", "Retry-After", "7", STEP_WAIT, 7000},
        {429, "{}", NULL, NULL, STEP_WAIT, 300000},
        {500, "oops", NULL, NULL, STEP_RETRY, 0},
        {503, "<html></html>", NULL, NULL, STEP_RETRY, 0},
        {200, "<html>maintenance</html>", NULL, NULL, STEP_RETRY, 0},
        {302, "", NULL, NULL, STEP_STOP, 0},
    };
    struct rig rig;

    (void)state;
    start_tags(&rig);
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        if (cases[i].header)
            rig_header(&rig, cases[i].header, cases[i].value);
        assert_int_equal(rig_feed(&rig, cases[i].status, str_from(cases[i].body)), 0);
        assert_int_equal(rig.step.kind, cases[i].want);
        assert_int_equal(rig.step.wait_ms, cases[i].want_wait_ms);
        assert_int_equal(rig.page.n_mentions, 0);
        assert_true(rig.step.kind == STEP_DONE || rig.step.reason.len > 0);
    }
    rig_finish(&rig);
}

static void test_wrong_shapes_are_errors(void **state)
{
    static const char *const bodies[] = {"", "{}", "[{\"id\":\"1\"", "\"text\"", "nonsense"};
    struct rig rig;

    (void)state;
    start_tags(&rig);
    for (size_t i = 0; i < ARRAY_LEN(bodies); i++)
        assert_int_equal(rig_feed(&rig, 200, str_from(bodies[i])), -EBADMSG);
    rig_finish(&rig);
}

/* ---- mentions, public timelines, look-ups ---------------------------------------------------- */

static void start_with_account(struct rig *rig, const char *options)
{
    setenv("TEST_MASTODON_TOKEN", "t0ken", 1);
    rig_init(rig, &source_mastodon, options,
             "instance: https://example.social\ntoken: ${TEST_MASTODON_TOKEN}\n");
    rig->at.low = STR("34975800");
    rig_prepare(rig);
}

static void test_mentions_of_the_account(void **state)
{
    struct rig rig;
    const struct mention *m;

    (void)state;
    start_with_account(&rig, "look: mentions\n");
    assert_str(rig.request.http.url,
               "https://example.social/api/v1/notifications?types%5B%5D=mention&limit=40&min_id=34975800");
    assert_str(str_from(rig.request.endpoint), "notifications");
    assert_int_equal(rig_feed(&rig, 200, rig_fixture(&rig, "mastodon/notifications.json")), 0);
    assert_int_equal(rig.page.n_mentions, 2);
    assert_int_equal(rig.page.skipped, 2); /* the direct one, and the one without its status */
    assert_page_sound(&rig);
    m = &rig.page.mentions[0];
    assert_str(m->id, "mastodon:https://example.social/users/ana/statuses/117020593741189900");
    assert_str(m->url, "https://example.social/users/ana/statuses/117020593741189900");
    assert_str(m->text, "St\xC3\xB6rung & \xC3\x84rger\n\n@acme geht nicht \xF0\x9F\x94\xA5");
    assert_str(m->named[0], "acme@example.social");
    assert_str(rig.page.mentions[1].text, "Error 500 on acme.example\nacme is down\nonly for me");
    assert_int_equal(rig.step.kind, STEP_PAGE);
    assert_str(rig.step.cursor.low, "34975862"); /* the notification's id, not the status's */
    rig_finish(&rig);

    start_with_account(&rig, "look: mentions\nprivate_posts: true\n");
    assert_int_equal(rig_feed(&rig, 200, rig_fixture(&rig, "mastodon/notifications.json")), 0);
    assert_int_equal(rig.page.n_mentions, 3);
    rig_finish(&rig);
}

static void test_public_timelines(void **state)
{
    struct rig rig;
    struct settings settings = {0};

    (void)state;
    rig_init(&rig, &source_mastodon, "instance: https://example.social\nlook: public\n", NULL);
    settings.doc = rig.docs[0];
    rig_prepare(&rig);
    assert_str(rig.request.http.url, "https://example.social/api/v1/timelines/public?limit=40");
    assert_true(source_mastodon.check(&rig.src, &settings, &rig.diag));
    assert_false(rig.src.unfiltered);
    rig_finish(&rig);
    rig_init(&rig, &source_mastodon, "instance: https://example.social\nlook: local\n", NULL);
    rig.at.low = STR("5");
    rig_prepare(&rig);
    assert_str(rig.request.http.url,
               "https://example.social/api/v1/timelines/public?local=true&limit=40&min_id=5");
    assert_int_equal(rig_feed(&rig, 422, STR("{\"error\":\"This method requires an authenticated user\"}")),
                     0);
    assert_int_equal(rig.step.kind, STEP_STOP);
    rig_finish(&rig);
}

static void test_ways_to_look_are_checked(void **state)
{
    static const struct {
        const char *options;
        const char *says; /* NULL: right */
    } cases[] = {
        {"instance: https://e.example\nhashtags: [a]\n", NULL},
        {"instance: https://e.example\n", "say where to look"},
        {"instance: https://e.example\nhashtags: [a]\nlook: public\n", "say where to look"},
        {"instance: https://e.example\nlook: mentions\n", "needs an account"},
        {"instance: https://e.example\nlook: local\nprivate_posts: true\n", "goes with look: mentions"},
        {"look: local\n", "instance is missing"},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct settings settings = {0};
        struct rig rig;

        rig_init(&rig, &source_mastodon, cases[i].options, NULL);
        settings.doc = rig.docs[0];
        assert_int_equal(source_mastodon.check(&rig.src, &settings, &rig.diag), !cases[i].says);
        if (cases[i].says)
            assert_has(str_from(rig.diag.items[0].text), cases[i].says);
        rig_finish(&rig);
    }
}

static void look_up(struct rig *rig, int status, const char *body)
{
    const struct str id = STR("mastodon:https://example.social/users/ana/statuses/7"),
                     native = STR("example.social/7");
    const struct source_lookup asked = {&id, &native, 1};

    assert_int_equal(source_mastodon.lookup(&rig->src, &asked, &rig->arena, &rig->request, &rig->err), 0);
    assert_str(rig->request.http.url, "https://example.social/api/v1/statuses/7");
    rig->http.status = status;
    rig->http.body = str_from(body);
    rig->reply = (struct source_reply){.http = &rig->http, .body = rig->http.body, .received_at_ms = RIG_NOW};
    rig->page = (struct source_page){.arena = &rig->arena};
    assert_int_equal(
        source_mastodon.parse_lookup(&rig->src, &asked, &rig->reply, &rig->page, &rig->step, &rig->err), 0);
}

static void test_lookups_find_edits_and_deletions(void **state)
{
    static const struct str strange = STR("other.example/7"), id = STR("mastodon:x");
    const struct source_lookup asked = {&id, &strange, 1};
    struct rig rig;

    (void)state;
    start_tags(&rig);
    look_up(
        &rig, 200,
        "{\"id\":\"7\",\"uri\":\"https://example.social/users/ana/statuses/7\",\"content\":\"<p>acme, now "
        "different</p>\",\"edited_at\":\"2026-11-21T17:00:00.000Z\",\"created_at\":\"2026-11-21T16:00:00Z\","
        "\"account\":{\"acct\":\"ana\"},\"visibility\":\"public\"}");
    assert_int_equal(rig.page.n_mentions, 1);
    assert_str(rig.page.mentions[0].text, "acme, now different");
    assert_int_equal(rig.page.mentions[0].edited_at_ms, 1795280400000);
    assert_int_equal(rig.step.kind, STEP_DONE);
    look_up(&rig, 404, "{\"error\":\"Record not found\"}");
    assert_int_equal(rig.page.n_gone, 1);
    assert_str(rig.page.gone[0], "mastodon:https://example.social/users/ana/statuses/7");
    look_up(&rig, 404, "<html>a proxy's page</html>"); /* says nothing about the status */
    assert_int_equal(rig.page.n_gone, 0);
    assert_int_equal(rig.step.kind, STEP_STOP);
    look_up(&rig, 429, "{}");
    assert_int_equal(rig.step.kind, STEP_WAIT);
    assert_true(source_mastodon.lookup(&rig.src, &asked, &rig.arena, &rig.request, &rig.err) < 0);
    rig_finish(&rig);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_requests),
        cmocka_unit_test(test_search_sends_its_token_as_a_secret_header),
        cmocka_unit_test(test_statuses_become_mentions),
        cmocka_unit_test(test_odd_statuses),
        cmocka_unit_test(test_broken_characters_cost_nobody_a_page),
        cmocka_unit_test(test_forward_until_empty),
        cmocka_unit_test(test_first_run_is_one_page),
        cmocka_unit_test(test_first_run_goes_back_as_far_as_asked),
        cmocka_unit_test(test_search_rereads_its_overlap),
        cmocka_unit_test(test_statuses_of_http),
        cmocka_unit_test(test_mentions_of_the_account),
        cmocka_unit_test(test_public_timelines),
        cmocka_unit_test(test_ways_to_look_are_checked),
        cmocka_unit_test(test_lookups_find_edits_and_deletions),
        cmocka_unit_test(test_wrong_shapes_are_errors),
    };

    json_init();
    return cmocka_run_group_tests_name("source_mastodon", tests, NULL, NULL);
}
