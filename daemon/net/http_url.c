/* URLs: parsed by curl's URL interface, so that what we compare is what curl will connect to.
 *
 * Only http_url_for_log() takes a text apart by itself: it must also work for texts that are no
 * URL, and never show a user, a password or a query. */
#include "http_url.h"

#include <ctype.h>
#include <errno.h>
#include <stdio.h>

#include "mentiond/http.h"

static void curl_free_p(void *pointer)
{
    curl_free(*(void **)pointer);
}

/* NULL when there is none or no memory. Free with curl_free(). */
static char *url_part(CURLU *url, CURLUPart part, unsigned flags)
{
    char *text = NULL;

    return curl_url_get(url, part, &text, flags) == CURLUE_OK ? text : NULL;
}

static bool scheme_is(CURLU *url, const char *scheme)
{
    CLEANUP(curl_free_p) char *text = url_part(url, CURLUPART_SCHEME, 0);

    return text && strcmp(text, scheme) == 0;
}

static int url_check(CURLU *url, int code, struct error *err)
{
    CLEANUP(curl_free_p) char *host = url_part(url, CURLUPART_HOST, 0);

    if (!scheme_is(url, "http") && !scheme_is(url, "https"))
        return error_set(err, code, "the URL is neither http nor https");
    if (!host || !*host)
        return error_set(err, code, "the URL has no host");
    return 0;
}

int http_url_parse(struct str text, CURLU **ret_url, struct error *err)
{
    CLEANUP(free_p) char *copy = NULL;
    CURLU *url;
    CURLUcode code;
    int r;

    if (text.len == 0 || text.len > HTTP_URL_MAX || memchr(text.s, '\0', text.len))
        return error_set(err, -EINVAL, "the URL is empty, has a NUL in it, or is over %d bytes",
                         HTTP_URL_MAX);
    copy = str_dup(text);
    url = curl_url();
    if (!copy || !url) {
        curl_url_cleanup(url);
        return error_oom(err);
    }
    code = curl_url_set(url, CURLUPART_URL, copy, 0);
    if (code != CURLUE_OK)
        r = error_set(err, -EINVAL, "%s", curl_url_strerror(code));
    else
        r = url_check(url, -EINVAL, err);
    if (r < 0) {
        curl_url_cleanup(url);
        return r;
    }
    *ret_url = url;
    return 0;
}

static bool parts_equal(CURLU *a, CURLU *b, CURLUPart part)
{
    CLEANUP(curl_free_p) char *of_a = url_part(a, part, CURLU_DEFAULT_PORT);
    CLEANUP(curl_free_p) char *of_b = url_part(b, part, CURLU_DEFAULT_PORT);

    return of_a && of_b && str_eq_nocase(str_from(of_a), str_from(of_b));
}

static bool origins_equal(CURLU *a, CURLU *b)
{
    return parts_equal(a, b, CURLUPART_SCHEME) && parts_equal(a, b, CURLUPART_HOST) &&
           parts_equal(a, b, CURLUPART_PORT);
}

static int url_resolve(CURLU *url, CURLU *from, const char *location, bool *ret_other_origin,
                       struct error *err)
{
    CURLUcode code = curl_url_set(url, CURLUPART_URL, location, CURLU_URLENCODE);
    int r;

    if (code != CURLUE_OK)
        return error_set(err, -EPROTO, "%s", curl_url_strerror(code));
    r = url_check(url, -EPROTO, err);
    if (r < 0)
        return r;
    if (scheme_is(from, "https") && !scheme_is(url, "https"))
        return error_set(err, -EPROTO, "from https to http, refused");
    *ret_other_origin = !origins_equal(from, url);
    if (*ret_other_origin) {
        curl_url_set(url, CURLUPART_USER, NULL, 0);
        curl_url_set(url, CURLUPART_PASSWORD, NULL, 0);
        curl_url_set(url, CURLUPART_OPTIONS, NULL, 0);
    }
    return 0;
}

int http_url_follow(CURLU *from, struct str location, CURLU **ret_url, bool *ret_other_origin,
                    struct error *err)
{
    CLEANUP(free_p) char *copy = NULL;
    CURLU *url;
    int r;

    if (location.len > HTTP_URL_MAX)
        return error_set(err, -EPROTO, "redirected to a URL of over %d bytes", HTTP_URL_MAX);
    copy = str_dup(location);
    url = curl_url_dup(from);
    if (!copy || !url)
        r = error_oom(err);
    else
        r = url_resolve(url, from, copy, ret_other_origin, err);
    if (r < 0) {
        curl_url_cleanup(url);
        return error_prefix(err, r, "redirected");
    }
    *ret_url = url;
    return 0;
}

/* ---- for logs ------------------------------------------------------------------------------- */

static struct str cut_at_any(struct str text, const char *stops)
{
    for (size_t i = 0; i < text.len; i++) {
        if (strchr(stops, text.s[i])) /* the NUL at the end of `stops` counts too */
            return str_slice(text, 0, i);
    }
    return text;
}

static struct str after_last_at(struct str text)
{
    for (size_t i = text.len; i > 0; i--) {
        if (text.s[i - 1] == '@')
            return str_slice(text, i, text.len);
    }
    return text;
}

/* False for what is no host and port: part of a password with a '/' in it, say. */
static bool authority_is_plain(struct str authority)
{
    size_t digits = authority.len;

    while (digits > 0 && isdigit((unsigned char)authority.s[digits - 1]))
        digits--;
    for (size_t i = 0; i < authority.len; i++) {
        if (authority.s[i] == ':' && authority.s[0] != '[' && i + 1 != digits)
            return false;
    }
    return authority.len > 0;
}

static struct str text_make_safe(char *text, size_t len)
{
    for (size_t i = 0; i < len; i++) {
        if (iscntrl((unsigned char)text[i]))
            text[i] = '?';
    }
    return (struct str){text, len};
}

struct str http_url_for_log(struct str url, char *storage, size_t storage_size)
{
    size_t at = str_find(url, STR("://"));
    struct str scheme, rest, authority, path;
    size_t len;

    if (storage_size == 0)
        return (struct str){"", 0};
    if (url.len == 0 || at == SIZE_MAX || at > 8) {
        snprintf(storage, storage_size, "(no URL)");
        return str_from(storage);
    }
    scheme = str_slice(url, 0, at);
    rest = cut_at_any(str_slice(url, at + 3, url.len), "?#");
    authority = cut_at_any(rest, "/\\");
    path = str_slice(rest, authority.len, rest.len);
    authority = after_last_at(authority);
    if (!authority_is_plain(authority)) {
        authority = STR("(no host)");
        path = STR("");
    }
    snprintf(storage, storage_size, "%.*s://%.*s", STR_FMT(scheme), STR_FMT(authority));
    len = strlen(storage);
    path = str_cut_utf8(path, storage_size - 1 - len);
    memcpy(storage + len, path.s, path.len);
    storage[len + path.len] = '\0';
    return text_make_safe(storage, len + path.len);
}
