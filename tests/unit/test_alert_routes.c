/* From events to notices: routes, silences, quiet hours, templates. */
#include <errno.h>

#include "alert_rig.h"
#include "alerts/text.h"
#include "mentiond/alert_route.h"

#define CHANNELS "channels:\n  ops: {type: slack, url: '${X}'}\n  lead: {type: slack, url: '${X}'}\n"

struct plan_rig {
    struct settings settings;
    struct diag diag;
    struct alert_plan *plan;
    struct arena arena;
};

static void load(struct plan_rig *rig, const char *yaml)
{
    const struct config_node *root;

    *rig = (struct plan_rig){0};
    arena_init(&rig->arena, 1024 * 1024);
    diag_init(&rig->diag);
    rig->settings.doc = config_doc_parse("config.yaml", str_from(yaml), &rig->diag);
    assert_non_null(rig->settings.doc);
    root = rig->settings.doc->root;
    rig->settings.alerts = (struct alert_settings){
        .channels = config_get(root, "channels"),
        .routes = config_get(root, "routes"),
        .silences = config_get(root, "silences"),
    };
    rig->plan = alert_plan_create(&rig->settings, &rig->diag);
}

static void unload(struct plan_rig *rig)
{
    alert_plan_destroy(rig->plan);
    config_doc_destroy(rig->settings.doc);
    diag_finish(&rig->diag);
    arena_finish(&rig->arena);
}

#define EVENT(type_, ...)                                                                                    \
    (struct alert_event)                                                                                     \
    {                                                                                                        \
        .type = STR(type_), .brand = STR("acme"), .at_ms = RIG_NOW,                                          \
        .fields = (const struct str[]){__VA_ARGS__},                                                         \
        .n_fields = sizeof((const struct str[]){__VA_ARGS__}) / sizeof(struct str)                           \
    }

static struct alert_event outage(void)
{
    static const struct str fields[] = {
        STR("id"),         STR("o1"),     STR("topic"),    STR("login"), STR("places"),
        STR("Leeds,York"), STR("people"), STR("1234"),     STR("since"), STR("1795281600000"),
        STR("per_minute"), STR("3.5"),    STR("expected"), STR("0.2"),
    };

    return (struct alert_event){STR("outage.opened"), STR("acme"), RIG_NOW, fields, ARRAY_LEN(fields)};
}

/* ---- matching ------------------------------------------------------------------------------ */

static void test_which_route_takes_it(void **state)
{
    static const char yaml[] =
        CHANNELS "routes:\n"
                 "  - {name: big, match: {event: 'outage.*', people: 1000}, channels: lead, continue: true}\n"
                 "  - {name: leeds, match: {place: [york, Leeds], brand: acme}, channels: [ops, lead]}\n"
                 "  - {name: other, match: {brand: other}, channels: ops}\n"
                 "  - {name: late, match: {event: mention.overdue, overdue: 10m}, channels: ops}\n"
                 "  - {name: rest, match: {class: [praise]}, channels: ops}\n";
    const struct {
        struct alert_event event;
        const char *routes;
    } cases[] = {
        {outage(), "big leeds "},
        {EVENT("outage.grew", STR("people"), STR("999"), STR("places"), STR("Hull")), ""},
        {EVENT("outage.grew", STR("people"), STR("1000"), STR("places"), STR("Hull")), "big "},
        {EVENT("mention.overdue", STR("due_at"), STR("1795281600000")), "late "},
        {EVENT("mention.overdue", STR("due_at"), STR("1795281660000"), STR("class"), STR("praise")), "rest "},
        {EVENT("mention.queued", STR("class"), STR("praise")), "rest "},
    };
    struct plan_rig rig;

    (void)state;
    load(&rig, yaml);
    assert_non_null(rig.plan);
    assert_int_equal(rig.plan->routes[1].n_targets, 2);
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        const struct alert_route *routes[ALERT_ROUTES_MAX];
        size_t n = alert_plan_route(rig.plan, &cases[i].event, routes, ARRAY_LEN(routes));
        char names[256] = "";

        for (size_t j = 0; j < n; j++)
            snprintf(names + strlen(names), sizeof(names) - strlen(names), "%.*s ", STR_FMT(routes[j]->name));
        assert_string_equal(names, cases[i].routes);
    }
    unload(&rig);
}

static void test_what_streams_call_them(void **state)
{
    (void)state;
    assert_true(str_eq(alert_event_type(STR("overdue"), STR("")), STR("mention.overdue")));
    assert_true(str_eq(alert_event_type(STR("mention.heard"), STR("queued")), STR("mention.queued")));
    assert_int_equal(alert_event_type(STR("mention.heard"), STR("unqueued")).len, 0);
    assert_true(str_eq(alert_event_type(STR("outage.over"), STR("")), STR("outage.over")));
    assert_int_equal(alert_event_type(STR("case.merged"), STR("")).len, 0);
}

static void test_groups(void **state)
{
    struct alert_route route = {0};
    struct str by[] = {STR("brand"), STR("topic")};
    struct alert_event event = outage(), over = EVENT("outage.over", STR("id"), STR("o1"));
    struct arena arena;

    (void)state;
    arena_init(&arena, 65536);
    assert_true(str_eq(alert_group_key(&route, &event, &arena), STR("acme/outage/o1")));
    assert_true(str_eq(alert_group_key(&route, &over, &arena), STR("acme/outage/o1")));
    route.group_by = (struct str_list){by, 2};
    assert_true(str_eq(alert_group_key(&route, &event, &arena), STR("acme/acme/login")));
    arena_finish(&arena);
}

static void test_silences(void **state)
{
    struct plan_rig rig;
    struct alert_event event = outage();

    (void)state;
    load(&rig, CHANNELS "silences:\n"
                        "  - {match: {topic: login}, from: 2026-11-21T17:00:00Z,\n"
                        "     until: 2026-11-21T18:00:00Z, reason: drill}\n");
    assert_non_null(rig.plan);
    assert_non_null(alert_silenced(rig.plan->silences, 1, &event, RIG_NOW));
    assert_null(alert_silenced(rig.plan->silences, 1, &event, RIG_NOW + 1800000));
    assert_null(alert_silenced(rig.plan->silences, 1, &event, RIG_NOW - 3600000));
    event.n_fields = 2;
    assert_null(alert_silenced(rig.plan->silences, 1, &event, RIG_NOW));
    unload(&rig);
}

/* ---- times --------------------------------------------------------------------------------- */

#define MINUTE 60000LL
#define HOUR (60 * MINUTE)

static void test_quiet_hours(void **state)
{
    static const struct alert_quiet night = {22 * 60, 7 * 60, {"Europe/London", 13}},
                                    noon = {12 * 60, 13 * 60, {"UTC", 3}};
    static const int64_t midnight = 1795219200000; /* 2026-11-21T00:00:00Z */
    /* 2026-03-29: London's clocks go from 1:00 to 2:00 */
    static const int64_t spring = 1774742400000;

    (void)state;
    assert_int_equal(alert_quiet_until(&night, midnight + 21 * HOUR), 0);
    assert_int_equal(alert_quiet_until(&night, midnight + 22 * HOUR), midnight + 31 * HOUR);
    assert_int_equal(alert_quiet_until(&night, midnight + 6 * HOUR), midnight + 7 * HOUR);
    assert_int_equal(alert_quiet_until(&night, midnight + 7 * HOUR), 0);
    assert_int_equal(alert_quiet_until(&night, spring - 1 * HOUR), spring + 6 * HOUR);
    assert_int_equal(alert_quiet_until(&noon, midnight + 12 * HOUR + MINUTE), midnight + 13 * HOUR);
    assert_int_equal(alert_quiet_until(&(struct alert_quiet){0}, midnight), 0);
    assert_int_equal(alert_digest_at(ALERT_DIGEST_HOURLY, STR("UTC"), midnight + 90 * MINUTE),
                     midnight + 2 * HOUR);
    assert_int_equal(alert_digest_at(ALERT_DIGEST_DAILY, STR("Europe/Berlin"), midnight + HOUR),
                     midnight + 23 * HOUR);
}

/* ---- templates ----------------------------------------------------------------------------- */

static void test_templates(void **state)
{
    static const struct {
        const char *template, *want;
    } cases[] = {
        {"{brand}: {topic|upper} by {people|number} people", "acme: LOGIN by 1,234 people"},
        {"since {since|time}, {since|ago}", "since 2026-11-21 17:20 UTC, 10 min"},
        {"in {place|list}{note|before: (}", "in Leeds, York"},
        {"{note|or:no note} {{x}}", "no note {x}"},
        {"{topic|cut:3}", "log"},
        {"{per_minute|number} a {", "3.5 a "},
    };
    struct alert_event event = outage();
    struct arena arena;
    struct error err;

    (void)state;
    arena_init(&arena, 65536);
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct str got;

        assert_int_equal(alert_template_expand(str_from(cases[i].template), &event, &arena, &got, &err), 0);
        if (!str_eq(got, str_from(cases[i].want)))
            fail_msg("%s: got '%.*s'", cases[i].template, STR_FMT(got));
    }
    arena_finish(&arena);
}

static void test_every_usual_template_is_right(void **state)
{
    struct error err;

    (void)state;
    for (const struct alert_kind *kind = alert_kinds; kind->type; kind++) {
        if (alert_template_check(str_from(kind->title), kind, &err) ||
            alert_template_check(str_from(kind->text), kind, &err))
            fail_msg("%s: %s", kind->type, err.text);
    }
}

static void test_a_notice(void **state)
{
    static const struct alert_route route = {0};
    struct alert_event event = outage();
    struct alert_notice notice;
    struct arena arena;
    struct error err;

    (void)state;
    arena_init(&arena, 65536);
    assert_int_equal(alert_notice_fill(&route, &event, 3, &arena, &notice, &err), 0);
    assert_true(str_eq(notice.title, STR("acme: login is down, 1,234 people report it (and 2 more)")));
    assert_true(str_eq(notice.text,
                       STR("Since 2026-11-21 17:20 UTC in Leeds, York. Take it: mentionctl outages ack o1")));
    assert_int_equal(notice.phase, ALERT_FIRING);
    assert_int_equal(notice.n_facts, 5);
    assert_int_equal(notice.since_ms, 1795281600000);
    arena_finish(&arena);
}

static void test_strangers_words_are_cleaned(void **state)
{
    static const struct alert_route route = {0};
    struct alert_event event = EVENT("mention.queued", STR("class"), STR("praise"), STR("text"),
                                     STR("a\x1b[2J\u202e {brand} \n b"), STR("author"), STR("x\ny"));
    struct alert_notice notice;
    struct arena arena;
    struct error err;

    (void)state;
    arena_init(&arena, 65536);
    assert_int_equal(alert_notice_fill(&route, &event, 1, &arena, &notice, &err), 0);
    assert_true(str_eq(notice.text, STR("a[2J {brand} \n b")));
    assert_true(rig_holds(notice.title, "by x y"));
    arena_finish(&arena);
}

/* ---- mistakes ------------------------------------------------------------------------------ */

static void test_all_mistakes_are_said(void **state)
{
    static const char yaml[] =
        CHANNELS "  bad: {type: slak, url: '${X}'}\n"
                 "routes:\n"
                 "  - {match: {event: outage.opend}, channels: ops}\n"
                 "  - {channels: nobody, quiet: {from: '25:00', to: '7:00', time_zone: Mars}}\n"
                 "  - {channels: ops, match: {event: gap}, title: '{people}'}\n"
                 "  - {channels: ops, text: '{topic|uper}'}\n"
                 "  - {channels: ops, text: '{topic'}\n"
                 "silences:\n"
                 "  - {match: {}, until: tomorrow, reason: x}\n";
    static const char *const wanted[] = {
        "unknown type 'slak' (did you mean 'slack'?)",
        "no event is called 'outage.opend'",
        "wanted: from and to as HH:MM",
        "there is no time zone 'Mars'",
        "gap has no field 'people'",
        "there is no filter 'uper'",
        "is not closed",
        "until: wanted: an ISO 8601 time",
    };
    struct plan_rig rig;

    (void)state;
    load(&rig, yaml);
    assert_null(rig.plan);
    for (size_t i = 0; i < ARRAY_LEN(wanted); i++) {
        bool found = false;

        for (size_t j = 0; j < rig.diag.n_items && !found; j++)
            found = strstr(rig.diag.items[j].text, wanted[i]) != NULL;
        if (!found)
            fail_msg("not said: %s", wanted[i]);
    }
    unload(&rig);
    load(&rig, CHANNELS "routes:\n  - {channels: nobody}\n");
    assert_null(rig.plan);
    assert_non_null(strstr(rig.diag.items[0].text, "there is no channel 'nobody'"));
    unload(&rig);
}

static void test_examples_come_from_fields(void **state)
{
    static const struct str fields[] = {
        {"id", sizeof("id") - 1},
        {"o1", sizeof("o1") - 1},
        {"example1_who", sizeof("example1_who") - 1},
        {"jo", sizeof("jo") - 1},
        {"example1_text", sizeof("example1_text") - 1},
        {"no\x1b[2J login", sizeof("no\x1b[2J login") - 1},
        {"example1_url", sizeof("example1_url") - 1},
        {"https://net.example/1", sizeof("https://net.example/1") - 1},
        {"example3_url", sizeof("example3_url") - 1},
        {"javascript:1", sizeof("javascript:1") - 1},
    };
    const struct alert_event event = {
        .type = STR("outage.opened"), .brand = STR("acme"), .fields = fields, .n_fields = ARRAY_LEN(fields)};
    struct alert_route route = {.name = STR("r")};
    struct alert_notice notice;
    struct arena arena;
    struct error err;

    (void)state;
    arena_init(&arena, 65536);
    assert_int_equal(alert_notice_fill(&route, &event, 1, &arena, &notice, &err), 0);
    assert_int_equal(notice.n_examples, 1);
    assert_true(str_eq(notice.examples[0].who, STR("jo")));
    assert_true(str_eq(notice.examples[0].text, STR("no[2J login")));
    assert_true(str_eq(notice.examples[0].url, STR("https://net.example/1")));
    arena_finish(&arena);
}

static void test_matchers_are_read_from_json(void **state)
{
    static const struct {
        const char *json, *error; /* NULL: right */
    } cases[] = {
        {"{\"topic\": [\"login\", \"sign*\"], \"people\": \"30\", \"overdue\": \"10m\"}", NULL},
        {"{\"topic\": \"login\", \"people\": 30, \"overdue\": 600000}", NULL},
        {"{}", NULL},
        {"[]", "wanted: an object"},
        {"{\"topc\": [\"login\"]}", "no key 'topc'"},
        {"{\"topic\": [1]}", "match.topic"},
        {"{\"topic\": {}}", "match.topic"},
        {"{\"people\": \"many\"}", "match.people"},
        {"{\"people\": -1}", "match.people"},
        {"{\"overdue\": \"10x\"}", "match.overdue"},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        json_t *value = json_loads(cases[i].json, 0, NULL);
        struct alert_matcher matcher = {0};
        struct error err = {0};
        struct arena arena;

        arena_init(&arena, 65536);
        assert_int_equal(alert_matcher_read(value, &arena, &matcher, &err), cases[i].error ? -EINVAL : 0);
        if (cases[i].error)
            assert_non_null(strstr(err.text, cases[i].error));
        if (matcher.topic.n > 0) {
            assert_true(str_eq(matcher.topic.items[0], STR("login")));
            assert_int_equal(matcher.people, 30);
            assert_int_equal(matcher.overdue_ms, 600000);
        }
        arena_finish(&arena);
        json_decref(value);
    }
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_which_route_takes_it),
        cmocka_unit_test(test_what_streams_call_them),
        cmocka_unit_test(test_groups),
        cmocka_unit_test(test_silences),
        cmocka_unit_test(test_quiet_hours),
        cmocka_unit_test(test_templates),
        cmocka_unit_test(test_every_usual_template_is_right),
        cmocka_unit_test(test_a_notice),
        cmocka_unit_test(test_strangers_words_are_cleaned),
        cmocka_unit_test(test_examples_come_from_fields),
        cmocka_unit_test(test_matchers_are_read_from_json),
        cmocka_unit_test(test_all_mistakes_are_said),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
