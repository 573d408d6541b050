/* The head of an HTTP request, as the server reads it. */
#ifndef MENTIOND_NET_HTTP_HEAD_H
#define MENTIOND_NET_HTTP_HEAD_H

#include <stdbool.h>
#include <stdint.h>

#include "mentiond/str.h"

#define HTTP_HEAD_FIELDS_MAX 64
#define HTTP_HEAD_PATH_MAX 512 /* bytes, decoded */

struct http_head {
    struct str method, query; /* borrowed from the text, as are the fields; the query is not decoded */
    char path_text[HTTP_HEAD_PATH_MAX];
    size_t path_len; /* decoded once; begins with '/', has neither NUL nor control characters */
    struct {
        struct str name, value;
    } fields[HTTP_HEAD_FIELDS_MAX];
    size_t n_fields;
    int64_t content_length; /* -1: none */
    bool expects_continue;
};

static inline struct str http_head_path(const struct http_head *head)
{
    return (struct str){head->path_text, head->path_len};
}

/* `text` ends with its empty line. 0, or the status to refuse it with and why in *ret_why (static). Only what
 * can be read in one way is taken: CRLF at each end of line, no folded lines, no chunked bodies. */
int http_head_parse(struct str text, struct http_head *ret, const char **ret_why);

/* Case-insensitive; {NULL, 0} if absent, the first where it is repeated. */
struct str http_head_field(const struct http_head *head, struct str name);

#endif
