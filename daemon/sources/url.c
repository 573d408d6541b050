/* Building and taking apart of URLs. Nothing here decodes: what a server put into a link goes back
 * to it as it came, and everything from the configuration or a post is encoded by one function. */
#include "sources/url.h"

#include <errno.h>

#define URL_MAX (16 * 1024)

static bool is_unreserved(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' ||
           c == '.' || c == '_' || c == '~';
}

static void append_encoded(struct buf *b, struct str text)
{
    static const char hex[] = "0123456789ABCDEF";

    for (size_t i = 0; i < text.len; i++) {
        unsigned char c = (unsigned char)text.s[i];
        char escaped[3] = {'%', hex[c >> 4], hex[c & 15]};

        if (is_unreserved(text.s[i]))
            buf_append_char(b, text.s[i]);
        else
            buf_append(b, escaped, sizeof(escaped));
    }
}

void url_begin(struct url *u, struct str base, const char *path)
{
    *u = (struct url){.text = BUF_INIT(URL_MAX)};
    while (base.len > 0 && base.s[base.len - 1] == '/')
        base.len--;
    buf_append_str(&u->text, base);
    buf_append_str(&u->text, str_from(path));
}

void url_add_segment(struct url *u, struct str segment)
{
    append_encoded(&u->text, segment);
}

void url_add_param(struct url *u, const char *name, struct str value)
{
    if (value.len == 0)
        return;
    buf_append_char(&u->text, u->has_params ? '&' : '?');
    u->has_params = true;
    append_encoded(&u->text, str_from(name));
    buf_append_char(&u->text, '=');
    append_encoded(&u->text, value);
}

void url_add_i64(struct url *u, const char *name, int64_t value)
{
    struct buf digits = BUF_INIT(32);

    buf_append_i64(&digits, value);
    url_add_param(u, name, buf_str(&digits));
    buf_finish(&digits);
}

int url_finish(struct url *u, struct arena *arena, struct str *ret, struct error *err)
{
    struct str text = u->text.failed ? (struct str){NULL, 0} : arena_str(arena, buf_str(&u->text));

    buf_finish(&u->text);
    if (!text.s)
        return error_set(err, -ENOMEM, "URL too long, or out of memory");
    *ret = text;
    return 0;
}

static size_t authority_start(struct str url)
{
    size_t at = str_find(url, STR("://"));

    return at == SIZE_MAX ? SIZE_MAX : at + 3;
}

struct str url_origin(struct str url)
{
    size_t start = authority_start(url), end = start;

    if (start == SIZE_MAX)
        return STR("");
    while (end < url.len && url.s[end] != '/' && url.s[end] != '?' && url.s[end] != '#')
        end++;
    return str_slice(url, 0, end);
}

struct str url_authority(struct str url)
{
    struct str origin = url_origin(url);
    size_t start = authority_start(origin);

    return start == SIZE_MAX ? STR("") : str_slice(origin, start, origin.len);
}

/* "https://host/a/" of "https://host/a/b?c", or with `file` "https://host/a/b" */
static struct str url_folder(struct str url, bool file)
{
    size_t end = 0, origin_len = url_origin(url).len;

    while (end < url.len && url.s[end] != '?' && url.s[end] != '#')
        end++;
    while (!file && end > origin_len && url.s[end - 1] != '/')
        end--;
    return str_slice(url, 0, end);
}

static bool has_scheme(struct str link)
{
    size_t colon = str_find(link, STR(":")), slash = str_find(link, STR("/"));

    return colon != SIZE_MAX && (slash == SIZE_MAX || colon < slash);
}

static struct str url_join(struct str base, struct str link, struct arena *arena)
{
    struct str origin = url_origin(base), scheme = str_slice(base, 0, str_find(base, STR("://")) + 1), folder;

    if (has_scheme(link) || origin.len == 0)
        return link;
    if (str_starts_with(link, STR("//")))
        return arena_printf(arena, "%.*s%.*s", STR_FMT(scheme), STR_FMT(link));
    if (str_starts_with(link, STR("/")))
        return arena_printf(arena, "%.*s%.*s", STR_FMT(origin), STR_FMT(link));
    folder = url_folder(base, str_starts_with(link, STR("?")));
    return arena_printf(arena, "%.*s%s%.*s", STR_FMT(folder), folder.len == origin.len ? "/" : "",
                        STR_FMT(link));
}

struct str url_resolve(struct str base, struct str link, struct arena *arena)
{
    struct str url;

    link = str_trim(link);
    url = link.len > 0 ? url_join(base, link, arena) : STR("");
    if (url.len > URL_LINK_MAX || !url_authority(url).len ||
        (!str_eq_nocase(str_slice(url, 0, url.len < 7 ? url.len : 7), STR("http://")) &&
         !str_eq_nocase(str_slice(url, 0, url.len < 8 ? url.len : 8), STR("https://"))) ||
        str_find(url_authority(url), STR("@")) != SIZE_MAX)
        return STR("");
    return url;
}

struct str url_get_param(struct str url, const char *name)
{
    struct str wanted = str_from(name), rest, pair, value;
    size_t at = str_find(url, STR("?"));

    if (at == SIZE_MAX)
        return STR("");
    rest = str_slice(url, at + 1, url.len);
    while (rest.s) {
        pair = str_split(rest, '&', &rest);
        if (str_eq(str_split(pair, '=', &value), wanted))
            return value.s ? value : STR("");
    }
    return STR("");
}

struct str link_header_find(struct str header, const char *rel)
{
    struct buf wanted = BUF_INIT(64);
    struct str found = STR("");

    buf_printf(&wanted, "rel=\"%s\"", rel);
    while (header.len > 0 && found.len == 0) {
        size_t open = str_find(header, STR("<")), close = str_find(header, STR(">")), next;
        struct str params;

        if (open == SIZE_MAX || close == SIZE_MAX || close < open)
            break;
        params = str_slice(header, close + 1, header.len);
        next = str_find(params, STR(",")); /* behind '>': commas inside the URL are past */
        if (str_find(str_slice(params, 0, next == SIZE_MAX ? params.len : next), buf_str(&wanted)) !=
            SIZE_MAX)
            found = str_slice(header, open + 1, close);
        header = next == SIZE_MAX ? STR("") : str_slice(params, next + 1, params.len);
    }
    buf_finish(&wanted);
    return found;
}
