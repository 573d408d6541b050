/* Error texts: a code and the story of how it came about, outermost context first. A text that does
 * not fit is cut at its end, on a character: the beginning says what was attempted. */
#include "mentiond/error.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "mentiond/str.h"

static void cut_to_fit(struct error *err, int wanted_len)
{
    if (wanted_len >= (int)sizeof(err->text)) {
        struct str whole = str_cut_utf8(str_from(err->text), sizeof(err->text) - 4);

        memcpy(err->text + whole.len, "...", 4);
    }
}

int error_set(struct error *err, int code, const char *fmt, ...)
{
    va_list args;

    if (err) {
        err->code = code;
        va_start(args, fmt);
        cut_to_fit(err, vsnprintf(err->text, sizeof(err->text), fmt, args));
        va_end(args);
    }
    return code;
}

int error_prefix(struct error *err, int code, const char *fmt, ...)
{
    char cause[ERROR_TEXT_MAX];
    va_list args;
    int len;

    if (!err)
        return code;
    memcpy(cause, err->text, sizeof(cause));
    err->code = code;
    va_start(args, fmt);
    len = vsnprintf(err->text, sizeof(err->text), fmt, args);
    va_end(args);
    if (len >= 0 && len < (int)sizeof(err->text))
        len += snprintf(err->text + len, sizeof(err->text) - (size_t)len, ": %s", cause);
    cut_to_fit(err, len);
    return code;
}

int error_errno(struct error *err, int errno_value, const char *fmt, ...)
{
    char context[ERROR_TEXT_MAX / 2];
    va_list args;

    va_start(args, fmt);
    vsnprintf(context, sizeof(context), fmt, args);
    va_end(args);
    return error_set(err, -errno_value, "%s: %s", context, strerror(errno_value));
}

int error_oom(struct error *err)
{
    return error_set(err, -ENOMEM, "out of memory");
}
