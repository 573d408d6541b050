/* Errors carry their story up: functions return 0 or a negative errno and fill a struct error;
 * each caller may put its own context in front. The one that decides what happens next logs it.
 *
 * A finished text reads: "source 'tags': GET /api/v1/timelines/tag/acme: cut off after 812 bytes". */
#ifndef MENTIOND_ERROR_H
#define MENTIOND_ERROR_H

#include <stdarg.h>

#include "mentiond/base.h"

#define ERROR_TEXT_MAX 1024 /* bytes with the NUL; longer stories are cut at their end */

struct error {
    int code;                  /* 0, or a negative errno */
    char text[ERROR_TEXT_MAX]; /* UTF-8, "outer context: inner cause" */
};

/* Fills `err` (NULL is accepted) and returns `code`, a negative errno. */
int error_set(struct error *err, int code, const char *fmt, ...) PRINTF_LIKE(3, 4);

/* Puts "<formatted>: " in front of what `err` holds and returns `code`. */
int error_prefix(struct error *err, int code, const char *fmt, ...) PRINTF_LIKE(3, 4);

/* "<formatted>: <strerror(errno_value)>"; returns -errno_value. */
int error_errno(struct error *err, int errno_value, const char *fmt, ...) PRINTF_LIKE(3, 4);

/* -ENOMEM with the usual words. */
int error_oom(struct error *err);

#endif
