/* `resolve`, `dismiss`, `reopen`, `snooze`: what becomes of a mention. */
#include "acts.h"
#include "mentiond/clock.h"

#define GROUP "Ending"

static void say_left(struct ctl *ctl, const json_t *answer)
{
    int64_t left = json_get_i64(answer, "left", 0);

    if (left > 0)
        out_printf(&ctl->out, ", %lld more of this conversation %s ('mentionctl claim' gets %s)",
                   (long long)left, left == 1 ? "waits" : "wait", left == 1 ? "it" : "them");
    out_printf(&ctl->out, "\n");
}

static void say_resolved(struct ctl *ctl, const json_t *answer)
{
    act_say_mentions(ctl, answer, "resolved", "resolved");
    say_left(ctl, answer);
}

static void say_dismissed(struct ctl *ctl, const json_t *answer)
{
    act_say_mentions(ctl, answer, "dismissed", "dismissed");
    say_left(ctl, answer);
}

static void say_snoozed(struct ctl *ctl, const json_t *answer)
{
    act_say_id(ctl, answer);
    out_printf(&ctl->out, "snoozed ");
    act_say_until(ctl, answer, "wake_at");
}

static void fill_outcome(struct ask *ask, const struct act_args *args)
{
    ask_text(ask, "outcome", args->outcome);
    ask_text(ask, "cause", args->cause);
    ask_text(ask, "note", args->note);
    ask_text(ask, "reply_url", args->reply_url);
}

static enum exit_code run_resolve(struct ctl *ctl, const void *opaque)
{
    static const struct act act = {"mention_resolve", HELD_MENTION, fill_outcome, say_resolved};
    const struct act_args *args = opaque;

    if (!args->outcome.s)
        return ctl_usage(ctl, "how did it end? Say --outcome");
    return act_on(ctl, &act, ctl_word(ctl, 0), args);
}

static const char *const outcome_choices[] = {
    "fixed", "answered", "compensated", "refused", "duplicate", NULL,
};

static const struct arg resolve_args[] = {
    {"outcome", 'o', ARG_CHOICE, offsetof(struct act_args, outcome), "HOW", outcome_choices,
     "How it ended"},
    {"cause", 0, ARG_TEXT, offsetof(struct act_args, cause), "CAUSE", NULL,
     "What it came from, in a word or two: 'billing', 'router firmware'"},
    {"note", 'n', ARG_TEXT, offsetof(struct act_args, note), "TEXT", NULL,
     "What others should know about it"},
    {"reply-url", 0, ARG_TEXT, offsetof(struct act_args, reply_url), "URL", NULL,
     "The public answer"},
    {"case", 0, ARG_FLAG, offsetof(struct act_args, whole_case), NULL, NULL,
     "All of the conversation that you were shown"},
    {0},
};

const struct verb verb_resolve = {
    .name = "resolve",
    .group = GROUP,
    .words = "[ID]",
    .max_words = 1,
    .args = resolve_args,
    .args_size = sizeof(struct act_args),
    .summary = "Say how it ended",
    .run = run_resolve,
};

static void fill_reason(struct ask *ask, const struct act_args *args)
{
    ask_text(ask, "reason", args->reason);
}

static enum exit_code run_dismiss(struct ctl *ctl, const void *opaque)
{
    static const struct act act = {"mention_dismiss", HELD_MENTION, fill_reason, say_dismissed};

    return act_on(ctl, &act, ctl_word(ctl, 0), opaque);
}

static const struct arg dismiss_args[] = {
    {"reason", 0, ARG_TEXT, offsetof(struct act_args, reason), "WORDS", NULL, "Why it is no work"},
    {"case", 0, ARG_FLAG, offsetof(struct act_args, whole_case), NULL, NULL,
     "All of the conversation"},
    {0},
};

const struct verb verb_dismiss = {
    .name = "dismiss",
    .group = GROUP,
    .words = "[ID]",
    .max_words = 1,
    .args = dismiss_args,
    .args_size = sizeof(struct act_args),
    .summary = "Say that there is nothing to do about it",
    .run = run_dismiss,
};

static enum exit_code run_reopen(struct ctl *ctl, const void *opaque)
{
    static const struct act act = {"mention_reopen", HELD_MENTION, NULL, act_say_yours};

    return act_on(ctl, &act, ctl_word(ctl, 0), opaque);
}

const struct verb verb_reopen = {
    .name = "reopen",
    .group = GROUP,
    .words = "ID",
    .min_words = 1,
    .max_words = 1,
    .args_size = sizeof(struct act_args),
    .summary = "Take back a resolve or dismiss of the last ten minutes (a lead: at any time)",
    .run = run_reopen,
};

static void fill_snooze(struct ask *ask, const struct act_args *args)
{
    if (args->for_time.given)
        ask_i64(ask, "for", args->for_time.ms);
    else
        ask_i64(ask, "wake_at", args->until_ms);
}

static enum exit_code run_snooze(struct ctl *ctl, const void *opaque)
{
    static const struct act act = {"mention_snooze", HELD_MENTION, fill_snooze, say_snoozed};
    const struct act_args *args = opaque;

    if (args->for_time.given == (args->until_ms > 0))
        return ctl_usage(ctl, "until when? Say either --for or --until");
    if (args->until_ms > 0 && args->until_ms <= clock_now_ms())
        return ctl_usage(ctl, "--until: that time has passed already");
    return act_on(ctl, &act, ctl_word(ctl, 0), args);
}

static const struct arg snooze_args[] = {
    {"for", 'f', ARG_SPAN, offsetof(struct act_args, for_time), "TIME", NULL,
     "So long: 90m, 2h, 1d"},
    {"until", 'u', ARG_TIME, offsetof(struct act_args, until_ms), "TIME", NULL,
     "Until then: 2026-11-21T18:30:00Z; without a zone, UTC"},
    {0},
};

const struct verb verb_snooze = {
    .name = "snooze",
    .group = GROUP,
    .words = "[ID]",
    .max_words = 1,
    .args = snooze_args,
    .args_size = sizeof(struct act_args),
    .summary = "Put it aside; it comes back to you",
    .run = run_snooze,
};
