/* youtube: the day's units and when it ends, searches that stop early, threads and their replies, items as
 * mentions. */
#include "source_rig.h"

#include "sources/youtube.h"

extern const struct source_driver source_youtube;

#define LOW "1795280000000" /* 16:53:20 */
#define CHANNEL "UCabcdefghijklmnopqrstuv"
#define COMMENTS "comments_of: " CHANNEL "\n"

static void start(struct rig *rig, const char *options)
{
    setenv("TEST_YT_KEY", "k&1", 1);
    rig_init(rig, &source_youtube, options, "key: ${TEST_YT_KEY}\n");
    rig->at.low = STR(LOW);
    rig_prepare(rig);
}

static void test_requests(void **state)
{
    struct rig rig;

    (void)state;
    start(&rig, "query: acme|\"acme inc\"\n");
    assert_str(rig.request.http.url,
               "https://www.googleapis.com/youtube/v3/"
               "search?part=snippet&q=acme%7C%22acme%20inc%22&type=video&order=date"
               "&safeSearch=none&maxResults=50&publishedAfter=2026-11-20T16%3A53%3A20Z&key=k%261");
    assert_int_equal(rig.request.cost, 100);
    assert_string_equal(rig.request.endpoint, "search");
    rig_finish(&rig);

    start(&rig, COMMENTS "query: acme\n");
    assert_has(rig.request.http.url,
               "/commentThreads?part=snippet%2Creplies&allThreadsRelatedToChannelId=" CHANNEL
               "&searchTerms=acme&order=time&textFormat=plainText&maxResults=100&key=");
    assert_int_equal(rig.request.cost, 1);
    rig_finish(&rig);

    start(&rig, "comments_of: F1UP7wRCPH8\n");
    assert_has(rig.request.http.url, "&videoId=F1UP7wRCPH8&");
    rig_finish(&rig);
}

static void test_videos_become_mentions(void **state)
{
    const struct mention *m;
    struct rig rig;

    (void)state;
    start(&rig, "query: acme\n");
    assert_int_equal(rig_feed(&rig, 200, rig_fixture(&rig, "youtube/search.json")), 0);
    assert_int_equal(rig.page.n_mentions, 2);
    assert_int_equal(rig.page.skipped, 1);
    assert_page_sound(&rig);
    m = &rig.page.mentions[0];
    assert_str(m->id, "youtube:gQ_1zX-F_No");
    assert_str(m->url, "https://www.youtube.com/watch?v=gQ_1zX-F_No");
    assert_has(m->text, "Acme & me: \"it's down\" \xF0\x9F\x98\xA4\n\nNothing works");
    assert_str(m->author.id, "UCo_q6aOlvPH7M-j_XGWVgXg");
    assert_str(m->author.name, "Jamie O'B");
    assert_true(m->truncated);
    assert_str(m->kind, "video");
    m = &rig.page.mentions[1];
    assert_int_equal(m->created_at_ms, 1795278600123);
    assert_str(m->author.id, "[deleted]");
    assert_str(m->lang, "ja");

    /* the page reached what is stored: another one would be a search for the overlap */
    assert_int_equal(rig.step.kind, STEP_DONE);
    assert_str(rig.step.cursor.low, "1795280410000");
    rig_finish(&rig);
}

static void test_a_search_goes_on_while_all_is_new(void **state)
{
    struct rig rig;

    (void)state;
    start(&rig, "query: acme\n");
    rig.at.low = STR("1795270000000");
    rig_prepare(&rig);
    assert_int_equal(rig_feed(&rig, 200, rig_fixture(&rig, "youtube/search.json")), 0);
    assert_int_equal(rig.step.kind, STEP_PAGE);
    rig_go_on(&rig);
    assert_has(rig.request.http.url, "&pageToken=CBkQAA&");
    assert_int_equal(
        rig_feed(&rig, 400, STR("{\"error\":{\"code\":400,\"errors\":[{\"reason\":\"invalidPageToken\"}]}}")),
        0);
    assert_int_equal(rig.step.kind, STEP_DONE); /* anew */
    assert_str(rig.step.cursor.low, "1795270000000");

    rig.at = (struct source_cursor){.low = STR("1795270000000"),
                                    .walking = true,
                                    .high = STR("1795280410000"),
                                    .next = STR("498 tok"),
                                    .floor = STR("1795180000000")};
    rig_prepare(&rig);
    assert_int_equal(rig_feed(&rig, 200,
                              STR("{\"items\":[{\"id\":{\"videoId\":\"a\"},\"snippet\":{\"publishedAt\":"
                                  "\"2026-11-21T16:00:00Z\",\"title\":\"acme\"}},{},{}]}")),
                     0);
    assert_true(rig.step.gap); /* only 500 can be had */
    rig_finish(&rig);
}

static void test_comments_become_mentions(void **state)
{
    const struct mention *m;
    struct rig rig;

    (void)state;
    start(&rig, COMMENTS);
    assert_int_equal(rig_feed(&rig, 200, rig_fixture(&rig, "youtube/threads.json")), 0);
    assert_int_equal(rig.page.n_mentions, 3);
    assert_int_equal(rig.page.skipped, 1);
    assert_page_sound(&rig);
    m = &rig.page.mentions[0];
    assert_str(m->id, "youtube:Ugy1");
    assert_str(m->url, "https://www.youtube.com/watch?v=F1UP7wRCPH8&lc=Ugy1");
    assert_str(m->text, "acme & co <are> down");
    assert_str(m->author.handle, "ana.k");
    assert_str(m->author.id, "UCana");
    assert_int_equal(m->edited_at_ms - m->created_at_ms, 120000);
    assert_int_equal(m->likes, 3);
    assert_int_equal(m->replies, 9);
    m = &rig.page.mentions[1];
    assert_str(m->id, "youtube:Ugy1.91z");
    assert_str(m->text, "me too \xF0\x9F\x99\x8B");
    assert_str(m->conversation, "Ugy1");
    assert_str(m->in_reply_to, "Ugy1");
    assert_str(m->in_reply_to_author, "ana.k");
    assert_int_equal(m->likes, 2);
    assert_int_equal(m->edited_at_ms, 0);
    assert_str(rig.page.mentions[2].author.id, "[deleted]");
    assert_str(rig.page.mentions[2].url, "");
    rig_finish(&rig);
}

static void test_replies_are_asked_for(void **state)
{
    static const char replies[] =
        "{\"items\":[{\"id\":\"Ugy1.2\",\"snippet\":{\"authorDisplayName\":\"@d\",\"textDisplay\":"
        "\"still down\",\"parentId\":\"Ugy1\",\"publishedAt\":\"2026-11-21T17:20:00Z\"}},"
        "{\"id\":\"Ugy1.1\",\"snippet\":{\"textDisplay\":\"old\",\"publishedAt\":"
        "\"2026-11-01T17:20:00Z\"}}]}";
    struct rig rig;

    (void)state;
    start(&rig, COMMENTS);
    assert_int_equal(rig_feed(&rig, 200, rig_fixture(&rig, "youtube/threads.json")), 0);
    assert_int_equal(rig.step.kind, STEP_PAGE);
    assert_str(rig.step.cursor.next, "3 QURT Ugy1@F1UP7wRCPH8,Ugy3@F1UP7wRCPH8");
    rig_go_on(&rig);
    assert_has(rig.request.http.url,
               "/comments?part=snippet&parentId=Ugy1&textFormat=plainText&maxResults=100&key=");
    assert_string_equal(rig.request.endpoint, "comments");
    assert_int_equal(rig_feed(&rig, 200, str_from(replies)), 0);
    assert_int_equal(rig.page.n_mentions, 1);
    assert_str(rig.page.mentions[0].url, "https://www.youtube.com/watch?v=F1UP7wRCPH8&lc=Ugy1.2");
    assert_str(rig.page.mentions[0].conversation, "Ugy1");
    rig_go_on(&rig);
    assert_has(rig.request.http.url, "parentId=Ugy3&");
    assert_int_equal(rig_feed(&rig, 404, STR("{\"error\":{\"code\":404}}")), 0); /* deleted meanwhile */
    rig_go_on(&rig);
    assert_has(rig.request.http.url, "/commentThreads?");
    assert_has(rig.request.http.url, "&pageToken=QURT&");
    assert_int_equal(rig_feed(&rig, 200, STR("{\"items\":[]}")), 0);
    assert_int_equal(rig.step.kind, STEP_DONE);
    assert_str(rig.step.cursor.low, "1795281000000"); /* of threads, not replies */

    /* replies behind the last page */
    rig.at = (struct source_cursor){.low = STR(LOW), .walking = true, .high = STR("1795281000000"),
                                    .next = STR("3 - Ugy1@F1UP7wRCPH8"), .floor = STR("1795193600000")};
    rig_prepare(&rig);
    assert_int_equal(rig_feed(&rig, 200, str_from(replies)), 0);
    assert_int_equal(rig.step.kind, STEP_DONE);
    assert_str(rig.step.cursor.low, "1795281000000");
    rig_finish(&rig);
}

/* ---- refusals ------------------------------------------------------------------------------ */

#define ERROR(code, reason, message)                                                               \
    "{\"error\":{\"code\":" code ",\"message\":\"" message "\",\"errors\":[{\"reason\":\"" reason "\"}]}}"

static void test_refusals(void **state)
{
    static const int64_t until_midnight = (14 * 60 + 30) * 60 * 1000 + 30000; /* from 17:30 to 08:00 UTC */
    static const struct {
        int status;
        const char *body;
        enum step_kind kind;
        int64_t wait_ms;
        const char *reason;
    } cases[] = {
        {403, ERROR("403", "quotaExceeded", "You have exceeded your <a href=\\\"/q\\\">quota</a>."),
         STEP_WAIT, until_midnight, "quotaExceeded: You have exceeded your quota"},
        {429,
         ERROR("429", "rateLimitExceeded",
               "Quota exceeded for quota metric 'Search Queries' and limit 'Search Queries "
               "per day'"),
         STEP_WAIT, until_midnight, "per day"},
        {429, ERROR("429", "rateLimitExceeded", "limit 'Queries per minute'"), STEP_WAIT, 60000,
         "per minute"},
        {429, "{\"error\":{\"code\":429,\"status\":\"RESOURCE_EXHAUSTED\"}}", STEP_WAIT, 60000,
         "RESOURCE_EXHAUSTED"},
        {403, ERROR("403", "userRateLimitExceeded", ""), STEP_WAIT, 60000, "userRate"},
        {403, ERROR("403", "commentsDisabled", "no comments"), STEP_STOP, 0, "commentsDisabled"},
        {403, ERROR("403", "forbidden", "blocked"), STEP_STOP, 0, "blocked"},
        {400, ERROR("400", "keyInvalid", "Bad Request"), STEP_STOP, 0, "keyInvalid"},
        {400, ERROR("400", "processingFailure", ""), STEP_RETRY, 0, "processing"},
        {400, "{\"error\":\"invalid_grant\"}", STEP_STOP, 0, "invalid_grant"},
        {404, ERROR("404", "channelNotFound", "no"), STEP_STOP, 0, "channelNotFound"},
        {500, ERROR("500", "backendError", ""), STEP_RETRY, 0, "backendError"},
        {503, "", STEP_RETRY, 0, "503"},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct rig rig;

        start(&rig, "query: acme\n");
        assert_int_equal(rig_feed(&rig, cases[i].status, str_from(cases[i].body)), 0);
        assert_int_equal(rig.step.kind, cases[i].kind);
        assert_int_equal(rig.step.wait_ms, cases[i].wait_ms);
        assert_has(rig.step.reason, cases[i].reason);
        rig_finish(&rig);
    }
}

/* Pacific time is UTC-8, and UTC-7 from March's second Sunday to November's first. */
static void test_midnight(void **state)
{
    static const struct {
        const char *now, *midnight;
    } cases[] = {
        {"2026-11-21T17:30:00Z", "2026-11-22T08:00:00Z"}, {"2026-11-21T07:59:59Z", "2026-11-21T08:00:00Z"},
        {"2026-11-21T08:00:00Z", "2026-11-22T08:00:00Z"}, {"2026-07-01T06:59:00Z", "2026-07-01T07:00:00Z"},
        {"2026-07-01T07:00:00Z", "2026-07-02T07:00:00Z"}, {"2026-03-08T07:00:00Z", "2026-03-08T08:00:00Z"},
        {"2026-03-08T09:00:00Z", "2026-03-09T07:00:00Z"}, {"2026-03-08T12:00:00Z", "2026-03-09T07:00:00Z"},
        {"2026-11-01T06:00:00Z", "2026-11-01T07:00:00Z"}, {"2026-11-01T08:00:00Z", "2026-11-02T08:00:00Z"},
        {"2026-11-01T12:00:00Z", "2026-11-02T08:00:00Z"}, {"2027-03-14T12:00:00Z", "2027-03-15T07:00:00Z"},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        char iso[CLOCK_ISO_LEN + 1];
        int64_t now_ms = 0;

        assert_true(clock_parse_iso(str_from(cases[i].now), &now_ms));
        clock_format_iso(youtube_midnight_ms(now_ms), iso);
        assert_memory_equal(iso, cases[i].midnight, 19);
    }
}

static void test_odd_answers_are_errors(void **state)
{
    struct rig rig;

    (void)state;
    start(&rig, "query: acme\n");
    assert_int_equal(rig_feed(&rig, 200, STR("{\"error\":\"odd\"}")), -EBADMSG);
    assert_int_equal(rig_feed(&rig, 200, STR("{\"items\":[")), -EBADMSG);
    rig_finish(&rig);
}

static void test_lookup(void **state)
{
    const struct str ids[] = {STR("youtube:Ugy1"), STR("youtube:Ugy1.91z")};
    const struct str natives[] = {STR(""), STR("")};
    const struct source_lookup asked = {ids, natives, 2};
    struct rig rig;

    (void)state;
    start(&rig, COMMENTS);
    assert_int_equal(source_youtube.lookup(&rig.src, &asked, &rig.arena, &rig.request, &rig.err), 0);
    assert_has(rig.request.http.url, "/comments?part=snippet&textFormat=plainText&id=Ugy1%2CUgy1.91z&key=");
    rig.http.status = 200;
    rig.http.body = STR("{\"items\":[{\"id\":\"Ugy1\",\"snippet\":{}}]}");
    rig.reply = (struct source_reply){.http = &rig.http, .body = rig.http.body, .received_at_ms = RIG_NOW};
    rig.page = (struct source_page){.arena = &rig.arena};
    assert_int_equal(
        source_youtube.parse_lookup(&rig.src, &asked, &rig.reply, &rig.page, &rig.step, &rig.err), 0);
    assert_int_equal(rig.page.n_gone, 1);
    assert_str(rig.page.gone[0], "youtube:Ugy1.91z");
    rig_finish(&rig);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_requests),
        cmocka_unit_test(test_videos_become_mentions),
        cmocka_unit_test(test_a_search_goes_on_while_all_is_new),
        cmocka_unit_test(test_comments_become_mentions),
        cmocka_unit_test(test_replies_are_asked_for),
        cmocka_unit_test(test_refusals),
        cmocka_unit_test(test_midnight),
        cmocka_unit_test(test_odd_answers_are_errors),
        cmocka_unit_test(test_lookup),
    };

    json_init();
    return cmocka_run_group_tests_name("source_youtube", tests, NULL, NULL);
}
