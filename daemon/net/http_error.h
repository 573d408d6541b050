/* curl's result codes as ours. */
#ifndef NET_HTTP_ERROR_H
#define NET_HTTP_ERROR_H

#include <curl/curl.h>

#include "mentiond/error.h"

/* Fills `err` and returns its negative errno. `text` is curl's error buffer, "" if it said nothing.
 */
int http_error_from_curl(CURLcode code, long os_error, const char *text, size_t body_len,
                         struct error *err);

#endif
