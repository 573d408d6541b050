/* `silence add`, `silence list`, `silence remove`: what nobody is to be told of for a while. */
#include <stdio.h>

#include "ask.h"
#include "mentiond/alert_route.h"
#include "mentiond/clock.h"
#include "table.h"
#include "when.h"

#define GROUP "Alerts"
#define MATCH_MAX 2048 /* bytes, as the queue takes it */

struct silence_args {
    struct list_arg match;
    int64_t from_ms, until_ms;
    struct span_arg for_time;
    struct str reason;
};

/* ---- the matcher ------------------------------------------------------------------------------ */

static const struct option *find_option(struct str key)
{
    const struct option *option = alert_matcher_options;

    while (option->key && !str_eq(key, str_from(option->key)))
        option++;
    return option->key ? option : NULL;
}

static bool check_keys(struct ctl *ctl, const struct list_arg *match)
{
    for (size_t i = 0; i < match->n; i++) {
        struct str value, key = str_split(match->items[i], '=', &value);
        const char *near = str_nearest(key, alert_matcher_options, sizeof(alert_matcher_options[0]));

        if (find_option(key) && value.len)
            continue;
        if (value.len == 0)
            ctl_usage(ctl, "--match '%.*s': wanted: KEY=VALUE", STR_FMT(match->items[i]));
        else
            ctl_usage(ctl, "--match: there is no key '%.*s'%s%s%s", STR_FMT(key),
                      near ? " (did you mean '" : "", near ? near : "", near ? "'?)" : "");
        return false;
    }
    return true;
}

/* A list of all that was said of the key; a number or a duration is the last word. */
static void put_values(struct buf *b, const struct option *option, const struct list_arg *match)
{
    bool is_list = option->kind == OPTION_LIST, any = false;

    for (size_t i = match->n; i-- > 0;) {
        struct str value, key = str_split(match->items[i], '=', &value);

        if (!str_eq(key, str_from(option->key)))
            continue;
        while (value.len && (is_list || !any)) {
            struct str one = is_list ? str_trim(str_split(value, ',', &value)) : value;

            buf_append_str(b, any ? STR(",") : STR(""));
            buf_append_json(b, one);
            any = true;
            if (!is_list)
                break;
        }
    }
}

static bool is_given(const struct option *option, const struct list_arg *match)
{
    for (size_t i = 0; i < match->n; i++) {
        struct str value;

        if (str_eq(str_split(match->items[i], '=', &value), str_from(option->key)))
            return true;
    }
    return false;
}

static void print_match(struct buf *b, const struct list_arg *match)
{
    bool first = true;

    buf_append_char(b, '{');
    for (const struct option *option = alert_matcher_options; option->key; option++) {
        if (!is_given(option, match))
            continue;
        buf_printf(b, "%s\"%s\":%s", first ? "" : ",", option->key, option->kind == OPTION_LIST ? "[" : "");
        put_values(b, option, match);
        buf_append_str(b, option->kind == OPTION_LIST ? STR("]") : STR(""));
        first = false;
    }
    buf_append_char(b, '}');
}

/* As the daemon will read it. */
static int check_match(struct str text, struct error *err)
{
    struct alert_matcher matcher;
    struct arena arena;
    json_t *value = json_loadb(text.s, text.len, 0, NULL);
    int code;

    arena_init(&arena, 65536);
    code = alert_matcher_read(value, &arena, &matcher, err);
    arena_finish(&arena);
    json_decref(value);
    return code;
}

/* ---- adding ----------------------------------------------------------------------------------- */

static enum exit_code send_add(struct ctl *ctl, const struct silence_args *args, struct str match,
                               int64_t until_ms)
{
    CLEANUP(ask_finish) struct ask ask = {0};
    enum exit_code code = ask_begin(&ask, ctl, "silence_add", ASK_CHANGE);
    char until[WHEN_TEXT];

    if (code != CTL_DONE)
        return code;
    ask_text(&ask, "match", match);
    if (args->from_ms)
        ask_i64(&ask, "from", args->from_ms);
    ask_i64(&ask, "until", until_ms);
    ask_text(&ask, "reason", args->reason);
    code = ask_send(&ask, ASK_CHANGE);
    if (code != CTL_DONE)
        return code;
    if (ctl->common.json) {
        out_json(&ctl->out, ask.json);
        return CTL_DONE;
    }
    when_clock(until_ms, clock_now_ms(), until);
    out_styled(&ctl->out, STYLE_BOLD, json_get_text(ask.value, "id"));
    out_printf(&ctl->out, ": quiet until %s\n", until);
    return CTL_DONE;
}

static enum exit_code run_add(struct ctl *ctl, const void *opaque)
{
    const struct silence_args *args = opaque;
    CLEANUP(buf_finish) struct buf match = BUF_INIT(MATCH_MAX);
    int64_t from_ms = args->from_ms ? args->from_ms : clock_now_ms();
    int64_t until_ms = args->for_time.given ? from_ms + args->for_time.ms : args->until_ms;
    struct error err;

    if (args->match.n == 0 || !args->reason.s)
        return ctl_usage(ctl, "what is to be silent, and why? Say --match and --reason");
    if (until_ms <= from_ms || (args->for_time.given && args->until_ms))
        return ctl_usage(ctl, "until when? Say --until or --for");
    if (!check_keys(ctl, &args->match))
        return CTL_USAGE;
    print_match(&match, &args->match);
    if (match.failed)
        return ctl_usage(ctl, "--match: over %d bytes", MATCH_MAX);
    if (check_match(buf_str(&match), &err) < 0)
        return ctl_usage(ctl, "%s", err.text);
    return send_add(ctl, args, buf_str(&match), until_ms);
}

static const struct arg add_args[] = {
    {"match", 'm', ARG_LIST, offsetof(struct silence_args, match), "KEY=VALUE", NULL,
     "What is silent: event, class, topic, place, source, network, agent, id, followers, score, people, "
     "overdue; all must "
     "fit, of several values of a key one"},
    {"from", 0, ARG_TIME, offsetof(struct silence_args, from_ms), "TIME", NULL, "When it begins; else now"},
    {"until", 'u', ARG_TIME, offsetof(struct silence_args, until_ms), "TIME", NULL,
     "When it ends: 2026-11-21T18:30:00Z; without a zone, UTC"},
    {"for", 'f', ARG_SPAN, offsetof(struct silence_args, for_time), "SPAN", NULL,
     "How long: 90s, 20m, 2h, 1d"},
    {"reason", 'r', ARG_TEXT, offsetof(struct silence_args, reason), "TEXT", NULL,
     "Why, for those who wonder"},
    {0},
};

const struct verb verb_silence_add = {
    .name = "silence add",
    .group = GROUP,
    .words = "",
    .args = add_args,
    .args_size = sizeof(struct silence_args),
    .summary = "Keep quiet about some events for a while",
    .help = "Nobody is told of what matches: mentionctl silence add --match topic=login\n"
            "--match event=outage.* --for 2h --reason 'planned work'. What happens meanwhile is in the\n"
            "queue and on the console as always; it is not told afterwards.",
    .run = run_add,
};

/* ---- listing ---------------------------------------------------------------------------------- */

static const struct column columns[] = {
    {"SILENCE", false, 0}, {"FROM", false, 0},    {"UNTIL", false, 0},
    {"MATCH", false, 16},  {"REASON", false, 10}, {"BY", false, 6},
};

static void show_match(const json_t *match, struct buf *b)
{
    const char *key;
    json_t *value;

    json_object_foreach((json_t *)match, key, value)
    {
        buf_printf(b, "%s%s=", b->len ? " " : "", key);
        buf_append_str(b, json_text(value));
        for (size_t i = 0; i < json_array_size(value); i++) {
            buf_append_str(b, i ? STR(",") : STR(""));
            buf_append_str(b, json_text(json_array_get(value, i)));
        }
    }
}

static void add_row(struct table *t, const json_t *one)
{
    CLEANUP(buf_finish) struct buf match = BUF_INIT(2 * MATCH_MAX);
    char from[WHEN_TEXT], until[WHEN_TEXT];

    show_match(json_get(one, "match"), &match);
    when_clock(json_get_i64(one, "from", 0), clock_now_ms(), from);
    when_clock(json_get_i64(one, "until", 0), clock_now_ms(), until);
    table_cell(t, STYLE_BOLD, json_get_text(one, "id"));
    table_cell(t, STYLE_PLAIN, str_from(from));
    table_cell(t, STYLE_PLAIN, str_from(until));
    table_cell(t, STYLE_PLAIN, buf_str(&match));
    table_cell(t, STYLE_PLAIN, json_get_text(one, "reason"));
    table_cell(t, STYLE_PLAIN, json_get_text(one, "by"));
}

static void print_list(struct ctl *ctl, const json_t *list)
{
    struct table t;

    if (json_array_size(list) == 0) {
        ctl_note("no silences; those of the configuration are in alerts.silences");
        return;
    }
    table_init(&t, columns, ARRAY_LEN(columns));
    for (size_t i = 0; i < json_array_size(list); i++)
        add_row(&t, json_array_get(list, i));
    table_print(&t, &ctl->out);
    table_finish(&t);
}

static enum exit_code run_list(struct ctl *ctl, const void *opaque)
{
    CLEANUP(ask_finish) struct ask ask = {0};
    enum exit_code code = ask_begin(&ask, ctl, "silence_list", ASK_LOOK);

    (void)opaque;
    if (code == CTL_DONE)
        code = ask_send(&ask, ASK_LOOK);
    if (code != CTL_DONE)
        return code;
    if (ctl->common.json) {
        char *text = json_dumps(json_get(ask.value, "silences"), JSON_COMPACT);

        out_json(&ctl->out, text ? str_from(text) : STR("[]"));
        free(text);
    } else {
        print_list(ctl, json_get(ask.value, "silences"));
    }
    return CTL_DONE;
}

const struct verb verb_silence_list = {
    .name = "silence list",
    .group = GROUP,
    .words = "",
    .summary = "List what is silenced, until when, by whom and why",
    .run = run_list,
};

/* ---- removing --------------------------------------------------------------------------------- */

static enum exit_code run_remove(struct ctl *ctl, const void *opaque)
{
    CLEANUP(ask_finish) struct ask ask = {0};
    enum exit_code code = ask_begin(&ask, ctl, "silence_remove", ASK_CHANGE);

    (void)opaque;
    if (code != CTL_DONE)
        return code;
    ask.what = ctl_word(ctl, 0);
    ask_text(&ask, "silence", ask.what);
    code = ask_send(&ask, ASK_CHANGE);
    if (code != CTL_DONE)
        return code;
    if (ctl->common.json) {
        out_json(&ctl->out, ask.json);
    } else {
        out_styled(&ctl->out, STYLE_BOLD, ask.what);
        out_printf(&ctl->out, ": removed\n");
    }
    return CTL_DONE;
}

const struct verb verb_silence_remove = {
    .name = "silence remove",
    .group = GROUP,
    .words = "SILENCE",
    .min_words = 1,
    .max_words = 1,
    .summary = "End a silence now",
    .run = run_remove,
};
