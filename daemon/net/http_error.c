/* What a failed transfer is called: curl has 99 codes, callers tell five cases apart (see http.h).
 * What is not in the table is -EPROTO: the peer did something that is not HTTP as we accept it. */
#include "http_error.h"

#include <errno.h>

static const struct result {
    CURLcode code;
    int error;
} results[] = {
    {CURLE_COULDNT_RESOLVE_HOST, -EHOSTUNREACH}, {CURLE_COULDNT_RESOLVE_PROXY, -EHOSTUNREACH},
    {CURLE_COULDNT_CONNECT, -ECONNREFUSED},      {CURLE_OPERATION_TIMEDOUT, -ETIMEDOUT},
    {CURLE_FILESIZE_EXCEEDED, -EFBIG},           {CURLE_OUT_OF_MEMORY, -ENOMEM},
};

static int connect_error(long os_error)
{
    switch (os_error) {
    case ENETUNREACH:
    case EHOSTUNREACH: return -EHOSTUNREACH;
    case ETIMEDOUT: return -ETIMEDOUT;
    default: return -ECONNREFUSED;
    }
}

int http_error_from_curl(CURLcode code, long os_error, const char *text, size_t body_len,
                         struct error *err)
{
    int error = -EPROTO;

    for (size_t i = 0; i < ARRAY_LEN(results); i++) {
        if (results[i].code == code)
            error = results[i].error;
    }
    if (code == CURLE_COULDNT_CONNECT && os_error != 0)
        return error_errno(err, -connect_error(os_error), "connect");
    if (code == CURLE_PARTIAL_FILE)
        return error_set(err, -EPROTO, "cut off after %zu bytes", body_len);
    return error_set(err, error, "%s", *text ? text : curl_easy_strerror(code));
}
