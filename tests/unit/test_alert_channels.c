/* Channels as a configuration names them: what is right, and what each refuses with words. */
#include "alert_rig.h"

#define SECRET "${ALERT_TEST_X}"

#define YAML_MAX (64 * 1024)

struct config_rig {
    struct settings settings;
    struct diag diag;
    struct alert_targets *targets;
};

static void load_yaml(struct config_rig *rig, struct str yaml)
{
    *rig = (struct config_rig){0};
    diag_init(&rig->diag);
    rig->settings.doc = config_doc_parse("config.yaml", yaml, &rig->diag);
    assert_non_null(rig->settings.doc);
    rig->settings.alerts.channels = config_get(rig->settings.doc->root, "channels");
    rig->targets = alert_targets_create(&rig->settings, &rig->diag);
}

static void load(struct config_rig *rig, const char *channel)
{
    char yaml[1024];

    snprintf(yaml, sizeof(yaml), "channels:\n  ops: %s\n", channel);
    load_yaml(rig, str_from(yaml));
}

static void unload(struct config_rig *rig)
{
    alert_targets_destroy(rig->targets);
    config_doc_destroy(rig->settings.doc);
    diag_finish(&rig->diag);
}

static void test_what_is_right(void **state)
{
    static const char *const cases[] = {
        "{ type: alertmanager, url: 'http://127.0.0.1:9093', labels: [severity=page, team_1=care] }",
        "{ type: discord, url: '" SECRET "', thread: '1234', edit: true, direct: true }",
        "{ type: matrix, server: 'https://hs.example', room: '!a:hs.example', token: '" SECRET "' }",
        "{ type: mattermost, url: '" SECRET "', channel: ops, per_minute: 5 }",
        "{ type: ntfy, topic: '" SECRET "' }",
        "{ type: pagerduty, routing_key: '" SECRET "' }",
        "{ type: slack, url: '" SECRET "' }",
        "{ type: teams, url: 'file:/etc/teams' }",
        "{ type: telegram, token: '" SECRET "', chat: -100123, thread: 7 }",
        "{ type: telegram, token: '" SECRET "', chat: '@acme_status' }",
        "{ type: webhook, url: 'https://bus.example/in', secret: '" SECRET "' }",
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct config_rig rig;

        load(&rig, cases[i]);
        if (!rig.targets || rig.diag.n_errors)
            fail_msg("%s: %s", cases[i], rig.diag.n_items ? rig.diag.items[0].text : "refused");
        assert_true(alert_target_find(rig.targets, STR("ops"))->per_minute > 0);
        unload(&rig);
    }
}

static void test_what_is_wrong(void **state)
{
    static const struct {
        const char *channel, *words;
    } cases[] = {
        {"{ type: discrod, url: '" SECRET "' }", "did you mean 'discord'?"},
        {"{ type: discord, url: 'https://discord.com/api/webhooks/1/x' }", "alerts.channels.ops.url"},
        {"{ type: discord, url: '" SECRET "', thread: help }", "ops.thread: wanted: the number of a thread"},
        {"{ type: telegram, token: '" SECRET "', chat: acme }",
         "ops.chat: wanted: the chat's number, or @name"},
        {"{ type: telegram, token: '123:abc', chat: '-1' }", "alerts.channels.ops.token"},
        {"{ type: matrix, server: 'https://hs.example', room: '#ops:hs.example', token: '" SECRET "' }",
         "ops.room: wanted: the room's id, which begins with '!'"},
        {"{ type: alertmanager, url: 'http://am', labels: [brand=x] }", "ops.labels: 'brand=x'"},
        {"{ type: alertmanager, url: 'http://am', labels: [severity] }", "ops.labels: 'severity'"},
        {"{ type: alertmanager, url: 'http://am', labels: ['a-b=c'] }", "ops.labels: 'a-b=c'"},
        {"{ type: pagerduty }", "routing_key"},
        {"{ type: webhook, url: 'https://bus.example' }", "secret"},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct config_rig rig;

        load(&rig, cases[i].channel);
        assert_null(rig.targets);
        assert_true(rig.diag.n_items > 0);
        if (!strstr(rig.diag.items[0].text, cases[i].words))
            fail_msg("%s: %s", cases[i].channel, rig.diag.items[0].text);
        unload(&rig);
    }
}

/* The lines after "channels: {}" in the shipped config.yaml, without their comment sign. */
static void take_examples(FILE *file, struct buf *ret_yaml)
{
    char line[512];
    bool inside = false;

    buf_append_str(ret_yaml, STR("channels:\n"));
    while (fgets(line, sizeof(line), file)) {
        if (inside && strncmp(line, "#    ", 5) != 0)
            return;
        if (inside)
            buf_append_str(ret_yaml, str_from(line + 1));
        inside = inside || strcmp(line, "  channels: {}\n") == 0;
    }
}

static void test_the_shipped_examples(void **state)
{
    const char *root = getenv("MENTIOND_SOURCE_ROOT");
    char path[512];
    struct buf yaml = BUF_INIT(YAML_MAX);
    struct config_rig rig;
    FILE *file;

    (void)state;
    snprintf(path, sizeof(path), "%s/config.yaml", root ? root : ".");
    file = fopen(path, "re");
    assert_non_null(file);
    take_examples(file, &yaml);
    fclose(file);
    load_yaml(&rig, buf_str(&yaml));
    if (!rig.targets)
        fail_msg("%s", rig.diag.items[0].text);
    for (size_t i = 0; alert_channels[i]; i++) {
        size_t n = 0;

        while (n < rig.targets->n && rig.targets->items[n].channel != alert_channels[i])
            n++;
        if (n == rig.targets->n)
            fail_msg("no example of %s", alert_channels[i]->name);
    }
    unload(&rig);
    buf_finish(&yaml);
}

/* What every row of the table owes: its own words, and rates that the alerter can keep. */
static void test_the_table(void **state)
{
    (void)state;
    for (size_t i = 0; alert_channels[i]; i++) {
        const struct alert_channel *c = alert_channels[i];

        assert_true(strlen(c->name) > 0 && strlen(c->help) > 10);
        assert_true(c->prepare && c->judge && c->options && c->config_size > 0);
        assert_true(c->burst > 0 && c->per_minute > 0);
        assert_true(i == 0 || strcmp(alert_channels[i - 1]->name, c->name) < 0);
        for (const struct option *o = c->options; o->key; o++)
            assert_true(o->help && strlen(o->help) > 5);
    }
}

static const struct alert_channel *channel_named(const char *name)
{
    size_t i = 0;

    while (strcmp(alert_channels[i]->name, name) != 0)
        i++;
    return alert_channels[i];
}

static void test_a_missing_secret_is_named_not_shown(void **state)
{
    static const struct {
        const char *channel, *options;
    } cases[] = {
        {"alertmanager", "url: http://am.example:9093/\nuser: ops\npassword: " SECRET},
        {"alertmanager", "url: http://am.example:9093/\ntoken: " SECRET},
        {"discord", "url: " SECRET},
        {"matrix", "server: https://hs.example/\nroom: '!abc:hs.example'\ntoken: " SECRET},
        {"mattermost", "url: " SECRET},
        {"ntfy", "server: https://ntfy.example\ntopic: " SECRET},
        {"pagerduty", "routing_key: " SECRET},
        {"slack", "url: " SECRET},
        {"teams", "url: " SECRET},
        {"telegram", "token: " SECRET "\nchat: '-100777'"},
        {"webhook", "url: https://bus.example/in\nsecret: " SECRET},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct alert_rig rig;

        rig_init(&rig, channel_named(cases[i].channel), cases[i].options);
        rig_check_missing(&rig, "ALERT_TEST_X");
        rig_finish(&rig);
    }
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_what_is_right),
        cmocka_unit_test(test_what_is_wrong),
        cmocka_unit_test(test_the_shipped_examples),
        cmocka_unit_test(test_the_table),
        cmocka_unit_test(test_a_missing_secret_is_named_not_shown),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
