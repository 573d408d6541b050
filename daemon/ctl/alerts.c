/* `alerts list`: what still waits to be told, from the text that the alerter keeps in Redis. `alerts test`:
 * one message through a channel, sent from here, without Redis. */
#include <errno.h>
#include <event2/event.h>
#include <hiredis/hiredis.h>
#include <stdio.h>

#include "alerts.h"
#include "ask.h"
#include "mentiond/alerter.h"
#include "mentiond/clock.h"
#include "table.h"
#include "when.h"

#define GROUP "Alerts"
#define TESTS_MAX 2 /* a channel may ask for the same again, once */

/* ---- loading ---------------------------------------------------------------------------------- */

enum exit_code alerts_load(struct ctl *ctl, struct settings **ret_settings, struct alert_plan **ret_plan)
{
    struct error err;
    struct diag d;
    const char *path = settings_find(ctl->common.config.s, &err);

    if (!path || ctl_load_settings(path, ret_settings, &err) < 0)
        return ctl_fail(ctl, &err);
    diag_init(&d);
    *ret_plan = alert_plan_create(*ret_settings, &d);
    if (!*ret_plan) {
        diag_print(&d, path, stderr);
        settings_destroy(TAKE(*ret_settings));
    }
    diag_finish(&d);
    return *ret_plan ? CTL_DONE : CTL_FAILED;
}

/* ---- test ------------------------------------------------------------------------------------- */

struct trial {
    struct event_base *base;
    struct http_client *http;
    struct mail_client *mail;
    const struct alert_target *target;
    struct alert_sending *sending;
    bool done;
    enum alert_verdict verdict;
    char reason[512], memo[ALERT_MEMO_MAX + 1];
};

static void on_sent(void *user, const struct alert_outcome *outcome)
{
    struct trial *trial = user;

    trial->sending = NULL;
    trial->done = true;
    trial->verdict = outcome->verdict;
    snprintf(trial->reason, sizeof(trial->reason), "%.*s", STR_FMT(outcome->reason));
    if (outcome->memo.len <= ALERT_MEMO_MAX)
        snprintf(trial->memo, sizeof(trial->memo), "%.*s", STR_FMT(outcome->memo));
}

static struct alert_notice test_notice(const struct alert_target *target, struct arena *arena)
{
    int64_t now_ms = clock_now_ms();

    return (struct alert_notice){
        .key = arena_printf(arena, "mentiond/test/%.*s", STR_FMT(target->name)),
        .id = arena_printf(arena, "mentiond/test/%.*s/%lld", STR_FMT(target->name), (long long)now_ms),
        .phase = ALERT_PASSING,
        .severity = ALERT_INFO,
        .event = STR("test"),
        .title = STR("mentiond: a test"),
        .text = STR("This channel can be told. Sent by mentionctl alerts test."),
        .at_ms = now_ms,
        .json =
            arena_printf(arena, "{\"type\":\"test\",\"title\":\"mentiond: a test\",\"at\":%lld,\"data\":{}}",
                         (long long)now_ms),
    };
}

static int send_one(struct trial *trial, struct error *err)
{
    const struct alert_sender sender = {trial->base, trial->http, trial->mail};
    struct alert_notice notice;
    struct arena arena;
    struct str memo;
    int code;

    arena_init(&arena, ALERTER_MESSAGE_MAX);
    notice = test_notice(trial->target, &arena);
    memo = arena_str(&arena, str_from(trial->memo));
    trial->done = false;
    code = alert_send(&sender, trial->target, &notice, memo, &arena, on_sent, trial, &trial->sending, err);
    arena_finish(&arena);
    while (code == 0 && !trial->done)
        event_base_loop(trial->base, EVLOOP_ONCE);
    return code;
}

static int make_trial(struct trial *trial, const struct settings *settings, struct error *err)
{
    const struct http_settings *http = &settings->http_client;
    CLEANUP(free_p) char *agent = str_dup(http->user_agent);
    CLEANUP(free_p) char *ca_file = str_dup(http->ca_file);
    const struct http_options options = {.timeout_ms = http->timeout_ms,
                                         .connect_timeout_ms = http->connect_timeout_ms,
                                         .max_body = http->max_body,
                                         .user_agent = agent,
                                         .ca_file = http->ca_file.len ? ca_file : NULL};

    trial->base = event_base_new();
    if (!trial->base)
        return error_oom(err);
    if (http_client_create(trial->base, &options, &trial->http, err) < 0)
        return err->code;
    return mail_client_create(trial->base, options.ca_file, &trial->mail, err);
}

static void finish_trial(struct trial *trial)
{
    alert_send_cancel(trial->sending);
    mail_client_destroy(trial->mail);
    if (trial->http)
        http_client_destroy(trial->http);
    if (trial->base)
        event_base_free(trial->base);
}

static void print_outcome(struct ctl *ctl, const struct trial *trial)
{
    static const char *const words[] = {[ALERT_DONE] = "taken",
                                        [ALERT_LATER] = "not now, it would be tried again",
                                        [ALERT_AGAIN] = "not taken in another form either",
                                        [ALERT_REFUSED] = "refused for good",
                                        [ALERT_BROKEN] = "broken: somebody has to mend the channel"};
    CLEANUP(buf_finish) struct buf json = BUF_INIT(8192);

    if (!ctl->common.json) {
        out_styled(&ctl->out, STYLE_BOLD, trial->target->name);
        out_printf(&ctl->out, ": %s", words[trial->verdict]);
        out_printf(&ctl->out, trial->reason[0] ? " (" : "");
        out_text(&ctl->out, str_from(trial->reason));
        out_printf(&ctl->out, trial->reason[0] ? ")\n" : "\n");
        return;
    }
    buf_append_str(&json, STR("{\"channel\":"));
    buf_append_json(&json, trial->target->name);
    buf_printf(&json, ",\"taken\":%s,\"outcome\":", trial->verdict == ALERT_DONE ? "true" : "false");
    buf_append_json(&json, str_from(words[trial->verdict]));
    buf_append_str(&json, STR(",\"reason\":"));
    buf_append_json(&json, str_from(trial->reason));
    buf_append_char(&json, '}');
    out_json(&ctl->out, buf_str(&json));
}

static enum exit_code try_channel(struct ctl *ctl, const struct settings *settings,
                                  const struct alert_target *target)
{
    struct trial trial = {.target = target};
    struct error err;
    int code = make_trial(&trial, settings, &err);

    for (int i = 0; code == 0 && i < TESTS_MAX && (i == 0 || trial.verdict == ALERT_AGAIN); i++)
        code = send_one(&trial, &err);
    finish_trial(&trial);
    if (code < 0)
        return ctl_fail(ctl, &err);
    print_outcome(ctl, &trial);
    return trial.verdict == ALERT_DONE ? CTL_DONE : CTL_FAILED;
}

static enum exit_code run_test(struct ctl *ctl, const void *opaque)
{
    const struct alert_target *target;
    struct settings *settings = NULL;
    struct alert_plan *plan = NULL;
    enum exit_code code = alerts_load(ctl, &settings, &plan);

    (void)opaque;
    if (code != CTL_DONE || !plan)
        return code;
    target = alert_target_find(plan->targets, ctl_word(ctl, 0));
    if (target)
        code = try_channel(ctl, settings, target);
    else
        code = ctl_usage(ctl, "alerts.channels has no channel '%s'", ctl_word(ctl, 0).s);
    alert_plan_destroy(plan);
    settings_destroy(settings);
    return code;
}

const struct verb verb_alerts_test = {
    .name = "alerts test",
    .group = GROUP,
    .words = "CHANNEL",
    .min_words = 1,
    .max_words = 1,
    .summary = "Send one test message through a channel, and say what became of it",
    .help = "Sent from here, with the secrets of your environment, past all routes and silences; needs no\n"
            "Redis. The exit code is 0 when the receiver took it, else 1.",
    .run = run_test,
};

/* ---- list ------------------------------------------------------------------------------------- */

static const struct column columns[] = {
    {"CHANNEL", false, 0}, {"OF", false, 0}, {"WAITING", true, 0}, {"SINCE", false, 0}, {"STATE", false, 0},
};

struct waiting {
    size_t n;
    int64_t since_ms;
};

static struct waiting count_waiting(const json_t *channel)
{
    const json_t *letters = json_get(channel, "letters");
    struct waiting w = {0};

    for (size_t i = 0; i < json_array_size(letters); i++) {
        int64_t since_ms = json_get_i64(json_array_get(letters, i), "since", 0);

        if (since_ms <= 0)
            continue;
        w.n++;
        if (w.since_ms == 0 || since_ms < w.since_ms)
            w.since_ms = since_ms;
    }
    return w;
}

struct listing {
    struct table table;
    json_t *json; /* owned: an array */
};

static void add_channel(struct listing *l, const char *name, const char *of, const json_t *channel)
{
    struct waiting w = count_waiting(channel);
    bool failing = json_get_bool(channel, "failing");
    char since[WHEN_TEXT] = "";

    if (w.n)
        when_ago(w.since_ms, clock_now_ms(), since);
    table_cell(&l->table, STYLE_BOLD, str_from(name));
    table_cell(&l->table, STYLE_PLAIN, str_from(of));
    table_cell_printf(&l->table, STYLE_PLAIN, "%zu", w.n);
    table_cell(&l->table, STYLE_PLAIN, str_from(since));
    table_cell(&l->table, failing ? STYLE_ALARM : STYLE_PLAIN, failing ? STR("failing") : STR("works"));
    json_array_append_new(
        l->json, json_pack("{s:s, s:s, s:I, s:o, s:b, s:I}", "channel", name, "of", of, "waiting",
                           (json_int_t)w.n, "since", w.n ? json_integer(w.since_ms) : json_null(), "failing",
                           (int)failing, "failures", (json_int_t)json_get_i64(channel, "failures", 0)));
}

static void add_state(struct listing *l, const char *of, struct str text)
{
    json_t *state = json_loadb(text.s ? text.s : "", text.len, 0, NULL);
    const char *name;
    json_t *channel;

    json_object_foreach((json_t *)json_get(state, "channels"), name, channel)
    {
        add_channel(l, name, of, channel);
    }
    json_decref(state);
}

static int read_key(struct session *s, const char *tail, struct str name, struct redisReply **ret,
                    struct error *err)
{
    CLEANUP(buf_finish) struct buf key = BUF_INIT(512);
    struct str get[] = {STR("GET"), {0}};

    buf_printf(&key, "%.*s:{%.*s}%s", STR_FMT(s->name_space), STR_FMT(name), tail);
    get[1] = buf_str(&key);
    return redis_command_wait(s->redis, ARRAY_LEN(get), get, SESSION_CALL_MS, ret, err);
}

static struct str reply_text(const struct redisReply *reply)
{
    return reply->type == REDIS_REPLY_STRING ? (struct str){reply->str, reply->len} : STR("");
}

static int read_states(struct session *s, struct listing *l, struct error *err)
{
    CLEANUP(free_p) char *brand = str_dup(s->brand);
    struct redisReply *reply;
    struct str state;

    if (read_key(s, ":alerts:state", s->brand, &reply, err) < 0)
        return err->code;
    add_state(l, brand ? brand : "", reply_text(reply));
    freeReplyObject(reply);
    if (read_key(s, ":alerts", STR("@ops"), &reply, err) < 0)
        return err->code;
    str_split(reply_text(reply), '\n', &state);
    add_state(l, "mentiond", state);
    freeReplyObject(reply);
    return 0;
}

static void print_states(struct ctl *ctl, struct listing *l)
{
    if (ctl->common.json) {
        char *text = json_dumps(l->json, JSON_COMPACT);

        out_json(&ctl->out, text ? str_from(text) : STR("[]"));
        free(text);
    } else if (json_array_size(l->json) == 0) {
        ctl_note("nothing has been told yet");
    } else {
        table_print(&l->table, &ctl->out);
    }
}

static enum exit_code run_list(struct ctl *ctl, const void *opaque)
{
    struct listing l = {.json = json_array()};
    enum exit_code code = ctl_open(ctl);
    struct error err;

    (void)opaque;
    table_init(&l.table, columns, ARRAY_LEN(columns));
    if (code == CTL_DONE && read_states(ctl->session, &l, &err) < 0)
        code = ctl_fail(ctl, &err);
    if (code == CTL_DONE)
        print_states(ctl, &l);
    table_finish(&l.table);
    json_decref(l.json);
    return code;
}

const struct verb verb_alerts_list = {
    .name = "alerts list",
    .group = GROUP,
    .words = "",
    .summary = "List channels: what waits for each, since when, and whether it fails",
    .help = "Of the brand's events, and of the daemons' own (OF is mentiond then).",
    .run = run_list,
};
