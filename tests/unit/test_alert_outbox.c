/* What is told, when, how often, and what is left of it after a crash. */
#include "alert_rig.h"
#include "mentiond/alert_outbox.h"

#define SECOND 1000LL
#define MINUTE (60 * SECOND)
#define HOUR (60 * MINUTE)

#define CHANNELS                                                                                   \
    "channels:\n  ops: {type: slack, url: '${X}', per_minute: 60}\n  lead: {type: slack, url: '${X}'}\n"

struct box {
    struct settings settings;
    struct diag diag;
    struct alert_plan *plan;
    struct outbox *outbox;
    struct arena arena;
    struct outbox_item item;
    struct error err;
    int64_t now_ms, wait_ms;
    const char *said;
    unsigned n_entries;
};

static void open_box(struct box *box, const char *yaml)
{
    const struct config_node *root;

    *box = (struct box){.now_ms = RIG_NOW};
    json_init();
    arena_init(&box->arena, 256 * 1024 * 1024);
    diag_init(&box->diag);
    box->settings.doc = config_doc_parse("config.yaml", str_from(yaml), &box->diag);
    root = box->settings.doc->root;
    box->settings.alerts = (struct alert_settings){
        .channels = config_get(root, "channels"),
        .routes = config_get(root, "routes"),
        .silences = config_get(root, "silences"),
    };
    box->plan = alert_plan_create(&box->settings, &box->diag);
    if (!box->plan)
        fail_msg("%s", box->diag.items[0].text);
    assert_int_equal(outbox_create(box->plan, &box->outbox, &box->err), 0);
}

static void close_box(struct box *box)
{
    outbox_destroy(box->outbox);
    alert_plan_destroy(box->plan);
    config_doc_destroy(box->settings.doc);
    diag_finish(&box->diag);
    arena_finish(&box->arena);
}

static void hear(struct box *box, const char *type, const char *id, const char *people)
{
    const struct str fields[] = {STR("id"),    str_from(id),  STR("topic"),
                                 STR("login"), STR("people"), str_from(people)};
    struct alert_event event = {str_from(type), STR("acme"), box->now_ms, fields, ARRAY_LEN(fields)};
    struct str entry = arena_printf(&box->arena, "%lld-%u", (long long)box->now_ms, box->n_entries++);

    if (outbox_take(box->outbox, &event, entry, box->now_ms, &box->err))
        fail_msg("%s", box->err.text);
}

/* The daemon is killed, another takes up what was kept. */
static void kill_and_restart(struct box *box)
{
    struct buf text = BUF_INIT(OUTBOX_STATE_MAX);

    assert_true(outbox_print(box->outbox, &text));
    outbox_destroy(box->outbox);
    assert_int_equal(outbox_create(box->plan, &box->outbox, &box->err), 0);
    if (outbox_load(box->outbox, buf_str(&text), &box->err))
        fail_msg("%s", box->err.text);
    buf_finish(&text);
}

static bool next(struct box *box)
{
    return outbox_next(box->outbox, box->now_ms, &box->arena, &box->item, &box->wait_ms);
}

static void answer(struct box *box, enum alert_verdict verdict, int64_t wait_ms)
{
    const struct alert_outcome outcome = {.verdict = verdict, .wait_ms = wait_ms, .reason = STR("so")};

    outbox_outcome(box->outbox, box->item.letter, &outcome, box->now_ms, 0, &box->said);
}

static void expect(struct box *box, const char *title)
{
    if (!next(box))
        fail_msg("nothing to send, wait %lld; wanted %s", (long long)box->wait_ms, title);
    if (!rig_holds(box->item.notice.title, title))
        fail_msg("'%.*s' does not hold '%s'", STR_FMT(box->item.notice.title), title);
}

static void expect_nothing(struct box *box)
{
    if (next(box))
        fail_msg("unexpected: %.*s", STR_FMT(box->item.notice.title));
}

#define ROUTE CHANNELS "routes:\n  - {match: {event: 'outage.*'}, channels: ops}\n"

/* ---- the life of an outage ----------------------------------------------------------------- */

static void test_opened_grew_over(void **state)
{
    struct box box;

    (void)state;
    open_box(&box, ROUTE);
    hear(&box, "outage.opened", "o1", "5");
    expect_nothing(&box);
    assert_int_equal(box.wait_ms, 10 * SECOND);
    hear(&box, "outage.grew", "o1", "12");
    box.now_ms += 10 * SECOND;
    expect(&box, "now 12 people report it (and 1 more)");
    answer(&box, ALERT_DONE, -1);
    expect_nothing(&box);
    assert_int_equal(box.wait_ms, 4 * HOUR);
    box.now_ms += MINUTE;
    hear(&box, "outage.grew", "o1", "24");
    expect(&box, "now 24 people");
    answer(&box, ALERT_DONE, -1);
    box.now_ms += 4 * HOUR;
    expect(&box, "now 24 people");
    answer(&box, ALERT_DONE, -1);
    hear(&box, "outage.over", "o1", "24");
    expect(&box, "is back, 24 people");
    assert_int_equal(box.item.notice.phase, ALERT_RESOLVED);
    answer(&box, ALERT_DONE, -1);
    expect_nothing(&box);
    assert_int_equal(box.wait_ms, -1);
    close_box(&box);
}

static void test_what_somebody_looks_after_is_not_repeated(void **state)
{
    struct box box;

    (void)state;
    open_box(&box, ROUTE);
    hear(&box, "outage.opened", "o1", "5");
    box.now_ms += 10 * SECOND;
    expect(&box, "is down");
    answer(&box, ALERT_DONE, -1);
    hear(&box, "outage.acknowledged", "o1", "5");
    expect(&box, "looks after outage o1");
    answer(&box, ALERT_DONE, -1);
    hear(&box, "outage.grew", "o1", "10");
    expect(&box, "now 10 people");
    answer(&box, ALERT_DONE, -1);
    expect_nothing(&box);
    assert_int_equal(box.wait_ms, -1);
    close_box(&box);
}

static void test_over_before_it_was_told(void **state)
{
    struct box box;

    (void)state;
    open_box(&box, ROUTE);
    hear(&box, "outage.opened", "o1", "5");
    hear(&box, "outage.over", "o1", "5");
    box.now_ms += 10 * SECOND;
    expect(&box, "is back");
    answer(&box, ALERT_DONE, -1);
    expect_nothing(&box);
    /* the end of what nobody was told of is not told */
    hear(&box, "outage.over", "o2", "5");
    box.now_ms += HOUR;
    expect_nothing(&box);
    close_box(&box);
}

static void test_ends_that_nobody_wants(void **state)
{
    struct box box;

    (void)state;
    open_box(&box, CHANNELS "routes:\n  - {channels: ops, resolved: false, repeat_every: 0}\n");
    hear(&box, "outage.opened", "o1", "5");
    box.now_ms += 10 * SECOND;
    expect(&box, "is down");
    hear(&box, "outage.over", "o1", "5"); /* while the first is under way */
    answer(&box, ALERT_DONE, -1);
    expect_nothing(&box);
    assert_int_equal(box.wait_ms, -1);
    close_box(&box);
}

/* ---- chat is down -------------------------------------------------------------------------- */

static void test_chat_down_for_half_an_hour(void **state)
{
    struct box box;
    struct str id;
    unsigned n = 0;

    (void)state;
    open_box(&box, ROUTE);
    hear(&box, "outage.opened", "o1", "5");
    for (int minute = 0; minute < 30; minute++) {
        char people[16];

        box.now_ms += MINUTE;
        snprintf(people, sizeof(people), "%d", 10 * minute + 10);
        hear(&box, "outage.grew", "o1", people);
        while (next(&box)) {
            n++;
            answer(&box, ALERT_LATER, -1);
        }
        if (minute == 10 || minute == 20)
            kill_and_restart(&box);
    }
    assert_in_range(n, 8, 40);
    box.now_ms += 10 * MINUTE;
    expect(&box, "now 300 people");
    id = box.item.notice.id;
    /* killed before the answer: the next one sends the same message, by the same id */
    kill_and_restart(&box);
    expect(&box, "now 300 people");
    assert_true(str_eq(id, box.item.notice.id));
    answer(&box, ALERT_DONE, -1);
    assert_string_equal(box.said, "channel.recovered");
    expect_nothing(&box);
    close_box(&box);
}

static void test_waiting_as_told(void **state)
{
    struct box box;
    struct outbox_counters counters;

    (void)state;
    open_box(&box, ROUTE);
    hear(&box, "outage.opened", "o1", "5");
    box.now_ms += 10 * SECOND;
    expect(&box, "is down");
    answer(&box, ALERT_LATER, 7 * SECOND);
    assert_null(box.said);
    expect_nothing(&box);
    assert_int_equal(box.wait_ms, 7 * SECOND);
    box.now_ms += 7 * SECOND;
    for (int i = 0; i < 4; i++) {
        expect(&box, "is down");
        answer(&box, ALERT_LATER, -1);
        assert_int_equal(box.said != NULL, i == 2);
        expect_nothing(&box);
        assert_int_equal(box.wait_ms, (2 * SECOND) << i);
        box.now_ms += box.wait_ms;
    }
    expect(&box, "is down");
    answer(&box, ALERT_BROKEN, -1);
    assert_null(box.said); /* said already */
    expect_nothing(&box);
    assert_int_equal(box.wait_ms, OUTBOX_PROBE_MS);
    box.now_ms += 25 * HOUR;
    expect(&box, "is down");
    answer(&box, ALERT_LATER, -1);
    outbox_counters_get(box.outbox, &counters);
    assert_int_equal(counters.given_up, 1);
    close_box(&box);
}

static void test_again_only_once(void **state)
{
    struct alert_outcome again = {.verdict = ALERT_AGAIN, .memo = STR("chat=-100")};
    struct box box;

    (void)state;
    open_box(&box, ROUTE);
    hear(&box, "outage.opened", "o1", "5");
    box.now_ms += 10 * SECOND;
    expect(&box, "is down");
    outbox_outcome(box.outbox, box.item.letter, &again, box.now_ms, 0, &box.said);
    expect(&box, "is down");
    assert_true(str_eq(box.item.memo, STR("chat=-100")));
    outbox_outcome(box.outbox, box.item.letter, &again, box.now_ms, 0, &box.said);
    expect_nothing(&box);
    close_box(&box);
}

/* ---- floods -------------------------------------------------------------------------------- */

static void test_ten_thousand_events_in_a_minute(void **state)
{
    static const int total = 10000;
    struct outbox_counters counters;
    struct box box;
    int64_t since_ms;
    size_t most = 0;
    int sent = 0;

    (void)state;
    open_box(&box, CHANNELS "routes:\n  - {channels: ops, group_wait: 0}\n");
    hear(&box, "outage.opened", "o1", "7");
    for (int i = 0; i < total; i++) {
        char id[32];
        size_t waiting;

        snprintf(id, sizeof(id), "net:%d", i);
        hear(&box, "mention.queued", id, "");
        if (i % 10 == 0)
            box.now_ms += 60;
        while (next(&box)) {
            sent++;
            answer(&box, ALERT_DONE, -1);
        }
        waiting = outbox_waiting(box.outbox, &box.plan->targets->items[0], &since_ms);
        most = waiting > most ? waiting : most;
    }
    assert_in_range(most, 2, OUTBOX_LETTERS_MAX + 2);
    assert_in_range(sent, 55, 70); /* 60 a minute, and the burst */
    for (int i = 0; i < 200 && outbox_waiting(box.outbox, &box.plan->targets->items[0], &since_ms); i++) {
        box.now_ms += SECOND;
        while (next(&box)) {
            sent++;
            answer(&box, ALERT_DONE, -1);
        }
    }
    outbox_counters_get(box.outbox, &counters);
    assert_int_equal(counters.events, total + 1);
    /* each is told by itself or counted in a summary */
    assert_true(counters.summed_up + (uint64_t)sent >= (uint64_t)total);
    assert_int_equal(counters.given_up + counters.refused, 0);
    close_box(&box);
}

static void test_rate(void **state)
{
    struct box box;
    int burst = 0;

    (void)state;
    open_box(&box, CHANNELS "routes:\n  - {channels: ops, group_wait: 0}\n");
    for (int i = 0; i < 10; i++) {
        char id[8];

        snprintf(id, sizeof(id), "o%d", i);
        hear(&box, "outage.opened", id, "5");
    }
    while (next(&box)) {
        burst++;
        answer(&box, ALERT_DONE, -1);
    }
    assert_int_equal(burst, 3);
    assert_in_range(box.wait_ms, 900, 1100);
    close_box(&box);
}

/* ---- quiet, digests, silences -------------------------------------------------------------- */

static void test_quiet_hours_hold_and_tell_the_newest(void **state)
{
    struct box box;

    (void)state;
    open_box(&box,
             CHANNELS "routes:\n  - {channels: ops, quiet: {from: '17:00', to: '18:00', time_zone: UTC}}\n");
    hear(&box, "outage.opened", "o1", "5"); /* at 17:30 */
    expect_nothing(&box);
    assert_int_equal(box.wait_ms, 30 * MINUTE);
    hear(&box, "outage.grew", "o1", "50");
    box.now_ms += 30 * MINUTE;
    expect(&box, "now 50 people");
    close_box(&box);
}

static void test_an_hourly_digest(void **state)
{
    struct box box;

    (void)state;
    open_box(&box,
             CHANNELS "routes:\n  - {match: {event: mention.queued}, channels: lead, digest: hourly}\n");
    for (int i = 0; i < 40; i++)
        hear(&box, "mention.queued", "net:x", "");
    expect_nothing(&box);
    assert_int_equal(box.wait_ms, 30 * MINUTE);
    box.now_ms += 30 * MINUTE;
    expect(&box, "acme: 40 events");
    answer(&box, ALERT_DONE, -1);
    expect_nothing(&box);
    close_box(&box);
}

static void test_silenced(void **state)
{
    struct str topics[] = {STR("login")};
    struct alert_silence silence = {.match = {.topic = {topics, 1}}, .until_ms = RIG_NOW + HOUR};
    struct box box;

    (void)state;
    open_box(&box, ROUTE);
    outbox_set_silences(box.outbox, &silence, 1);
    hear(&box, "outage.opened", "o1", "5");
    box.now_ms += HOUR;
    expect_nothing(&box);
    hear(&box, "outage.grew", "o1", "50");
    box.now_ms += MINUTE;
    expect(&box, "now 50");
    close_box(&box);
}

/* ---- what is kept -------------------------------------------------------------------------- */

static void test_spoilt_states_are_refused(void **state)
{
    struct buf text = BUF_INIT(OUTBOX_STATE_MAX);
    struct box box;
    unsigned refused = 0;

    (void)state;
    open_box(&box, ROUTE);
    hear(&box, "outage.opened", "o1", "5");
    hear(&box, "outage.opened", "o2", "5");
    assert_true(outbox_print(box.outbox, &text));
    assert_false(outbox_is_dirty(box.outbox));
    for (size_t i = 0; i < text.len; i++) {
        char was = text.data[i];

        for (int bit = 0; bit < 8; bit += 3) {
            text.data[i] = (char)(was ^ (1 << bit));
            refused += outbox_load(box.outbox, buf_str(&text), &box.err) < 0;
            box.now_ms += HOUR;
            arena_reset(&box.arena);
            if (next(&box))
                answer(&box, ALERT_DONE, -1);
        }
        text.data[i] = was;
    }
    assert_true(refused > 100);
    assert_int_equal(outbox_load(box.outbox, buf_str(&text), &box.err), 0);
    assert_true(outbox_load(box.outbox, STR("[]"), &box.err) < 0);
    assert_true(outbox_load(box.outbox, STR("{\"v\":2,\"channels\":{}}"), &box.err) < 0);
    buf_finish(&text);
    close_box(&box);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_opened_grew_over),
        cmocka_unit_test(test_what_somebody_looks_after_is_not_repeated),
        cmocka_unit_test(test_over_before_it_was_told),
        cmocka_unit_test(test_ends_that_nobody_wants),
        cmocka_unit_test(test_chat_down_for_half_an_hour),
        cmocka_unit_test(test_waiting_as_told),
        cmocka_unit_test(test_again_only_once),
        cmocka_unit_test(test_ten_thousand_events_in_a_minute),
        cmocka_unit_test(test_rate),
        cmocka_unit_test(test_quiet_hours_hold_and_tell_the_newest),
        cmocka_unit_test(test_an_hourly_digest),
        cmocka_unit_test(test_silenced),
        cmocka_unit_test(test_spoilt_states_are_refused),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
