/* What the tests of config share: all that is said about a text, as one string. */
#ifndef CONFIG_TESTING_H
#define CONFIG_TESTING_H

#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <stdio.h>
#include <cmocka.h>

#include "mentiond/config.h"

/* All complaints with excerpts and the summary line; the caller frees. */
static inline char *printed(const struct diag *d)
{
    char *text = NULL;
    size_t len;
    FILE *out = open_memstream(&text, &len);

    assert_non_null(out);
    diag_print(d, "c.yaml", out);
    fclose(out);
    return text;
}

static inline void assert_printed(const struct diag *d, const char *want)
{
    char *text = printed(d);

    assert_string_equal(text, want);
    free(text);
}

#endif
