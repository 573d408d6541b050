/* Acting on a mention or conversation: one call of the queue, from what to send and what to say. */
#ifndef CTL_ACTS_H
#define CTL_ACTS_H

#include "ask.h"
#include "held.h"

/* The options of all acting verbs; each verb's table fills those it has. */
struct act_args {
    struct str outcome, cause, note, reply_url, reason, to;
    struct span_arg lease, for_time;
    int64_t until_ms;
    bool all, whole_case;
};

struct act {
    const char *function;
    enum held_unit unit;
    void (*fill)(struct ask *ask, const struct act_args *args); /* adds fields; may be NULL */
    void (*say)(struct ctl *ctl, const json_t *answer);         /* without --json */
};

/* On the mention (or conversation) named by `given`, else on the single one held. */
enum exit_code act_on(struct ctl *ctl, const struct act *act, struct str given,
                      const struct act_args *args);

/* The rest of it: fills, sends and says, for a call that ask_begin() has begun. */
enum exit_code act_send(struct ctl *ctl, const struct act *act, struct ask *ask,
                        const struct act_args *args);

/* "<id>: " */
void act_say_id(struct ctl *ctl, const json_t *answer);
/* "until 18:40 (in 20m)" and a newline. */
void act_say_until(struct ctl *ctl, const json_t *answer, const char *field);
/* "<id>: resolved", and ", with 2 others" when `field` counts them. */
void act_say_mentions(struct ctl *ctl, const json_t *answer, const char *field, const char *done);
/* "<id>: yours until ..." */
void act_say_yours(struct ctl *ctl, const json_t *answer);

#endif
