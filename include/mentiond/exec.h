/* Programs run for us: argv as given (no shell), text on standard input, its output taken. A program gets
 * a process group of its own, so that all of it can be ended; its output and its time are limited.
 * Callbacks run from the loop. */
#ifndef MENTIOND_EXEC_H
#define MENTIOND_EXEC_H

#include <event2/event.h>

#include "mentiond/error.h"
#include "mentiond/str.h"

#define EXEC_ENV_MAX 64 /* variables set besides those it inherits; further ones are not */
#define EXEC_TIMEOUT_DEFAULT_MS 60000

struct exec_request {
    const char *const *argv; /* NULL-terminated */
    const char *const *env;  /* "NAME=value", NULL-terminated: before what it inherits; may be NULL */
    struct str stdin_text;
    int64_t timeout_ms;      /* 0: EXEC_TIMEOUT_DEFAULT_MS */
    int64_t max_output;      /* bytes; a program that prints more is ended */
};

/* Borrowed for the callback. */
struct exec_result {
    int exit_status;        /* 0..255, -signal */
    struct str output;      /* its standard output */
    struct str stderr_line; /* the last line of standard error, "" if there is none */
};

struct exec_child;

/* Once for each started program that was not cancelled: the result, or NULL and an
 * error (-ETIMEDOUT, -EFBIG). */
typedef void exec_done_fn(void *user, const struct exec_result *result, const struct error *err);

/* Copies the input text; the rest is needed for the call only. *ret is valid until the callback. Errors: why
 * it cannot be run, with its name. */
int exec_start(struct event_base *base, const struct exec_request *request, exec_done_fn *done, void *user,
               struct exec_child **ret, struct error *err);
/* Ends it; no callback will come. NULL is accepted. */
void exec_cancel(struct exec_child *child);

#endif
