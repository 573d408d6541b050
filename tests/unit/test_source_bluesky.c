/* bluesky: sessions and what ends them, walking search pages, posts as mentions. */
#include "source_rig.h"

extern const struct source_driver source_bluesky;

#define EXPIRED "{\"error\":\"ExpiredToken\",\"message\":\"Token has expired\"}"

static void start(struct rig *rig)
{
    setenv("TEST_BSKY_PASSWORD", "abcd-\"quoted\"", 1);
    rig_init(rig, &source_bluesky, "query: 'acme \"not loading\"'\n",
             "identifier: brand.example\npassword: ${TEST_BSKY_PASSWORD}\nservice: https://entry.example\n");
    rig_prepare(rig);
}

/* As the poller: the new session is kept and the same cursor prepared again. */
static void log_in(struct rig *rig)
{
    assert_int_equal(rig->step.kind, STEP_LOGIN);
    assert_true(rig->step.session.len > 0 && rig->step.session.len <= SOURCE_SESSION_MAX);
    rig->account.session = rig->step.session;
    rig_prepare(rig);
}

static struct str header_of(const struct rig *rig, const char *name)
{
    for (size_t i = 0; i < rig->request.http.n_headers; i++) {
        if (str_eq(rig->request.http.headers[i].name, str_from(name)))
            return rig->request.http.headers[i].value;
    }
    return STR("");
}

static void start_with_session(struct rig *rig)
{
    start(rig);
    rig_feed(rig, 200, rig_fixture(rig, "bluesky/session.json"));
    log_in(rig);
}

/* Sets the age of the session's tokens. */
static void age_session(struct rig *rig, int64_t age_ms)
{
    struct str s = rig->account.session;
    size_t at = str_find(s, STR("\"obtained_at\":"));

    rig->account.session = arena_printf(&rig->arena, "%.*s\"obtained_at\":%lld}", (int)at, s.s,
                                        (long long)(RIG_NOW - age_ms));
    rig_prepare(rig);
}

static void test_first_login(void **state)
{
    struct rig rig;

    (void)state;
    start(&rig);
    assert_true(rig.request.login);
    assert_string_equal(rig.request.http.method, "POST");
    assert_string_equal(rig.request.endpoint, "createSession");
    assert_str(rig.request.http.url, "https://entry.example/xrpc/com.atproto.server.createSession");
    assert_str(rig.request.http.body,
               "{\"identifier\":\"brand.example\",\"password\":\"abcd-\\\"quoted\\\"\"}");

    assert_int_equal(rig_feed(&rig, 200, rig_fixture(&rig, "bluesky/session.json")), 0);
    log_in(&rig);
    assert_false(rig.request.login);
    assert_str(rig.request.http.url, "https://pds.example/xrpc/app.bsky.feed.searchPosts"
                                     "?q=acme%20%22not%20loading%22&sort=latest&limit=100");
    assert_str(header_of(&rig, "Authorization"), "Bearer access.two");
    for (size_t i = 0; i < rig.request.http.n_headers; i++)
        assert_true(rig.request.headers[i].secret ||
                    !str_eq(rig.request.headers[i].name, STR("Authorization")));
    rig_finish(&rig);
}

static void test_expired_token_is_refreshed(void **state)
{
    struct rig rig;

    (void)state;
    start_with_session(&rig);
    age_session(&rig, 2 * 3600 * 1000);
    assert_int_equal(rig_feed(&rig, 400, STR(EXPIRED)), 0);
    log_in(&rig);
    assert_string_equal(rig.request.endpoint, "refreshSession");
    assert_true(rig.request.login);
    assert_str(rig.request.http.url, "https://pds.example/xrpc/com.atproto.server.refreshSession");
    assert_str(header_of(&rig, "Authorization"), "Bearer refresh.two");
    assert_true(rig.request.http.has_body);
    assert_int_equal(rig.request.http.body.len, 0);

    assert_int_equal(rig_feed(&rig, 200, STR("{\"accessJwt\":\"a3\",\"refreshJwt\":\"r3\",\"did\":\"d\"}")),
                     0);
    log_in(&rig);
    assert_str(header_of(&rig, "Authorization"), "Bearer a3");
    assert_has(rig.request.http.url, "https://pds.example/"); /* kept, as this reply had no document */

    /* refused at once again: one new session, and if that is refused too: people */
    assert_int_equal(rig_feed(&rig, 400, STR(EXPIRED)), 0);
    log_in(&rig);
    assert_string_equal(rig.request.endpoint, "createSession");
    assert_int_equal(rig_feed(&rig, 200, rig_fixture(&rig, "bluesky/session.json")), 0);
    log_in(&rig);
    assert_int_equal(rig_feed(&rig, 401, STR("{\"error\":\"AuthMissing\"}")), 0);
    assert_int_equal(rig.step.kind, STEP_STOP);
    rig_finish(&rig);
}

/* A server may drop a session minutes after it gave it: a refresh is still tried before anything else. */
static void test_a_fresh_session_is_refreshed_first(void **state)
{
    struct rig rig;

    (void)state;
    start_with_session(&rig);
    assert_int_equal(rig_feed(&rig, 400, STR(EXPIRED)), 0);
    log_in(&rig);
    assert_string_equal(rig.request.endpoint, "refreshSession");

    /* the refresh is refused: a new session, and the last one */
    assert_int_equal(rig_feed(&rig, 400, STR(EXPIRED)), 0);
    log_in(&rig);
    assert_string_equal(rig.request.endpoint, "createSession");
    assert_int_equal(rig_feed(&rig, 200, rig_fixture(&rig, "bluesky/session.json")), 0);
    log_in(&rig);
    assert_int_equal(rig_feed(&rig, 400, STR(EXPIRED)), 0);
    assert_int_equal(rig.step.kind, STEP_STOP);
    rig_finish(&rig);
}

static void test_a_session_that_works_for_long_is_refreshed_again(void **state)
{
    struct rig rig;

    (void)state;
    start_with_session(&rig);
    for (int i = 0; i < 5; i++) {
        age_session(&rig, 2 * 3600 * 1000);
        assert_int_equal(rig_feed(&rig, 400, STR(EXPIRED)), 0);
        log_in(&rig);
        assert_string_equal(rig.request.endpoint, "refreshSession");
        assert_int_equal(rig_feed(&rig, 200, rig_fixture(&rig, "bluesky/session.json")), 0);
        log_in(&rig);
        assert_string_equal(rig.request.endpoint, "search");
    }
    rig_finish(&rig);
}

static void test_login_refusals(void **state)
{
    static const struct {
        bool refreshing;
        int status;
        const char *body;
        enum step_kind want;
    } cases[] = {
        {true, 400, EXPIRED, STEP_LOGIN},
        {true, 400, "{\"error\":\"InvalidToken\"}", STEP_LOGIN},
        {true, 401, "{}", STEP_LOGIN},
        {true, 400, "{\"error\":\"AccountTakedown\"}", STEP_STOP},
        {true, 429, "{}", STEP_WAIT},
        {true, 502, "<html>", STEP_RETRY},
        {false, 401, "{\"error\":\"AuthenticationRequired\",\"message\":\"Invalid identifier or password\"}",
         STEP_STOP},
        {false, 401, "{\"error\":\"AuthFactorTokenRequired\"}", STEP_STOP},
        {false, 400, "<html>", STEP_STOP},
        {false, 429, "{\"error\":\"RateLimitExceeded\"}", STEP_WAIT},
        {false, 200, "{\"accessJwt\":\"a\",\"refreshJwt\":\"b\",\"active\":false}", STEP_STOP},
        {false, 200, "<html>", STEP_RETRY},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct rig rig;

        start_with_session(&rig);
        if (cases[i].refreshing) {
            age_session(&rig, 2 * 3600 * 1000);
            assert_int_equal(rig_feed(&rig, 400, STR(EXPIRED)), 0);
            log_in(&rig);
        } else {
            rig.account.session = STR("");
            rig_prepare(&rig);
        }
        assert_int_equal(rig_feed(&rig, cases[i].status, str_from(cases[i].body)), 0);
        assert_int_equal(rig.step.kind, cases[i].want);
        assert_lacks(rig.step.reason, "abcd");
        rig_finish(&rig);
    }
}

static void test_odd_sessions(void **state)
{
    static const char *const sessions[] = {"nonsense", "[]", "{}", "{\"state\":\"ready\"}",
                                           "{\"state\":\"refresh\",\"accessJwt\":\"a\"}", "<html>"};
    struct rig rig;

    (void)state;
    start(&rig);
    for (size_t i = 0; i < ARRAY_LEN(sessions); i++) {
        rig.account.session = str_from(sessions[i]);
        rig_prepare(&rig);
        assert_string_equal(rig.request.endpoint, "createSession");
    }
    assert_int_equal(rig_feed(&rig, 200, STR("{\"did\":\"d\"}")), -EBADMSG);
    rig_finish(&rig);
}

/* A plain-HTTP server in the DID document would get the tokens in the clear. */
static void test_plain_pds_is_not_trusted(void **state)
{
    struct rig rig;

    (void)state;
    start(&rig);
    assert_int_equal(rig_feed(&rig, 200,
                              STR("{\"accessJwt\":\"a\",\"refreshJwt\":\"b\",\"didDoc\":{\"service\":[{"
                                  "\"id\":\"#atproto_pds\",\"serviceEndpoint\":"
                                  "\"http://pds.example\"}]}}")),
                     0);
    log_in(&rig);
    assert_has(rig.request.http.url, "https://entry.example/");
    rig_finish(&rig);
}

static void test_posts_become_mentions(void **state)
{
    struct rig rig;
    const struct mention *m;

    (void)state;
    start_with_session(&rig);
    rig.at.low = STR("1795281000000");
    assert_int_equal(rig_feed(&rig, 200, rig_fixture(&rig, "bluesky/search_page.json")), 0);
    assert_int_equal(rig.page.n_mentions, 6);
    assert_int_equal(rig.page.skipped, 2);

    m = &rig.page.mentions[0];
    assert_str(m->id, "bluesky:at://did:plc:ana/app.bsky.feed.post/k1");
    assert_str(m->url, "https://bsky.app/profile/did:plc:ana/post/k1");
    assert_str(m->text, "\xF0\x9F\x98\xA1\xF0\x9F\x98\xA1 @acme.example nothing loads, see "
                        "https://status.acme.example/incidents/42 and click here");
    assert_int_equal(m->n_named, 2);
    assert_str(m->named[0], "did:plc:acme");
    assert_str(m->named[1], "acme.example");
    assert_str(m->author.id, "did:plc:ana");
    assert_str(m->author.handle, "ana.example");
    assert_str(m->author.name, "Ana \xF0\x9F\x90\xB1");
    assert_int_equal(m->likes, 3);
    assert_int_equal(m->shares, 2);
    assert_str(m->lang, "en");

    m = &rig.page.mentions[1];
    assert_str(m->in_reply_to, "at://did:plc:acme/app.bsky.feed.post/p");
    assert_str(m->in_reply_to_author, "did:plc:acme");
    assert_str(m->conversation, "at://did:plc:cy/app.bsky.feed.post/r");
    assert_int_equal(m->created_at_ms, 1795281540000);
    assert_str(m->lang, "de");
    assert_true(m->author.verified);

    m = &rig.page.mentions[2];
    assert_int_equal(m->created_at_ms, 1795281480000);
    assert_int_equal(m->claimed_created_at_ms, 1924992000000);
    assert_str(rig.page.mentions[3].text, "look\nAcme status\nAll good");
    assert_str(rig.page.mentions[4].text, "Acme app: error 503");
    assert_true(rig.page.mentions[4].sensitive);
    assert_str(rig.page.mentions[5].text, "quote of others");
    assert_page_sound(&rig);
    rig_finish(&rig);
}

static void test_card_beside_a_quote(void **state)
{
    static const char page[] =
        "{\"posts\":[{\"uri\":\"at://did:plc:a/app.bsky.feed.post/1\",\"author\":{\"did\":\"did:plc:a\"},"
        "\"indexedAt\":\"2026-11-21T17:20:00Z\",\"record\":{\"text\":\"read this\","
        "\"createdAt\":\"2026-11-21T17:20:00Z\"},\"embed\":{\"$type\":\"app.bsky.embed.recordWithMedia#"
        "view\","
        "\"media\":{\"external\":{\"title\":\"Acme is down\",\"description\":\"Since noon\"}}}}]}";
    struct rig rig;

    (void)state;
    start_with_session(&rig);
    rig.at.low = STR("1795280400000");
    assert_int_equal(rig_feed(&rig, 200, STR(page)), 0);
    assert_str(rig.page.mentions[0].text, "read this\nAcme is down\nSince noon");
    rig_finish(&rig);
}

static struct str page_of(struct rig *rig, const char *created_at, const char *cursor)
{
    return arena_printf(
        &rig->arena,
        "{\"posts\":[{\"uri\":\"at://did:plc:a/app.bsky.feed.post/%zu\",\"author\":{\"did\":"
        "\"did:plc:a\"},\"indexedAt\":\"%s\",\"record\":{\"text\":\"x\",\"createdAt\":\"%s\"}}]%s%s%s}",
        rig->arena.used, created_at, created_at, *cursor ? ",\"cursor\":\"" : "", cursor,
        *cursor ? "\"" : "");
}

static void test_walk_until_the_overlap_is_behind(void **state)
{
    struct rig rig;

    (void)state;
    start_with_session(&rig);
    rig.at.low = STR("1795280400000"); /* 17:00; with the overlap to 16:00 */
    assert_int_equal(rig_feed(&rig, 200, page_of(&rig, "2026-11-21T17:20:00Z", "c&1")), 0);
    assert_int_equal(rig.step.kind, STEP_PAGE);
    assert_str(rig.step.cursor.low, "1795280400000");
    rig_go_on(&rig);
    assert_has(rig.request.http.url, "&cursor=c%261");

    assert_int_equal(rig_feed(&rig, 200, page_of(&rig, "2026-11-21T16:30:00Z", "c2")), 0);
    rig_go_on(&rig);
    assert_int_equal(rig_feed(&rig, 200, STR("{\"posts\":[],\"cursor\":\"c3\"}")), 0); /* empty is not the end */
    rig_go_on(&rig);
    assert_int_equal(rig_feed(&rig, 200, page_of(&rig, "2026-11-21T15:59:59Z", "c4")), 0);
    assert_int_equal(rig.step.kind, STEP_DONE);
    assert_int_equal(rig.page.n_mentions, 0);
    assert_str(rig.step.cursor.low, "1795281600000"); /* 17:20 */
    assert_false(rig.step.gap);
    rig_finish(&rig);
}

static void test_ends_of_a_walk(void **state)
{
    struct rig rig;

    (void)state;
    start_with_session(&rig);
    rig.at.low = STR("1795280400000");
    assert_int_equal(rig_feed(&rig, 200, page_of(&rig, "2026-11-21T17:20:00Z", "")), 0);
    assert_int_equal(rig.step.kind, STEP_DONE); /* no cursor */

    assert_int_equal(rig_feed(&rig, 200, page_of(&rig, "2026-11-21T17:20:00Z", "same")), 0);
    rig_go_on(&rig);
    assert_int_equal(rig_feed(&rig, 200, page_of(&rig, "2026-11-21T17:19:00Z", "same")), 0);
    assert_int_equal(rig.step.kind, STEP_PAGE); /* the same page again: asked once more */
    assert_false(rig.step.gap);
    rig_go_on(&rig);
    assert_int_equal(rig_feed(&rig, 200, page_of(&rig, "2026-11-21T17:19:00Z", "same")), 0);
    assert_int_equal(rig.step.kind, STEP_DONE);
    assert_true(rig.step.gap);

    /* a network cursor that expired while we were away: from the newest again, nothing is given
     * up */
    assert_int_equal(rig_feed(&rig, 400, STR("{\"error\":\"InvalidRequest\"}")), 0);
    assert_int_equal(rig.step.kind, STEP_DONE);
    assert_str(rig.step.cursor.low, "1795280400000");
    assert_false(rig.step.cursor.walking);

    rig.at = (struct source_cursor){0}; /* first run: one page */
    assert_int_equal(rig_feed(&rig, 200, page_of(&rig, "2019-01-01T00:00:00Z", "more")), 0);
    assert_int_equal(rig.step.kind, STEP_DONE);
    assert_int_equal(rig.page.n_mentions, 1);
    assert_true(rig.page.mentions[0].backfill);
    rig_finish(&rig);
}

static void test_refusals(void **state)
{
    static const struct {
        int status;
        const char *body, *header, *value;
        enum step_kind want;
        int64_t want_wait_ms;
    } cases[] = {
        {400, "{\"error\":\"InvalidRequest\",\"message\":\"q\"}", NULL, NULL, STEP_STOP, 0},
        {403, "<html><body>Request forbidden</body></html>", NULL, NULL, STEP_STOP, 0},
        {429, "{\"error\":\"RateLimitExceeded\"}", "retry-after", "12", STEP_WAIT, 12000},
        {429, "{\"error\":\"RateLimitExceeded\"}", "RateLimit-Reset", "1795282245", STEP_WAIT, 45000},
        {429, "{\"error\":\"RateLimitExceeded\"}", NULL, NULL, STEP_WAIT, 0},
        {500, "{\"error\":\"InternalServerError\"}", NULL, NULL, STEP_RETRY, 0},
        {502, "{\"error\":\"UpstreamFailure\"}", NULL, NULL, STEP_RETRY, 0},
        {501, "{\"error\":\"MethodNotImplemented\"}", NULL, NULL, STEP_STOP, 0},
        {200, "<html>", NULL, NULL, STEP_RETRY, 0},
    };
    struct rig rig;

    (void)state;
    start_with_session(&rig);
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        if (cases[i].header)
            rig_header(&rig, cases[i].header, cases[i].value);
        assert_int_equal(rig_feed(&rig, cases[i].status, str_from(cases[i].body)), 0);
        assert_int_equal(rig.step.kind, cases[i].want);
        assert_int_equal(rig.step.wait_ms, cases[i].want_wait_ms);
    }
    assert_int_equal(rig_feed(&rig, 200, STR("{\"posts\":7}")), -EBADMSG);
    assert_int_equal(rig_feed(&rig, 200, STR("[]")), -EBADMSG);
    rig_finish(&rig);
}

/* ---- notifications, look-ups ----------------------------------------------------------------- */

static void start_with_mentions(struct rig *rig)
{
    setenv("TEST_BSKY_PASSWORD", "x", 1);
    rig_init(rig, &source_bluesky, "look: mentions\n",
             "identifier: brand.example\npassword: ${TEST_BSKY_PASSWORD}\nservice: https://entry.example\n");
    rig->account.session =
        STR("{\"state\":\"ready\",\"accessJwt\":\"a\",\"refreshJwt\":\"r\",\"did\":\"did:plc:brand\","
            "\"handle\":\"brand.example\"}");
    rig->at.low = STR("1795281000000");
    rig_prepare(rig);
}

static void test_notifications_become_mentions(void **state)
{
    struct rig rig;
    const struct mention *m;

    (void)state;
    start_with_mentions(&rig);
    assert_str(rig.request.http.url, "https://entry.example/xrpc/app.bsky.notification.listNotifications"
                                     "?reasons=mention&reasons=reply&reasons=quote&limit=100");
    assert_int_equal(rig_feed(&rig, 200, rig_fixture(&rig, "bluesky/notifications.json")), 0);
    assert_int_equal(rig.page.n_mentions, 3); /* no like, nothing that we do not know */
    assert_int_equal(rig.page.skipped, 1);
    assert_page_sound(&rig);
    m = &rig.page.mentions[0];
    assert_str(m->text, "\xF0\x9F\x94\xA5 still down &amp; <b>"); /* no HTML here */
    assert_str(m->in_reply_to_author, "brand.example"); /* listed by handle, told by DID */
    assert_str(m->named[0], "did:plc:brand");
    assert_str(m->named[1], "brand.example");
    m = &rig.page.mentions[1];
    assert_str(m->text, "\xF0\x9F\x9A\xA8 @brand.example hilf");
    assert_int_equal(m->n_named, 2); /* the facet beyond the text names nobody */
    assert_int_equal(rig.step.kind, STEP_PAGE); /* dated 2019, but indexed now: it ends no walk */
    assert_str(rig.step.cursor.high, "1795281600000");
    rig_go_on(&rig);
    assert_has(rig.request.http.url, "&cursor=2026-11-21T17%3A15%3A00.000Z");
    assert_int_equal(rig_feed(&rig, 200, STR("{\"notifications\":[],\"cursor\":\"x\"}")), 0);
    assert_int_equal(rig.step.kind, STEP_PAGE); /* empty, yet not the end */
    rig_go_on(&rig);
    assert_int_equal(rig_feed(&rig, 200, STR("{\"notifications\":[]}")), 0);
    assert_int_equal(rig.step.kind, STEP_DONE);
    assert_str(rig.step.cursor.low, "1795281600000");
    rig_finish(&rig);
}

static void test_a_way_to_look_is_needed(void **state)
{
    static const char *const wrong[] = {"{}", "look: mentions\nquery: acme\n"};

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(wrong); i++) {
        struct settings settings = {0};
        struct rig rig;

        rig_init(&rig, &source_bluesky, wrong[i], NULL);
        settings.doc = rig.docs[0];
        assert_false(source_bluesky.check(&rig.src, &settings, &rig.diag));
        assert_has(str_from(rig.diag.items[0].text), "query");
        rig_finish(&rig);
    }
}

static void test_lookups_find_deletions(void **state)
{
    const struct str ids[] = {STR("bluesky:at://did:plc:ana/app.bsky.feed.post/1"),
                              STR("bluesky:at://x/y/2")};
    const struct str natives[] = {STR(""), STR("")};
    const struct source_lookup asked = {ids, natives, 2};
    struct rig rig;

    (void)state;
    start_with_mentions(&rig);
    assert_int_equal(source_bluesky.lookup(&rig.src, &asked, &rig.arena, &rig.request, &rig.err), 0);
    assert_str(rig.request.http.url,
               "https://entry.example/xrpc/app.bsky.feed.getPosts"
               "?uris=at%3A%2F%2Fdid%3Aplc%3Aana%2Fapp.bsky.feed.post%2F1&uris=at%3A%2F%2Fx%2Fy%2F2");
    rig.reply = (struct source_reply){.http = &rig.http, .received_at_ms = RIG_NOW};
    rig.page = (struct source_page){.arena = &rig.arena};
    rig.http.status = 200;
    rig.reply.body = STR(
        "{\"posts\":[{\"uri\":\"at://did:plc:ana/app.bsky.feed.post/1\",\"author\":{\"did\":\"did:plc:ana\"},"
        "\"record\":{\"text\":\"acme\"},\"likeCount\":7}]}");
    assert_int_equal(
        source_bluesky.parse_lookup(&rig.src, &asked, &rig.reply, &rig.page, &rig.step, &rig.err), 0);
    assert_int_equal(rig.page.n_mentions, 1);
    assert_int_equal(rig.page.mentions[0].likes, 7);
    assert_int_equal(rig.page.n_gone, 1);
    assert_str(rig.page.gone[0], "bluesky:at://x/y/2");

    rig.page = (struct source_page){.arena = &rig.arena};
    rig.http.status = 400;
    rig.reply.body = STR(EXPIRED);
    assert_int_equal(
        source_bluesky.parse_lookup(&rig.src, &asked, &rig.reply, &rig.page, &rig.step, &rig.err), 0);
    assert_int_equal(rig.step.kind, STEP_LOGIN); /* and nobody is gone */
    assert_int_equal(rig.page.n_gone, 0);
    rig.account.session = rig.step.session;
    assert_int_equal(source_bluesky.lookup(&rig.src, &asked, &rig.arena, &rig.request, &rig.err), 0);
    assert_true(rig.request.login);
    rig_finish(&rig);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_first_login),
        cmocka_unit_test(test_expired_token_is_refreshed),
        cmocka_unit_test(test_a_fresh_session_is_refreshed_first),
        cmocka_unit_test(test_a_session_that_works_for_long_is_refreshed_again),
        cmocka_unit_test(test_login_refusals),
        cmocka_unit_test(test_odd_sessions),
        cmocka_unit_test(test_plain_pds_is_not_trusted),
        cmocka_unit_test(test_posts_become_mentions),
        cmocka_unit_test(test_card_beside_a_quote),
        cmocka_unit_test(test_walk_until_the_overlap_is_behind),
        cmocka_unit_test(test_ends_of_a_walk),
        cmocka_unit_test(test_refusals),
        cmocka_unit_test(test_notifications_become_mentions),
        cmocka_unit_test(test_a_way_to_look_is_needed),
        cmocka_unit_test(test_lookups_find_deletions),
    };

    json_init();
    return cmocka_run_group_tests_name("source_bluesky", tests, NULL, NULL);
}
