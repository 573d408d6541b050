/* `assign`, `escalate`, `reclassify`: somebody else should have it, or it is something else. */
#include "acts.h"
#include "view.h"

#define GROUP "Passing on"

static void say_passed(struct ctl *ctl, const json_t *answer)
{
    struct str owner = json_get_text(answer, "owner");

    act_say_id(ctl, answer);
    if (owner.len == 0) {
        out_printf(&ctl->out, "waits for a lead\n");
        return;
    }
    out_printf(&ctl->out, "now with ");
    out_text(&ctl->out, owner);
    out_printf(&ctl->out, ", ");
    act_say_until(ctl, answer, "lease_until");
}

static void say_reclassified(struct ctl *ctl, const json_t *answer)
{
    struct str from = json_get_text(answer, "from"), class = json_get_text(answer, "class");

    act_say_id(ctl, answer);
    out_text(&ctl->out, from.len ? from : STR("none"));
    out_printf(&ctl->out, " -> ");
    out_styled(&ctl->out, view_class_style(class), class);
    out_printf(&ctl->out, "\n");
}

static void fill_to(struct ask *ask, const struct act_args *args)
{
    ask_text(ask, "to", args->to);
}

static enum exit_code run_assign(struct ctl *ctl, const void *opaque)
{
    static const struct act act = {"mention_assign", HELD_CASE, fill_to, say_passed};
    const struct act_args *args = opaque;

    if (!args->to.s)
        return ctl_usage(ctl, "to whom? Say --to AGENT");
    return act_on(ctl, &act, ctl_word(ctl, 0), args);
}

static const struct arg to_args[] = {
    {"to", 't', ARG_TEXT, offsetof(struct act_args, to), "AGENT", NULL, "Who gets it"},
    {0},
};

const struct verb verb_assign = {
    .name = "assign",
    .group = GROUP,
    .words = "[ID]",
    .max_words = 1,
    .args = to_args,
    .args_size = sizeof(struct act_args),
    .summary = "Give a conversation to a colleague",
    .run = run_assign,
};

static enum exit_code run_escalate(struct ctl *ctl, const void *opaque)
{
    static const struct act act = {"mention_escalate", HELD_CASE, fill_to, say_passed};

    return act_on(ctl, &act, ctl_word(ctl, 0), opaque);
}

const struct verb verb_escalate = {
    .name = "escalate",
    .group = GROUP,
    .words = "[ID]",
    .max_words = 1,
    .args = to_args,
    .args_size = sizeof(struct act_args),
    .summary = "Give a conversation to the leads, or to the one named",
    .run = run_escalate,
};

static enum exit_code run_reclassify(struct ctl *ctl, const void *opaque)
{
    static const char *const classes[] = {"outage", "complaint", "praise", "none", NULL};
    static const struct act act = {"mention_reclassify", HELD_MENTION, NULL, say_reclassified};
    CLEANUP(ask_finish) struct ask ask = {0};
    struct str class = ctl_word(ctl, ctl->words.n - 1);
    struct str given = ctl->words.n == 2 ? ctl_word(ctl, 0) : (struct str){NULL, 0};
    enum mention_class known;
    char storage[MENTION_ID_MAX + 1];
    enum exit_code code;
    struct str id;

    if (!mention_class_parse(class, &known)) {
        const char *near = str_nearest(class, classes, sizeof(classes[0]));

        return ctl_usage(ctl, "'%.*s' is none of outage, complaint, praise, none%s%s%s",
                         STR_FMT(class), near ? " (did you mean '" : "", near ? near : "",
                         near ? "'?)" : "");
    }
    code = held_target(ctl, given, act.unit, storage, &id);
    if (code == CTL_DONE)
        code = ask_begin(&ask, ctl, act.function, ASK_CHANGE);
    if (code != CTL_DONE)
        return code;
    ask.what = id;
    ask_text(&ask, "id", id);
    ask_text(&ask, "class", class);
    return act_send(ctl, &act, &ask, opaque);
}

const struct verb verb_reclassify = {
    .name = "reclassify",
    .group = GROUP,
    .words = "[ID] CLASS",
    .min_words = 1,
    .max_words = 2,
    .args_size = sizeof(struct act_args),
    .summary = "Correct the verdict: outage, complaint, praise or none",
    .help = "Corrections are counted for each rule: they are how the rules get better. 'none'\n"
            "takes the mention out of the queue.",
    .run = run_reclassify,
};
