/* The machinery under the acting verbs: which mention is meant, the call, and the sentence
 * afterwards. */
#include "acts.h"

#include <stdio.h>

#include "mentiond/clock.h"
#include "when.h"

enum exit_code act_send(struct ctl *ctl, const struct act *act, struct ask *ask,
                        const struct act_args *args)
{
    enum exit_code code;

    if (act->fill)
        act->fill(ask, args);
    code = ask_send(ask, ASK_CHANGE);
    if (code != CTL_DONE)
        return code;
    if (ctl->common.json)
        out_json(&ctl->out, ask->json);
    else
        act->say(ctl, ask->value);
    return CTL_DONE;
}

enum exit_code act_on(struct ctl *ctl, const struct act *act, struct str given,
                      const struct act_args *args)
{
    CLEANUP(ask_finish) struct ask ask = {0};
    enum held_unit unit = args->whole_case ? HELD_CASE : act->unit;
    char storage[MENTION_ID_MAX + 1];
    enum exit_code code;
    struct str id;

    code = held_target(ctl, given, unit, storage, &id);
    if (code == CTL_DONE)
        code = ask_begin(&ask, ctl, act->function, ASK_CHANGE);
    if (code != CTL_DONE)
        return code;
    ask.what = id;
    ask_text(&ask, args->whole_case ? "case" : "id", id);
    return act_send(ctl, act, &ask, args);
}

void act_say_id(struct ctl *ctl, const json_t *answer)
{
    out_styled(&ctl->out, STYLE_BOLD, json_get_text(answer, "id"));
    out_printf(&ctl->out, ": ");
}

void act_say_until(struct ctl *ctl, const json_t *answer, const char *field)
{
    int64_t until_ms = json_get_i64(answer, field, 0), now_ms = clock_now_ms();
    char clock[WHEN_TEXT], in[WHEN_TEXT];

    when_clock(until_ms, now_ms, clock);
    when_ago(until_ms, now_ms, in);
    out_printf(&ctl->out, "until %s (%s)\n", clock, in);
}

void act_say_mentions(struct ctl *ctl, const json_t *answer, const char *field, const char *done)
{
    int64_t n = json_get_i64(answer, field, 0);

    act_say_id(ctl, answer);
    out_printf(&ctl->out, "%s", done);
    if (n > 1)
        out_printf(&ctl->out, ", with %lld others", (long long)n - 1);
}

void act_say_yours(struct ctl *ctl, const json_t *answer)
{
    act_say_id(ctl, answer);
    out_printf(&ctl->out, "yours ");
    act_say_until(ctl, answer, "lease_until");
}
