/* What the agent holds; verbs that are given no ID mean that. */
#ifndef CTL_HELD_H
#define CTL_HELD_H

#include "ask.h"
#include "mentiond/mention.h"

enum held_unit {
    HELD_MENTION, /* the verb acts on one mention */
    HELD_CASE,    /* the verb acts on the conversation: any mention of it will do */
};

/* Asks the queue what the agent holds; the answer's "mine". */
enum exit_code held_ask(struct ctl *ctl, struct ask *ask);
void held_print(struct ctl *ctl, const json_t *answer);
void held_print_json(struct ctl *ctl, const json_t *answer);

/* The ID given on the command line (s NULL: none), else the single thing the agent holds (kept in
 * storage). When that is not clear, lists what they hold and answers CTL_FAILED. */
enum exit_code held_target(struct ctl *ctl, struct str given, enum held_unit unit,
                           char storage[MENTION_ID_MAX + 1], struct str *ret_id);

#endif
