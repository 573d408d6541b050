/* `renew` and `release`: keeping a conversation, or giving it back. */
#include "acts.h"

#define GROUP "Working"

static void say_released(struct ctl *ctl, const json_t *answer)
{
    if (json_get(answer, "id"))
        act_say_mentions(ctl, answer, "released", "back in the queue");
    else
        out_printf(&ctl->out, "%lld mentions of %lld conversations back in the queue",
                   (long long)json_get_i64(answer, "released", 0),
                   (long long)json_get_i64(answer, "cases", 0));
    out_printf(&ctl->out, "\n");
}

static void fill_lease(struct ask *ask, const struct act_args *args)
{
    if (args->lease.given)
        ask_i64(ask, "lease", args->lease.ms);
}

static enum exit_code run_renew(struct ctl *ctl, const void *opaque)
{
    static const struct act act = {"mention_renew", HELD_CASE, fill_lease, act_say_yours};

    return act_on(ctl, &act, ctl_word(ctl, 0), opaque);
}

static const struct arg renew_args[] = {
    {"lease", 0, ARG_SPAN, offsetof(struct act_args, lease), "TIME", NULL,
     "Hold it so long from now, instead of as long as before"},
    {0},
};

const struct verb verb_renew = {
    .name = "renew",
    .group = GROUP,
    .words = "[ID]",
    .max_words = 1,
    .args = renew_args,
    .args_size = sizeof(struct act_args),
    .summary = "Hold a conversation longer",
    .run = run_renew,
};

static void fill_all(struct ask *ask, const struct act_args *args)
{
    if (args->all)
        ask_raw(ask, "all", STR("true"));
}

static enum exit_code run_release(struct ctl *ctl, const void *opaque)
{
    static const struct act act = {"mention_release", HELD_CASE, fill_all, say_released};
    const struct act_args *args = opaque;
    CLEANUP(ask_finish) struct ask ask = {0};
    enum exit_code code;

    if (!args->all)
        return act_on(ctl, &act, ctl_word(ctl, 0), args);
    if (ctl->words.n)
        return ctl_usage(ctl, "an ID and --all exclude each other");
    code = ask_begin(&ask, ctl, act.function, ASK_CHANGE);
    return code == CTL_DONE ? act_send(ctl, &act, &ask, args) : code;
}

static const struct arg release_args[] = {
    {"all", 'a', ARG_FLAG, offsetof(struct act_args, all), NULL, NULL,
     "Everything you hold: the end of a shift"},
    {0},
};

const struct verb verb_release = {
    .name = "release",
    .group = GROUP,
    .words = "[ID]",
    .max_words = 1,
    .args = release_args,
    .args_size = sizeof(struct act_args),
    .summary = "Give a conversation back to the queue, to its old place",
    .run = run_release,
};
