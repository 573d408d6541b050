/* `outages` and what is done with one: show, explain, ack, confirm, reject, resolve, missed. Each is one call
 * of the queue with the outage's id. */
#include "mentiond/clock.h"
#include "outage_view.h"
#include "when.h"

#define GROUP "Outages"

struct outage_args {
    struct str state, note, status_url, why, outcome, cause, reply_url, topic, place;
    struct span_arg for_time;
    int64_t eta_ms, at_ms;
};

/* One call: `fill` adds fields, `say` prints the answer where --json was not given. */
struct deed {
    const char *function;
    enum ask_kind kind;
    void (*fill)(struct ask *ask, const struct outage_args *args);
    void (*say)(struct ctl *ctl, const json_t *answer);
};

static enum exit_code run_deed(struct ctl *ctl, const struct deed *deed, const struct outage_args *args)
{
    CLEANUP(ask_finish) struct ask ask = {0};
    enum exit_code code = ask_begin(&ask, ctl, deed->function, deed->kind);

    if (code != CTL_DONE)
        return code;
    if (ctl->words.n) {
        ask.what = ctl_word(ctl, 0);
        ask_text(&ask, "outage", ask.what);
    }
    if (deed->fill)
        deed->fill(&ask, args);
    code = ask_send(&ask, deed->kind);
    if (code != CTL_DONE)
        return code;
    if (ctl->common.json)
        out_json(&ctl->out, ask.json);
    else
        deed->say(ctl, ask.value);
    return CTL_DONE;
}

static void say_id(struct ctl *ctl, const json_t *answer)
{
    out_styled(&ctl->out, STYLE_BOLD, json_get_text(answer, "id"));
    out_printf(&ctl->out, ": ");
}

/* ---- looking ---------------------------------------------------------------------------------- */

static void fill_state(struct ask *ask, const struct outage_args *args)
{
    ask_text(ask, "state", args->state);
}

static enum exit_code run_list(struct ctl *ctl, const void *opaque)
{
    static const struct deed deed = {"outage_list", ASK_LOOK, fill_state, outage_view_list};

    return run_deed(ctl, &deed, opaque);
}

static const char *const state_choices[] = {"open", "over", "all", NULL};

static const struct arg list_args[] = {
    {"state", 's', ARG_CHOICE, offsetof(struct outage_args, state), "STATE", state_choices, "Only these"},
    {0},
};

const struct verb verb_outages = {
    .name = "outages",
    .group = GROUP,
    .words = "",
    .args = list_args,
    .args_size = sizeof(struct outage_args),
    .summary = "List outages, the newest first, and how good we were at them",
    .run = run_list,
};

static enum exit_code run_show(struct ctl *ctl, const void *opaque)
{
    static const struct deed deed = {"outage_get", ASK_LOOK, NULL, outage_view};

    return run_deed(ctl, &deed, opaque);
}

const struct verb verb_outages_show = {
    .name = "outages show",
    .group = GROUP,
    .words = "OUTAGE",
    .min_words = 1,
    .max_words = 1,
    .summary = "Show one: what, where, since when, how many people, its curve, examples",
    .help = "The curve has a bar for each minute (or more of them, where they do not fit); what is more\n"
            "than ordinary chatter would bring stands out in colour.",
    .run = run_show,
};

static enum exit_code run_explain(struct ctl *ctl, const void *opaque)
{
    static const struct deed deed = {"outage_get", ASK_LOOK, NULL, outage_view_why};

    return run_deed(ctl, &deed, opaque);
}

const struct verb verb_outages_explain = {
    .name = "outages explain",
    .group = GROUP,
    .words = "OUTAGE",
    .min_words = 1,
    .max_words = 1,
    .summary = "Say why it opened: the counts, what was expected, who weighed less and why",
    .run = run_explain,
};

/* ---- acting ----------------------------------------------------------------------------------- */

static void fill_ack(struct ask *ask, const struct outage_args *args)
{
    ask_text(ask, "note", args->note);
    ask_text(ask, "status_url", args->status_url);
    if (args->eta_ms > 0)
        ask_i64(ask, "eta", args->eta_ms);
}

static void say_acked(struct ctl *ctl, const json_t *answer)
{
    say_id(ctl, answer);
    out_printf(&ctl->out, "acknowledged; everybody with one of its mentions sees that\n");
}

static enum exit_code run_ack(struct ctl *ctl, const void *opaque)
{
    static const struct deed deed = {"outage_ack", ASK_CHANGE, fill_ack, say_acked};

    return run_deed(ctl, &deed, opaque);
}

static const struct arg ack_args[] = {
    {"note", 'n', ARG_TEXT, offsetof(struct outage_args, note), "TEXT", NULL,
     "What every agent should know and may say"},
    {"status-url", 0, ARG_TEXT, offsetof(struct outage_args, status_url), "URL", NULL,
     "Where customers can read about it"},
    {"eta", 0, ARG_TIME, offsetof(struct outage_args, eta_ms), "TIME", NULL, "When it should be over"},
    {0},
};

const struct verb verb_outages_ack = {
    .name = "outages ack",
    .group = GROUP,
    .words = "OUTAGE",
    .min_words = 1,
    .max_words = 1,
    .args = ack_args,
    .args_size = sizeof(struct outage_args),
    .summary = "Say that somebody is on it; again: what is given replaces",
    .run = run_ack,
};

static void fill_at(struct ask *ask, const struct outage_args *args)
{
    ask_i64(ask, "at", args->at_ms);
}

static void say_confirmed(struct ctl *ctl, const json_t *answer)
{
    int64_t led_ms = json_get_i64(answer, "led_ms", 0);
    char span[32];

    clock_format_span(led_ms < 0 ? -led_ms : led_ms, span);
    say_id(ctl, answer);
    out_printf(&ctl->out, "confirmed, told %s %s\n", span, led_ms < 0 ? "later" : "earlier");
}

static enum exit_code run_confirm(struct ctl *ctl, const void *opaque)
{
    static const struct deed deed = {"outage_confirm", ASK_CHANGE, fill_at, say_confirmed};
    const struct outage_args *args = opaque;

    if (args->at_ms <= 0)
        return ctl_usage(ctl, "when did it begin, by the status page? Say --at");
    return run_deed(ctl, &deed, args);
}

static const struct arg confirm_args[] = {
    {"at", 0, ARG_TIME, offsetof(struct outage_args, at_ms), "TIME", NULL,
     "When it really began: 2026-11-21T18:30:00Z; without a zone, UTC"},
    {0},
};

const struct verb verb_outages_confirm = {
    .name = "outages confirm",
    .group = GROUP,
    .words = "OUTAGE",
    .min_words = 1,
    .max_words = 1,
    .args = confirm_args,
    .args_size = sizeof(struct outage_args),
    .summary = "Say when it really began; the score card counts the minutes",
    .run = run_confirm,
};

static void fill_why(struct ask *ask, const struct outage_args *args)
{
    ask_text(ask, "why", args->why);
    if (args->for_time.given)
        ask_i64(ask, "for", args->for_time.ms);
}

static void say_rejected(struct ctl *ctl, const json_t *answer)
{
    say_id(ctl, answer);
    out_printf(&ctl->out,
               "no outage; its mentions go back, and the like is harder to open for a while (guard %.*s)\n",
               STR_FMT(json_get_text(answer, "guard")));
}

static enum exit_code run_reject(struct ctl *ctl, const void *opaque)
{
    static const struct deed deed = {"outage_reject", ASK_CHANGE, fill_why, say_rejected};
    const struct outage_args *args = opaque;

    if (!args->why.s)
        return ctl_usage(ctl, "what was it, then? Say --why");
    return run_deed(ctl, &deed, args);
}

static const char *const why_choices[] = {"joke", "campaign", "other-brand", "flood", "maintenance", NULL};

static const struct arg reject_args[] = {
    {"why", 'w', ARG_CHOICE, offsetof(struct outage_args, why), "WHY", why_choices, "What it was instead"},
    {"for", 'f', ARG_SPAN, offsetof(struct outage_args, for_time), "TIME", NULL,
     "How long the like is guarded against; else 24 hours"},
    {0},
};

const struct verb verb_outages_reject = {
    .name = "outages reject",
    .group = GROUP,
    .words = "OUTAGE",
    .min_words = 1,
    .max_words = 1,
    .args = reject_args,
    .args_size = sizeof(struct outage_args),
    .summary = "Say that it is no outage, and what it was",
    .run = run_reject,
};

static void fill_outcome(struct ask *ask, const struct outage_args *args)
{
    ask_text(ask, "outcome", args->outcome);
    ask_text(ask, "cause", args->cause);
    ask_text(ask, "note", args->note);
    ask_text(ask, "reply_url", args->reply_url);
}

static void say_resolved(struct ctl *ctl, const json_t *answer)
{
    int64_t left = json_get_i64(answer, "left", 0);

    say_id(ctl, answer);
    out_printf(&ctl->out, "resolved, with %lld mentions", (long long)json_get_i64(answer, "ended", 0));
    if (left > 0)
        out_printf(&ctl->out, "; %lld more follow within seconds", (long long)left);
    out_printf(&ctl->out, "\n");
}

static enum exit_code run_resolve(struct ctl *ctl, const void *opaque)
{
    static const struct deed deed = {"outage_resolve", ASK_CHANGE, fill_outcome, say_resolved};
    const struct outage_args *args = opaque;

    if (!args->outcome.s)
        return ctl_usage(ctl, "how did it end? Say --outcome");
    return run_deed(ctl, &deed, args);
}

static const char *const outcome_choices[] = {"fixed",   "answered",  "compensated",
                                              "refused", "duplicate", NULL};

static const struct arg resolve_args[] = {
    {"outcome", 'o', ARG_CHOICE, offsetof(struct outage_args, outcome), "HOW", outcome_choices,
     "How it ended"},
    {"cause", 0, ARG_TEXT, offsetof(struct outage_args, cause), "CAUSE", NULL,
     "What it came from, in a word or two"},
    {"note", 'n', ARG_TEXT, offsetof(struct outage_args, note), "TEXT", NULL,
     "What others should know about it"},
    {"reply-url", 0, ARG_TEXT, offsetof(struct outage_args, reply_url), "URL", NULL, "The public answer"},
    {0},
};

const struct verb verb_outages_resolve = {
    .name = "outages resolve",
    .group = GROUP,
    .words = "OUTAGE",
    .min_words = 1,
    .max_words = 1,
    .args = resolve_args,
    .args_size = sizeof(struct outage_args),
    .summary = "End all that waits in it; what comes later ends as a duplicate",
    .run = run_resolve,
};

static void fill_missed(struct ask *ask, const struct outage_args *args)
{
    CLEANUP(buf_finish) struct buf places = BUF_INIT(4096);

    fill_at(ask, args);
    ask_text(ask, "topic", args->topic);
    ask_text(ask, "note", args->note);
    if (!args->place.s)
        return;
    buf_append_char(&places, '[');
    buf_append_json(&places, args->place);
    buf_append_char(&places, ']');
    ask_raw(ask, "places", buf_str(&places));
}

static void say_missed(struct ctl *ctl, const json_t *answer)
{
    say_id(ctl, answer);
    out_printf(&ctl->out, "counted as missed\n");
}

static enum exit_code run_missed(struct ctl *ctl, const void *opaque)
{
    static const struct deed deed = {"outage_missed", ASK_CHANGE, fill_missed, say_missed};
    const struct outage_args *args = opaque;

    if (args->at_ms <= 0)
        return ctl_usage(ctl, "when did it begin? Say --at");
    return run_deed(ctl, &deed, args);
}

static const struct arg missed_args[] = {
    {"at", 0, ARG_TIME, offsetof(struct outage_args, at_ms), "TIME", NULL, "When it began"},
    {"topic", 't', ARG_TEXT, offsetof(struct outage_args, topic), "TOPIC", NULL,
     "What was down: login, payments, …"},
    {"place", 'p', ARG_TEXT, offsetof(struct outage_args, place), "PLACE", NULL,
     "Where, a code of the places file"},
    {"note", 'n', ARG_TEXT, offsetof(struct outage_args, note), "TEXT", NULL,
     "What others should know about it"},
    {0},
};

const struct verb verb_outages_missed = {
    .name = "outages missed",
    .group = GROUP,
    .words = "",
    .args = missed_args,
    .args_size = sizeof(struct outage_args),
    .summary = "Say that there was an outage which nobody here found",
    .run = run_missed,
};
