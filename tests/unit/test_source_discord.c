/* discord: a channel walked back by ids, messages as people see them, refusals, look-ups. */
#include "source_rig.h"

extern const struct source_driver source_discord;

#define ACCOUNT "token: ${TEST_TOKEN}\napi: http://localhost:9/api/v10\ncontact: https://acme.example/bot\n"

static void start(struct rig *rig)
{
    setenv("TEST_TOKEN", "t0ken", 1);
    rig_init(rig, &source_discord, "guild: '10'\nchannel: '20'\n", ACCOUNT);
    rig->src.backfill_ms = 24 * 3600 * 1000;
    rig->at.low = STR("1441000000000000000");
    rig_prepare(rig);
}

static void test_request(void **state)
{
    struct rig rig;

    (void)state;
    start(&rig);
    assert_str(rig.request.http.url, "http://localhost:9/api/v10/channels/20/messages?limit=100");
    assert_str(rig.request.http.headers[1].value, "Bot t0ken");
    assert_true(rig.request.http.headers[1].secret);
    assert_has(rig.request.http.headers[2].value, "DiscordBot (https://acme.example/bot, ");
    assert_str(str_from(rig.request.endpoint), "messages 20");
    rig.at = (struct source_cursor){.walking = true, .next = STR("77"), .floor = STR("5")};
    rig_prepare(&rig);
    assert_has(rig.request.http.url, "?limit=100&before=77");
    rig_finish(&rig);
}

static void test_messages_become_mentions(void **state)
{
    struct rig rig;
    const struct mention *m;

    (void)state;
    start(&rig);
    assert_int_equal(rig_feed(&rig, 200, rig_fixture(&rig, "discord/messages.json")), 0);
    assert_int_equal(rig.page.n_mentions, 4);
    assert_int_equal(rig.page.skipped, 3);

    m = &rig.page.mentions[0];
    assert_str(m->id, "discord:1441500000000000003");
    assert_str(m->native, "20/1441500000000000003");
    assert_str(m->url, "https://discord.com/channels/10/20/1441500000000000003");
    assert_str(m->text, "@acme_care @99 #help :down: :fire: acme &amp; <b> \xE6\x97\xA5\xE6\x9C\xAC < 3");
    assert_str(m->author.name, "Mason \xF0\x9F\x94\xA5");
    assert_str(m->author.handle, "mason");
    assert_int_equal(m->author.created_at_ms, 1432923092486);
    assert_str(m->named[0], "acme_care");
    assert_str(m->in_reply_to, "1441499000000000000");
    assert_str(m->in_reply_to_author, "acme_care");
    assert_int_equal(m->likes, 3);
    assert_int_equal(m->created_at_ms, 1795281600299);
    assert_int_equal(m->edited_at_ms, 1795281660000);
    m = &rig.page.mentions[1];
    assert_str(m->text, "acme\nlogin is down\nsince 5");
    assert_str(m->author.id, "webhook:777");
    m = &rig.page.mentions[2];
    assert_str(m->text, "acme is great");
    assert_str(m->repost_of, "8");
    assert_str(m->in_reply_to, "");
    assert_str(m->author.name, "fwd");
    m = &rig.page.mentions[3]; /* a deleted author: refused with words, by mention_check() */
    assert_str(m->id, "discord:1441499999999999999");
    assert_str(m->in_reply_to, "7");
    assert_str(m->in_reply_to_author, "");
    rig_finish(&rig);
}

/* `n` messages with falling ids from `newest`. */
static struct str page_of(struct rig *rig, int n, int64_t newest, const char *more)
{
    struct buf b = BUF_INIT(RIG_BODY_MAX);
    struct str body;

    buf_append_char(&b, '[');
    for (int i = 0; i < n; i++)
        buf_printf(&b, "%s{\"id\":\"%lld\",\"author\":{\"id\":\"5\",\"username\":\"a\"},\"type\":0%s}",
                   i ? "," : "", (long long)newest - i, more);
    buf_append_char(&b, ']');
    body = arena_str(&rig->arena, buf_str(&b));
    buf_finish(&b);
    return body;
}

static void test_walks_back_to_what_is_stored(void **state)
{
    static const char text[] = ",\"content\":\"acme\"";
    struct rig rig;

    (void)state;
    start(&rig);
    rig.at.low = STR("1000");
    assert_int_equal(rig_feed(&rig, 200, page_of(&rig, 100, 1250, text)), 0);
    assert_int_equal(rig.step.kind, STEP_PAGE);
    rig_go_on(&rig);
    assert_has(rig.request.http.url, "before=1151");
    assert_int_equal(rig_feed(&rig, 200, page_of(&rig, 100, 1250, text)), 0); /* once more the same: asked again */
    assert_int_equal(rig.step.kind, STEP_PAGE);
    rig_go_on(&rig);
    assert_has(rig.request.http.url, "before=1151");
    assert_int_equal(rig_feed(&rig, 200, page_of(&rig, 100, 1150, text)), 0);
    assert_int_equal(rig.step.kind, STEP_PAGE);
    rig_go_on(&rig);
    assert_int_equal(rig_feed(&rig, 200, page_of(&rig, 100, 1050, text)), 0);
    assert_int_equal(rig.page.n_mentions, 50);
    assert_int_equal(rig.step.kind, STEP_DONE);
    assert_str(rig.step.cursor.low, "1250");

    rig_go_on(&rig); /* what was edited comes again */
    assert_int_equal(rig_feed(&rig, 200, page_of(&rig, 3, 1250, ",\"content\":\"acme\",\"edited_timestamp\":"
                                                                "\"2026-11-21T17:21:00+00:00\"")), 0);
    assert_int_equal(rig.page.n_mentions, 3);
    assert_int_equal(rig_feed(&rig, 200, page_of(&rig, 3, 1250, text)), 0);
    assert_int_equal(rig.page.n_mentions, 0);
    assert_int_equal(rig_feed(&rig, 200, STR("[]")), 0);
    assert_str(rig.step.cursor.low, "1250");
    rig_finish(&rig);
}

static void test_a_page_twice_is_a_gap(void **state)
{
    struct rig rig;

    (void)state;
    start(&rig);
    rig.at = (struct source_cursor){.low = STR("10"), .walking = true, .high = STR("900"), .next = STR("801"),
                                    .floor = STR("10 again")};
    assert_int_equal(rig_feed(&rig, 200, page_of(&rig, 100, 900, ",\"content\":\"acme\"")), 0);
    assert_int_equal(rig.step.kind, STEP_DONE);
    assert_true(rig.step.gap);
    rig_finish(&rig);
}

static void test_first_run(void **state)
{
    struct rig rig;
    int64_t day_ago = (RIG_NOW - 24 * 3600 * 1000 - 1420070400000) << 22;

    (void)state;
    start(&rig);
    rig.at.low = STR("");
    assert_int_equal(rig_feed(&rig, 200, page_of(&rig, 10, day_ago + 5, ",\"content\":\"acme\"")), 0);
    assert_int_equal(rig.page.n_mentions, 5);
    assert_true(rig.page.mentions[0].backfill);
    assert_int_equal(rig.step.kind, STEP_DONE);
    rig.src.backfill_ms = 0;
    assert_int_equal(rig_feed(&rig, 200, page_of(&rig, 10, day_ago + 5, ",\"content\":\"acme\"")), 0);
    assert_int_equal(rig.page.n_mentions, 10);
    assert_int_equal(rig.step.kind, STEP_DONE);
    rig_finish(&rig);
}

static void test_missing_intent_is_said(void **state)
{
    struct rig rig;

    (void)state;
    start(&rig);
    rig.at.low = STR("1");
    assert_int_equal(
        rig_feed(&rig, 200, page_of(&rig, 5, 100, ",\"content\":\"\",\"embeds\":[],\"attachments\":[]")), 0);
    assert_int_equal(rig.step.kind, STEP_STOP);
    assert_has(rig.step.reason, "MESSAGE CONTENT");
    assert_int_equal(rig_feed(&rig, 200, page_of(&rig, 4, 100, ",\"content\":\"\"")), 0);
    assert_int_equal(rig.step.kind, STEP_PAGE);
    rig_finish(&rig);
}

static void test_refusals(void **state)
{
    static const struct {
        int status;
        const char *body, *header, *value;
        enum step_kind want;
        int64_t want_wait_ms;
        const char *says;
    } cases[] = {
        {401, "{\"message\":\"401: Unauthorized\",\"code\":0}", NULL, NULL, STEP_STOP, 0,
         "401: Unauthorized (0)"},
        {403, "{\"message\":\"Missing Access\",\"code\":50001}", NULL, NULL, STEP_STOP, 0,
         "Missing Access (50001)"},
        {404, "{\"message\":\"Unknown Channel\",\"code\":10003}", NULL, NULL, STEP_STOP, 0,
         "Unknown Channel (10003)"},
        {429, "{\"message\":\"You are being rate limited.\",\"retry_after\":64.57,\"global\":false}",
         "Retry-After", "65", STEP_WAIT, 64570, "rate limited"},
        {429, "<html>", "Retry-After", "7", STEP_WAIT, 7000, "429"},
        {429, "", NULL, NULL, STEP_WAIT, 60000, "429"},
        {202, "{\"message\":\"Index not yet available\",\"code\":110000,\"retry_after\":2}", NULL, NULL,
         STEP_WAIT, 2001, "Index"},
        {500, "{}", NULL, NULL, STEP_RETRY, 0, "server error"},
        {200, "<html>", NULL, NULL, STEP_RETRY, 0, "HTML"},
    };
    struct rig rig;

    (void)state;
    start(&rig);
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        if (cases[i].header)
            rig_header(&rig, cases[i].header, cases[i].value);
        assert_int_equal(rig_feed(&rig, cases[i].status, str_from(cases[i].body)), 0);
        assert_int_equal(rig.step.kind, cases[i].want);
        assert_int_equal(rig.step.wait_ms, cases[i].want_wait_ms);
        assert_has(rig.step.reason, cases[i].says);
    }
    assert_int_equal(rig_feed(&rig, 200, STR("{}")), -EBADMSG);
    assert_int_equal(rig_feed(&rig, 200, STR("[{")), -EBADMSG);
    rig_finish(&rig);
}

static void look(struct rig *rig, int status, const char *body)
{
    const struct str id = STR("discord:77"), native = STR("20/77");
    const struct source_lookup asked = {&id, &native, 1};

    assert_int_equal(source_discord.lookup(&rig->src, &asked, &rig->arena, &rig->request, &rig->err), 0);
    assert_str(rig->request.http.url, "http://localhost:9/api/v10/channels/20/messages/77");
    rig->http.status = status;
    rig->http.body = str_from(body);
    rig->reply = (struct source_reply){.http = &rig->http, .body = rig->http.body, .received_at_ms = RIG_NOW};
    rig->page = (struct source_page){.arena = &rig->arena};
    assert_int_equal(
        source_discord.parse_lookup(&rig->src, &asked, &rig->reply, &rig->page, &rig->step, &rig->err), 0);
}

static void test_lookups(void **state)
{
    struct rig rig;

    (void)state;
    start(&rig);
    look(&rig, 404, "{\"message\":\"Unknown Message\",\"code\":10008}");
    assert_int_equal(rig.page.n_gone, 1);
    assert_str(rig.page.gone[0], "discord:77");
    look(&rig, 200, "{\"id\":\"77\",\"content\":\"acme\",\"author\":{\"id\":\"5\",\"username\":\"a\"}}");
    assert_int_equal(rig.page.n_gone, 0);
    assert_int_equal(rig.page.n_mentions, 1);
    look(&rig, 404, "{\"message\":\"Unknown Channel\",\"code\":10003}"); /* says nothing about the message */
    assert_int_equal(rig.page.n_gone, 0);
    assert_int_equal(rig.step.kind, STEP_STOP);
    look(&rig, 429, "{\"retry_after\":1}");
    assert_int_equal(rig.step.kind, STEP_WAIT);
    rig_finish(&rig);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_request),
        cmocka_unit_test(test_messages_become_mentions),
        cmocka_unit_test(test_walks_back_to_what_is_stored),
        cmocka_unit_test(test_a_page_twice_is_a_gap),
        cmocka_unit_test(test_first_run),
        cmocka_unit_test(test_missing_intent_is_said),
        cmocka_unit_test(test_refusals),
        cmocka_unit_test(test_lookups),
    };

    json_init();
    return cmocka_run_group_tests_name("source_discord", tests, NULL, NULL);
}
