/* `outages guards` and `outages maintenance`: what the detector is told by people. */
#include <stdio.h>

#include "ask.h"
#include "mentiond/clock.h"
#include "table.h"
#include "when.h"

#define GROUP "Outages"

struct window_args {
    struct str topic, note;
    int64_t from_ms, until_ms;
};

/* ---- lists ------------------------------------------------------------------------------------ */

static void add_span(struct table *t, const json_t *one)
{
    int64_t now_ms = clock_now_ms();
    char from[WHEN_TEXT], until[WHEN_TEXT];

    when_clock(json_get_i64(one, "from", 0), now_ms, from);
    when_clock(json_get_i64(one, "until", 0), now_ms, until);
    table_cell(t, STYLE_PLAIN, str_from(from));
    table_cell(t, STYLE_PLAIN, str_from(until));
    table_cell(t, STYLE_PLAIN, json_get_text(one, "topic"));
}

static void add_guard(struct table *t, const json_t *one)
{
    table_cell(t, STYLE_BOLD, json_get_text(one, "id"));
    add_span(t, one);
    table_cell(t, STYLE_PLAIN, json_text(json_array_get(json_get(one, "places"), 0)));
    table_cell(t, STYLE_PLAIN, json_get_text(one, "why"));
    table_cell(t, STYLE_PLAIN, json_get_text(one, "outage"));
    table_cell(t, STYLE_PLAIN, json_get_text(one, "by"));
}

static void add_window(struct table *t, const json_t *one)
{
    table_cell(t, STYLE_BOLD, json_get_text(one, "id"));
    add_span(t, one);
    table_cell(t, STYLE_PLAIN, json_get_text(one, "note"));
    table_cell(t, STYLE_PLAIN, json_get_text(one, "by"));
}

static const struct column guard_columns[] = {
    {"GUARD", false, 0}, {"FROM", false, 0}, {"UNTIL", false, 0},  {"TOPIC", false, 0},
    {"PLACE", false, 0}, {"WHY", false, 0},  {"OUTAGE", false, 0}, {"BY", false, 6},
};

static const struct column window_columns[] = {
    {"WINDOW", false, 0}, {"FROM", false, 0},  {"UNTIL", false, 0},
    {"TOPIC", false, 0},  {"NOTE", false, 10}, {"BY", false, 6},
};

struct listing {
    const char *field, *none;
    const struct column *columns;
    size_t n_columns;
    void (*add)(struct table *t, const json_t *one);
};

static const struct listing guards = {"guards", "no guards", guard_columns, ARRAY_LEN(guard_columns),
                                      add_guard};
static const struct listing windows = {"maintenance", "no announced work", window_columns,
                                       ARRAY_LEN(window_columns), add_window};

static void print_json(struct ctl *ctl, const json_t *list)
{
    char *text = json_dumps(list, JSON_COMPACT);

    out_json(&ctl->out, text ? str_from(text) : STR("[]"));
    free(text);
}

static void print_list(struct ctl *ctl, const struct listing *l, const json_t *list)
{
    struct table t;

    if (json_array_size(list) == 0) {
        ctl_note("%s", l->none);
        return;
    }
    table_init(&t, l->columns, l->n_columns);
    for (size_t i = 0; i < json_array_size(list); i++)
        l->add(&t, json_array_get(list, i));
    table_print(&t, &ctl->out);
    table_finish(&t);
}

static enum exit_code run_listing(struct ctl *ctl, const struct listing *l)
{
    CLEANUP(ask_finish) struct ask ask = {0};
    enum exit_code code = ask_begin(&ask, ctl, "outage_guards", ASK_LOOK);

    if (code == CTL_DONE)
        code = ask_send(&ask, ASK_LOOK);
    if (code != CTL_DONE)
        return code;
    if (ctl->common.json)
        print_json(ctl, json_get(ask.value, l->field));
    else
        print_list(ctl, l, json_get(ask.value, l->field));
    return CTL_DONE;
}

static enum exit_code run_guards(struct ctl *ctl, const void *opaque)
{
    (void)opaque;
    return run_listing(ctl, &guards);
}

const struct verb verb_outages_guards = {
    .name = "outages guards",
    .group = GROUP,
    .words = "",
    .summary = "List what rejected outages have taught: the like is harder to open",
    .run = run_guards,
};

static enum exit_code run_maintenance(struct ctl *ctl, const void *opaque)
{
    (void)opaque;
    return run_listing(ctl, &windows);
}

const struct verb verb_outages_maintenance = {
    .name = "outages maintenance",
    .group = GROUP,
    .words = "",
    .summary = "List announced work: what is reported then opens no outage",
    .run = run_maintenance,
};

/* ---- changing --------------------------------------------------------------------------------- */

static enum exit_code send_change(struct ctl *ctl, struct ask *ask, const char *field, const char *done)
{
    enum exit_code code = ask_send(ask, ASK_CHANGE);

    if (code != CTL_DONE)
        return code;
    if (ctl->common.json) {
        out_json(&ctl->out, ask->json);
    } else {
        out_styled(&ctl->out, STYLE_BOLD, json_get_text(ask->value, field));
        out_printf(&ctl->out, ": %s\n", done);
    }
    return CTL_DONE;
}

static enum exit_code remove_one(struct ctl *ctl, const char *function, const char *field)
{
    CLEANUP(ask_finish) struct ask ask = {0};
    enum exit_code code = ask_begin(&ask, ctl, function, ASK_CHANGE);

    if (code != CTL_DONE)
        return code;
    ask.what = ctl_word(ctl, 0);
    ask_text(&ask, field, ask.what);
    return send_change(ctl, &ask, "removed", "removed");
}

static enum exit_code run_guard_remove(struct ctl *ctl, const void *opaque)
{
    (void)opaque;
    return remove_one(ctl, "guard_remove", "guard");
}

const struct verb verb_outages_guards_remove = {
    .name = "outages guards remove",
    .group = GROUP,
    .words = "GUARD",
    .min_words = 1,
    .max_words = 1,
    .summary = "Take a guard away",
    .run = run_guard_remove,
};

static enum exit_code run_maintenance_remove(struct ctl *ctl, const void *opaque)
{
    (void)opaque;
    return remove_one(ctl, "maintenance_remove", "maintenance");
}

const struct verb verb_outages_maintenance_remove = {
    .name = "outages maintenance remove",
    .group = GROUP,
    .words = "WINDOW",
    .min_words = 1,
    .max_words = 1,
    .summary = "Take a window of announced work away",
    .run = run_maintenance_remove,
};

static enum exit_code run_maintenance_add(struct ctl *ctl, const void *opaque)
{
    const struct window_args *args = opaque;
    CLEANUP(ask_finish) struct ask ask = {0};
    enum exit_code code;

    if (args->from_ms <= 0 || args->until_ms <= args->from_ms)
        return ctl_usage(ctl,
                         "from when until when? Say --from and --until, the second later than the first");
    code = ask_begin(&ask, ctl, "maintenance_add", ASK_CHANGE);
    if (code != CTL_DONE)
        return code;
    ask_i64(&ask, "from", args->from_ms);
    ask_i64(&ask, "until", args->until_ms);
    ask_text(&ask, "topic", args->topic);
    ask_text(&ask, "note", args->note);
    return send_change(ctl, &ask, "id", "reports of it open no outage then");
}

static const struct arg window_args[] = {
    {"from", 0, ARG_TIME, offsetof(struct window_args, from_ms), "TIME", NULL,
     "When the work begins: 2026-11-21T18:30:00Z; without a zone, UTC"},
    {"until", 0, ARG_TIME, offsetof(struct window_args, until_ms), "TIME", NULL, "When it ends"},
    {"topic", 't', ARG_TEXT, offsetof(struct window_args, topic), "TOPIC", NULL,
     "What is worked on: login, payments, …; else all of the brand"},
    {"note", 'n', ARG_TEXT, offsetof(struct window_args, note), "TEXT", NULL, "What it is"},
    {0},
};

const struct verb verb_outages_maintenance_add = {
    .name = "outages maintenance add",
    .group = GROUP,
    .words = "",
    .args = window_args,
    .args_size = sizeof(struct window_args),
    .summary = "Announce work",
    .run = run_maintenance_add,
};
