/* `watch`: what happens to the brand's mentions, one line an event, until interrupted. */
#include <errno.h>
#include <stdio.h>

#include "ctl.h"
#include "stream.h"
#include "view.h"
#include "when.h"
#include "mentiond/clock.h"

struct watch_args {
    struct str since;
    struct list_arg types;
};

struct watch {
    struct ctl *ctl;
    const struct watch_args *args;
};

static struct str field_of(const struct str *fields, size_t n_fields, const char *name)
{
    for (size_t i = 0; i + 1 < n_fields; i += 2) {
        if (str_eq(fields[i], str_from(name)))
            return fields[i + 1];
    }
    return STR("");
}

static bool is_wanted(const struct watch_args *args, struct str type)
{
    for (size_t i = 0; i < args->types.n; i++) {
        if (str_eq(args->types.items[i], type))
            return true;
    }
    return args->types.n == 0;
}

static void print_json(struct out *out, struct str id, const struct str *fields, size_t n_fields)
{
    CLEANUP(buf_finish) struct buf json = BUF_INIT(OUT_MAX);

    buf_append_str(&json, STR("{\"entry\":"));
    buf_append_json(&json, id);
    for (size_t i = 0; i + 1 < n_fields; i += 2) {
        buf_append_char(&json, ',');
        buf_append_json(&json, fields[i]);
        buf_append_char(&json, ':');
        buf_append_json(&json, fields[i + 1]);
    }
    buf_append_char(&json, '}');
    out_json(out, buf_str(&json));
}

/* Those in the line's fixed part, and those that say nothing to people. */
static bool is_shown_elsewhere(struct str name)
{
    static const char *const names[] = {"type", "id",    "class",      "by",
                                        "case", "words", "created_at", "fetched_at"};

    for (size_t i = 0; i < ARRAY_LEN(names); i++) {
        if (str_eq(name, str_from(names[i])))
            return true;
    }
    return false;
}

static void print_time(struct out *out, struct str entry)
{
    struct str rest, ms_text = str_split(entry, '-', &rest);
    char stamp[WHEN_TEXT] = "?";
    int64_t ms;

    if (str_to_i64(ms_text, 0, INT64_MAX, &ms))
        when_stamp(ms, stamp);
    out_printf(out, "%s  ", stamp);
}

static void print_value(struct out *out, struct str name, struct str value, int64_t now_ms)
{
    static const char *const times[] = {"until", "due_at"};
    char clock[WHEN_TEXT];
    int64_t ms;

    out_printf(out, "  ");
    out_text(out, name);
    out_printf(out, "=");
    for (size_t i = 0; i < ARRAY_LEN(times); i++) {
        if (str_eq(name, str_from(times[i])) && str_to_i64(value, 1, INT64_MAX, &ms)) {
            when_clock(ms, now_ms, clock);
            out_printf(out, "%s", clock);
            return;
        }
    }
    out_text(out, value);
}

static void print_line(struct out *out, struct str entry, const struct str *fields, size_t n_fields)
{
    struct str class = field_of(fields, n_fields, "class");
    struct str by = field_of(fields, n_fields, "by");
    int64_t now_ms = clock_now_ms();

    print_time(out, entry);
    out_styled(out, STYLE_BOLD, field_of(fields, n_fields, "type"));
    if (class.len) {
        out_printf(out, "  ");
        out_styled(out, view_class_style(class), class);
    }
    out_printf(out, "  ");
    out_text(out, field_of(fields, n_fields, "id"));
    if (by.len) {
        out_printf(out, "  by ");
        out_text(out, by);
    }
    for (size_t i = 0; i + 1 < n_fields; i += 2) {
        if (fields[i + 1].len && !is_shown_elsewhere(fields[i]))
            print_value(out, fields[i], fields[i + 1], now_ms);
    }
    out_printf(out, "\n");
}

static void on_entry(void *user, struct str id, const struct str *fields, size_t n_fields)
{
    const struct watch *w = user;

    if (!is_wanted(w->args, field_of(fields, n_fields, "type")))
        return;
    if (w->ctl->common.json)
        print_json(&w->ctl->out, id, fields, n_fields);
    else
        print_line(&w->ctl->out, id, fields, n_fields);
}

static void note_gap(struct ctl *ctl, struct stream *stream)
{
    if (stream->passed_over)
        ctl_note("some events were cut off the stream before they were read here%s",
                 ctl->common.verbose ? " (events.keep in the configuration)" : "");
    stream->passed_over = false;
}

static enum exit_code follow(struct ctl *ctl, struct stream *stream)
{
    struct error err;

    while (!ctl->session->interrupted) {
        if (stream_read(stream, 0, &err) < 0 || out_flush(&ctl->out, &err) < 0)
            return ctl_fail(ctl, &err);
        out_check_reader(&ctl->out);
        note_gap(ctl, stream);
    }
    return CTL_INTERRUPTED;
}

static bool is_entry_id(struct str text)
{
    struct str rest, first = str_split(text, '-', &rest);
    int64_t number;

    return rest.s && str_to_i64(first, 0, INT64_MAX, &number) &&
           str_to_i64(rest, 0, INT64_MAX, &number) && text.len < STREAM_ID_MAX;
}

/* "0", an entry's id, a time, or a span of time back from now. */
static int find_start(struct str since, char ret_position[STREAM_ID_MAX], struct error *err)
{
    int64_t at_ms, span_ms;

    if (str_eq(since, STR("0"))) {
        at_ms = 0;
    } else if (is_entry_id(since)) {
        snprintf(ret_position, STREAM_ID_MAX, "%.*s", STR_FMT(since));
        return 0;
    } else if (when_parse_span(since, &span_ms)) {
        at_ms = clock_now_ms() - span_ms;
    } else if (!clock_parse_iso(since, &at_ms)) {
        return error_set(err, -EINVAL,
                         "--since: '%.*s' is no time; write 10m, 2026-11-21T18:30:00Z or an "
                         "entry's id",
                         STR_FMT(since));
    }
    snprintf(ret_position, STREAM_ID_MAX, "%lld-0", (long long)(at_ms < 0 ? 0 : at_ms));
    return 0;
}

static enum exit_code run_watch(struct ctl *ctl, const void *opaque)
{
    const struct watch_args *args = opaque;
    struct watch watch = {ctl, args};
    struct stream *stream;
    char start[STREAM_ID_MAX];
    enum exit_code code;
    struct error err;

    if (args->since.s && find_start(args->since, start, &err) < 0)
        return ctl_usage(ctl, "%s", err.text);
    code = ctl_open(ctl);
    if (code != CTL_DONE)
        return code;
    if (session_catch_interrupt(ctl->session, &err) < 0)
        return ctl_fail(ctl, &err);
    stream = stream_open(ctl->session, args->since.s ? start : NULL, &err);
    if (!stream)
        return ctl_fail(ctl, &err);
    stream->on_entry = on_entry;
    stream->user = &watch;
    return follow(ctl, stream);
}

static const struct arg watch_args[] = {
    {"since", 's', ARG_TEXT, offsetof(struct watch_args, since), "WHEN", NULL,
     "Begin in the past: 10m, a time, 0 for all there is, or an entry's id"},
    {"type", 't', ARG_LIST, offsetof(struct watch_args, types), "TYPE", NULL,
     "Only events of this type; may be given again"},
    {0},
};

const struct verb verb_watch = {
    .name = "watch",
    .group = "Looking",
    .words = "",
    .args = watch_args,
    .args_size = sizeof(struct watch_args),
    .summary = "Follow what happens, one line an event",
    .help =
        "Ends with Ctrl-C (exit code 130). With --json a line is an object whose \"entry\" can be\n"
        "given to --since, to go on where a script stopped.",
    .run = run_watch,
};
