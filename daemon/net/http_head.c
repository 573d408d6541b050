/* Reads the head of an HTTP request: pure, and strict. What two programs could understand differently
 * (a bare line feed, a folded line, two lengths, a length beside a transfer coding, a path with a NUL
 * in it) is refused, so that a proxy before us and we never disagree on where a request ends or whom
 * it is for. */
#include "http_head.h"

#include <ctype.h>

#include "mentiond/codec.h"

enum {
    BAD_REQUEST = 400,
    LENGTH_REQUIRED = 411,
    URI_TOO_LONG = 414,
    FIELDS_TOO_LARGE = 431,
    BAD_VERSION = 505
};

static int refuse(int status, const char *why, const char **ret_why)
{
    *ret_why = why;
    return status;
}

static bool is_token(struct str text)
{
    for (size_t i = 0; i < text.len; i++) {
        unsigned char c = (unsigned char)text.s[i];

        if (c >= 0x80 || !(isalnum(c) || strchr("!#$%&'*+-.^_`|~", c)) || c == '\0')
            return false;
    }
    return text.len > 0;
}

static bool has_controls(struct str text)
{
    for (size_t i = 0; i < text.len; i++) {
        unsigned char c = (unsigned char)text.s[i];

        if ((c < 0x20 && c != '\t') || c == 0x7f)
            return true;
    }
    return false;
}

/* The next line without its CRLF; false if it ends otherwise. */
static bool next_line(struct str *rest, struct str *ret_line)
{
    struct str line = str_split(*rest, '\n', rest);

    if (line.len == 0 || line.s[line.len - 1] != '\r')
        return false;
    *ret_line = str_slice(line, 0, line.len - 1);
    return true;
}

/* ---- the first line ------------------------------------------------------------------------- */

/* False for what is no path: the end of an escape is missing, or it stands for a control character. */
static bool path_add(struct http_head *head, struct str text, size_t *at)
{
    int high, low, c = (unsigned char)text.s[*at];

    if (c == '%') {
        if (text.len - *at < 3)
            return false;
        high = hex_value(text.s[*at + 1]);
        low = hex_value(text.s[*at + 2]);
        if (high < 0 || low < 0)
            return false;
        c = high * 16 + low;
        *at += 2;
    }
    if (c < 0x20 || c == 0x7f)
        return false;
    head->path_text[head->path_len++] = (char)c;
    return true;
}

static int parse_target(struct str target, struct http_head *head, const char **ret_why)
{
    struct str path = str_split(target, '?', &head->query);

    if (path.len == 0 || path.s[0] != '/')
        return refuse(BAD_REQUEST, "the target is no path", ret_why);
    for (size_t i = 0; i < path.len; i++) {
        if (head->path_len == HTTP_HEAD_PATH_MAX)
            return refuse(URI_TOO_LONG, "the path is too long", ret_why);
        if (!path_add(head, path, &i))
            return refuse(BAD_REQUEST, "the path has a character that is no part of one", ret_why);
    }
    return 0;
}

static int parse_first(struct str line, struct http_head *head, const char **ret_why)
{
    struct str rest, target, version;

    head->method = str_split(line, ' ', &rest);
    target = str_split(rest, ' ', &version);
    if (!is_token(head->method) || has_controls(line) || memchr(line.s, '\t', line.len))
        return refuse(BAD_REQUEST, "not an HTTP request", ret_why);
    if (!str_eq(version, STR("HTTP/1.1")) && !str_eq(version, STR("HTTP/1.0")))
        return str_starts_with(version, STR("HTTP/"))
                   ? refuse(BAD_VERSION, "only HTTP/1.1 is spoken here", ret_why)
                   : refuse(BAD_REQUEST, "not an HTTP request", ret_why);
    return parse_target(target, head, ret_why);
}

/* ---- fields --------------------------------------------------------------------------------- */

static int parse_field(struct str line, struct http_head *head, const char **ret_why)
{
    struct str value, name = str_split(line, ':', &value);

    if (!is_token(name) || !value.s || has_controls(value))
        return refuse(BAD_REQUEST, "a header cannot be read", ret_why);
    if (head->n_fields == HTTP_HEAD_FIELDS_MAX)
        return refuse(FIELDS_TOO_LARGE, "too many headers", ret_why);
    head->fields[head->n_fields].name = name;
    head->fields[head->n_fields++].value = str_trim(value);
    return 0;
}

static size_t count_fields(const struct http_head *head, struct str name)
{
    size_t n = 0;

    for (size_t i = 0; i < head->n_fields; i++)
        n += str_eq_nocase(head->fields[i].name, name);
    return n;
}

static int read_length(struct http_head *head, const char **ret_why)
{
    size_t n = count_fields(head, STR("Content-Length"));
    struct str text = http_head_field(head, STR("Content-Length"));

    head->content_length = -1;
    if (count_fields(head, STR("Transfer-Encoding")))
        return n ? refuse(BAD_REQUEST, "a length and a transfer coding", ret_why)
                 : refuse(LENGTH_REQUIRED, "a body needs a Content-Length", ret_why);
    if (n == 0)
        return 0;
    for (size_t i = 0; i < text.len; i++) {
        if (!isdigit((unsigned char)text.s[i]))
            return refuse(BAD_REQUEST, "Content-Length is no number", ret_why);
    }
    if (n > 1 || !str_to_i64(text, 0, INT64_MAX, &head->content_length))
        return refuse(BAD_REQUEST, "Content-Length is no number", ret_why);
    return 0;
}

struct str http_head_field(const struct http_head *head, struct str name)
{
    for (size_t i = 0; i < head->n_fields; i++) {
        if (str_eq_nocase(head->fields[i].name, name))
            return head->fields[i].value;
    }
    return (struct str){0};
}

int http_head_parse(struct str text, struct http_head *ret, const char **ret_why)
{
    struct str rest = text, line;
    int status;

    ret->path_len = ret->n_fields = 0;
    if (!next_line(&rest, &line))
        return refuse(BAD_REQUEST, "not an HTTP request", ret_why);
    status = parse_first(line, ret, ret_why);
    while (status == 0) {
        if (!next_line(&rest, &line))
            return refuse(BAD_REQUEST, "a line does not end as HTTP's do", ret_why);
        if (line.len == 0)
            break;
        status = parse_field(line, ret, ret_why);
    }
    if (status == 0)
        status = read_length(ret, ret_why);
    ret->expects_continue =
        status == 0 && str_eq_nocase(http_head_field(ret, STR("Expect")), STR("100-continue"));
    return status;
}
