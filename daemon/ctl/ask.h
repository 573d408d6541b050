/* Asking the queue: arguments as JSON, one call, and its refusals as sentences for people. */
#ifndef CTL_ASK_H
#define CTL_ASK_H

#include "ctl.h"
#include "mentiond/json.h"
#include "session.h"

#define ASK_ARGS_MAX (64 * 1024)
#define ASK_REPLY_MAX (4 * 1024 * 1024)

/* One call: zero-initialise with ask_begin(), add fields, send, read, ask_finish(). */
struct ask {
    struct ctl *ctl;
    const char *function;
    struct str what; /* the id the person gave, for messages; may be empty */
    struct buf args;
    struct buf text; /* the answer */
    struct str json; /* the answer's JSON, in text; empty when null */
    json_t *value;   /* owned; NULL when the answer is null */
};

enum ask_kind {
    ASK_CHANGE, /* carries the agent and a fresh req */
    ASK_LOOK,   /* read-only */
};

/* Opens the session. On anything but CTL_DONE the reason has been told. */
enum exit_code ask_begin(struct ask *ask, struct ctl *ctl, const char *function,
                         enum ask_kind kind);
void ask_finish(struct ask *ask);

void ask_text(struct ask *ask, const char *field,
              struct str value); /* nothing when value.s is NULL */
void ask_i64(struct ask *ask, const char *field, int64_t value);
void ask_raw(struct ask *ask, const char *field, struct str json);
void ask_list(struct ask *ask, const char *field,
              const struct list_arg *list); /* nothing when empty */

/* CTL_DONE: ask->value holds the answer. Else what the queue said has been told (with --json also
 * as a JSON value) and the exit code is what it means. */
enum exit_code ask_send(struct ask *ask, enum ask_kind kind);

#endif
