/* `queue` and `sources`: how much waits, and whether we still hear. */
#include <errno.h>
#include <stdio.h>

#include "ask.h"
#include "mentiond/clock.h"
#include "table.h"
#include "view.h"
#include "when.h"

#define GROUP "Looking"
#define SOURCES_MAX 4096

/* ---- queue ---------------------------------------------------------------------------------- */

static const char *const class_order[] = {"outage", "complaint", "praise", "none"};

static const struct column queue_columns[] = {
    {"CLASS", false, 0},  {"WAITING", true, 0}, {"PRESSING", true, 0},
    {"OVERDUE", true, 0}, {"FIRST", false, 8},
};

static const struct column lane_columns[] = {
    {"LANE", false, 10},  {"WAITING", true, 0}, {"PRESSING", true, 0},
    {"OVERDUE", true, 0}, {"FIRST", false, 8},
};

static void add_number(struct table *t, const json_t *figures, const char *field, enum style style)
{
    int64_t n = json_get_i64(figures, field, 0);

    if (json_get(figures, field))
        table_cell_printf(t, n > 0 ? style : STYLE_PLAIN, "%lld", (long long)n);
    else
        table_cell(t, STYLE_DIM, STR("-"));
}

static void add_figures(struct table *t, const json_t *figures, int64_t now_ms)
{
    int64_t due_ms = json_get_i64(figures, "due_at", 0);
    char due[WHEN_TEXT] = "";

    add_number(t, figures, "waiting", STYLE_BOLD);
    add_number(t, figures, "pressing", STYLE_WARN);
    add_number(t, figures, "overdue", STYLE_ALARM);
    if (due_ms > 0)
        when_due(due_ms, now_ms, due);
    table_cell(t, due_ms < now_ms ? STYLE_ALARM : STYLE_PLAIN, str_from(due));
}

static void print_classes(struct ctl *ctl, const json_t *stats, int64_t now_ms)
{
    const json_t *waiting = json_get(stats, "waiting");
    struct table t;

    table_init(&t, queue_columns, ARRAY_LEN(queue_columns));
    for (size_t i = 0; i < ARRAY_LEN(class_order); i++) {
        table_cell(&t, view_class_style(str_from(class_order[i])), str_from(class_order[i]));
        add_figures(&t, json_get(waiting, class_order[i]), now_ms);
    }
    table_print(&t, &ctl->out);
    table_finish(&t);
}

static void print_lanes(struct ctl *ctl, const json_t *stats, int64_t now_ms)
{
    const json_t *lanes = json_get(stats, "lanes");
    struct table t;

    if (json_array_size(lanes) == 0)
        return;
    out_printf(&ctl->out, "\n");
    table_init(&t, lane_columns, ARRAY_LEN(lane_columns));
    for (size_t i = 0; i < json_array_size(lanes); i++) {
        const json_t *lane = json_array_get(lanes, i);

        table_cell(&t, STYLE_PLAIN, json_get_text(lane, "lane"));
        add_figures(&t, lane, now_ms);
    }
    table_print(&t, &ctl->out);
    table_finish(&t);
}

static void print_agents(struct ctl *ctl, const json_t *stats, int64_t now_ms)
{
    static const struct column columns[] = {
        {"AGENT", false, 8},
        {"HOLDING", true, 0},
        {"WAITING FOR THEM", true, 0},
        {"SEEN", false, 6},
    };
    const json_t *agents = json_get(stats, "agents");
    struct table t;

    if (json_array_size(agents) == 0)
        return;
    out_printf(&ctl->out, "\n");
    table_init(&t, columns, ARRAY_LEN(columns));
    for (size_t i = 0; i < json_array_size(agents); i++) {
        const json_t *agent = json_array_get(agents, i);
        char seen[WHEN_TEXT];

        when_ago(json_get_i64(agent, "seen_at", 0), now_ms, seen);
        table_cell(&t, STYLE_PLAIN, json_get_text(agent, "agent"));
        add_number(&t, agent, "holding", STYLE_BOLD);
        add_number(&t, agent, "own", STYLE_PLAIN);
        table_cell(&t, STYLE_PLAIN, str_from(seen));
    }
    table_print(&t, &ctl->out);
    table_finish(&t);
}

static void print_counts(struct ctl *ctl, const json_t *stats)
{
    const json_t *counts = json_get(stats, "counts");

    out_printf(&ctl->out, "\n%lld claimed, %lld snoozed; so far %lld resolved, %lld dismissed\n",
               (long long)json_get_i64(counts, "now_claimed", 0),
               (long long)json_get_i64(counts, "now_snoozed", 0),
               (long long)json_get_i64(counts, "resolved", 0),
               (long long)json_get_i64(counts, "dismissed", 0));
}

static enum exit_code run_queue(struct ctl *ctl, const void *opaque)
{
    CLEANUP(ask_finish) struct ask ask = {0};
    enum exit_code code = ask_begin(&ask, ctl, "queue_stats", ASK_LOOK);
    int64_t now_ms;

    (void)opaque;
    if (code == CTL_DONE)
        code = ask_send(&ask, ASK_LOOK);
    if (code != CTL_DONE)
        return code;
    if (ctl->common.json) {
        out_json(&ctl->out, ask.json);
        return CTL_DONE;
    }
    now_ms = json_get_i64(ask.value, "now", clock_now_ms());
    print_classes(ctl, ask.value, now_ms);
    print_counts(ctl, ask.value);
    if (ctl->common.verbose) {
        print_agents(ctl, ask.value, now_ms);
        print_lanes(ctl, ask.value, now_ms);
    }
    return CTL_DONE;
}

const struct verb verb_queue = {
    .name = "queue",
    .group = GROUP,
    .words = "",
    .summary = "Show what waits: by class, how much of it is pressing or overdue",
    .help = "Pressing is what has less than half of its time left. With -v also who is here and\n"
            "every lane (tier, class, language, network).",
    .run = run_queue,
};

/* ---- sources -------------------------------------------------------------------------------- */

static const struct column source_columns[] = {
    {"SOURCE", false, 8}, {"TYPE", false, 0},  {"STATE", false, 0},
    {"LAST", false, 0},   {"LAG", false, 0},   {"NEXT", false, 0},
    {"WHY THEN", false, 8}, {"BUDGET", true, 0}, {"NEW", true, 0},
    {"PER H", true, 0},   {"ERRORS", true, 0}, {"ERROR", false, 10},
};

static void add_time(struct table *t, const json_t *source, const char *field, int64_t now_ms)
{
    int64_t at_ms = json_get_i64(source, field, 0);
    char text[WHEN_TEXT] = "never";

    if (at_ms > 0)
        when_ago(at_ms, now_ms, text);
    table_cell(t, at_ms > 0 ? STYLE_PLAIN : STYLE_DIM, str_from(text));
}

static void add_budget(struct table *t, const json_t *source)
{
    int64_t left = json_get_i64(source, "budget_left", -1), limit = json_get_i64(source, "budget_limit", -1);

    if (left < 0)
        table_cell(t, STYLE_DIM, STR("-"));
    else if (limit > 0)
        table_cell_printf(t, left > 0 ? STYLE_PLAIN : STYLE_WARN, "%lld/%lld", (long long)left,
                          (long long)limit);
    else
        table_cell_printf(t, left > 0 ? STYLE_PLAIN : STYLE_WARN, "%lld", (long long)left);
}

static void add_source(struct table *t, const char *name, const json_t *source, int64_t now_ms)
{
    int64_t lag_ms = json_get_i64(source, "lag_ms", -1);
    struct str state = json_get_text(source, "state");
    char lag[32] = "-";

    if (lag_ms >= 0)
        clock_format_span(lag_ms, lag);
    table_cell(t, STYLE_BOLD, str_from(name));
    table_cell(t, STYLE_PLAIN, json_get_text(source, "type"));
    table_cell(t, str_eq(state, STR("ok")) ? STYLE_GOOD : STYLE_WARN, state);
    add_time(t, source, "last_success", now_ms);
    table_cell(t, STYLE_PLAIN, str_from(lag));
    add_time(t, source, str_eq(state, STR("paused")) ? "" : "next_poll", now_ms);
    table_cell(t, STYLE_PLAIN, str_eq(state, STR("paused")) ? STR("") : json_get_text(source, "why"));
    add_budget(t, source);
    add_number(t, source, "new", STYLE_PLAIN);
    table_cell_printf(t, STYLE_PLAIN, "%.1f", (double)json_get_i64(source, "per_hour_x100", 0) / 100);
    add_number(t, source, "errors", STYLE_ALARM);
    table_cell(t, STYLE_ALARM, json_get_text(source, "error"));
}

/* Field "<brand>/<source>" -> JSON; this brand's are kept. A value that is no JSON is shown as
 * such. */
static json_t *sources_of(const struct session *s, const struct redisReply *reply)
{
    json_t *sources = json_object();

    for (size_t i = 0; i + 1 < reply->elements && i < 2 * SOURCES_MAX; i += 2) {
        struct str name = {reply->element[i]->str, reply->element[i]->len};
        struct str value = {reply->element[i + 1]->str, reply->element[i + 1]->len};
        struct str source, brand = str_split(name, '/', &source);
        json_t *health = NULL;
        struct error err;

        if (!str_eq(brand, s->brand))
            continue;
        if (json_page_parse(value, NULL, &health, &err) < 0)
            health = json_pack("{s:s, s:s}", "state", "?", "error", "its health is not readable");
        if (json_object_setn_new(sources, source.s ? source.s : "", source.len, health) < 0)
            break;
    }
    return sources;
}

static int fetch_sources(struct ctl *ctl, json_t **ret_sources, struct error *err)
{
    struct session *s = ctl->session;
    struct redisReply *reply = NULL;
    struct str argv[2] = {STR("HGETALL"), {0}};
    char key[256];
    int r;

    snprintf(key, sizeof(key), "%.*s:{@ops}:sources", STR_FMT(s->name_space));
    argv[1] = str_from(key);
    r = redis_command_wait(s->redis, ARRAY_LEN(argv), argv, SESSION_CALL_MS, &reply, err);
    if (r < 0)
        return error_prefix(err, r, "asking %s for the sources", s->where);
    if (reply->type == REDIS_REPLY_ARRAY)
        *ret_sources = sources_of(s, reply);
    else
        r = error_set(err, -EPROTO, "asking %s for the sources: %.*s", s->where, (int)reply->len,
                      reply->str ? reply->str : "an answer of the wrong kind");
    freeReplyObject(reply);
    return r;
}

static void print_sources(struct ctl *ctl, json_t *sources)
{
    int64_t now_ms = clock_now_ms();
    struct table t;

    if (json_object_size(sources) == 0) {
        ctl_note("no source of brand '%.*s' has ever been polled; is mentiond running?",
                 STR_FMT(ctl->session->brand));
        return;
    }
    table_init(&t, source_columns, ARRAY_LEN(source_columns));
    for (void *at = json_object_iter(sources); at; at = json_object_iter_next(sources, at))
        add_source(&t, json_object_iter_key(at), json_object_iter_value(at), now_ms);
    table_print(&t, &ctl->out);
    table_finish(&t);
}

static enum exit_code run_sources(struct ctl *ctl, const void *opaque)
{
    json_t *sources = NULL;
    enum exit_code code = ctl_open(ctl);
    struct error err;
    char *text;

    (void)opaque;
    if (code != CTL_DONE)
        return code;
    if (fetch_sources(ctl, &sources, &err) < 0)
        return ctl_fail(ctl, &err);
    if (ctl->common.json) {
        text = json_dumps(sources, JSON_COMPACT | JSON_SORT_KEYS);
        out_json(&ctl->out, text ? str_from(text) : STR("{}"));
        free(text);
    } else {
        print_sources(ctl, sources);
    }
    json_decref(sources);
    return CTL_DONE;
}

const struct verb verb_sources = {
    .name = "sources",
    .group = GROUP,
    .words = "",
    .summary = "Show the health of what is listened to",
    .help = "LAST is the last poll that went well, LAG the age of the newest mention when it was\n"
            "fetched, WHY THEN what decides when the next one is, BUDGET what the network or your quota\n"
            "still allows, PER H how many mentions an hour it usually brings.",
    .run = run_sources,
};
