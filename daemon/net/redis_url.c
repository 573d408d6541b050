/* Redis URLs: text to struct redis_address.
 *
 * Strict, because a URL that is half understood sends a password to the wrong place: unknown
 * schemes, ports, databases, query keys and broken percent signs are errors. Error texts name the
 * part that is wrong and quote it only where it cannot hold a secret. Opens nothing, resolves
 * nothing. */
#include "redis_url.h"

#include <errno.h>
#include <stdio.h>

#include "mentiond/buf.h"
#include "mentiond/codec.h"

static int url_invalid(struct error *err, const char *why)
{
    return error_set(err, -EINVAL, "redis URL: %s", why);
}

/* Decodes %xx into `out`, which has room for text.len + 1 bytes; false for %00 and broken ones. */
static bool percent_decode_to(struct str text, char *out)
{
    for (size_t i = 0; i < text.len; i++) {
        int high, low;

        if (text.s[i] != '%') {
            *out++ = text.s[i];
            continue;
        }
        if (text.len - i < 3)
            return false;
        high = hex_value(text.s[i + 1]);
        low = hex_value(text.s[i + 2]);
        if (high < 0 || low < 0 || (high == 0 && low == 0))
            return false;
        *out++ = (char)(high * 16 + low);
        i += 2;
    }
    *out = '\0';
    return true;
}

static int percent_decode(struct str text, char **ret, struct error *err)
{
    char *out = malloc(text.len + 1);

    if (!out)
        return error_oom(err);
    if (!percent_decode_to(text, out)) {
        free(out);
        return url_invalid(err, "a '%' must be followed by two hex digits that are not 00");
    }
    *ret = out;
    return 0;
}

static int db_parse(struct str text, int *ret_db, struct error *err)
{
    int64_t db;

    if (!str_to_i64(text, 0, REDIS_DB_MAX, &db))
        return url_invalid(err, "the database must be a number, as in redis://host/3");
    *ret_db = (int)db;
    return 0;
}

static int userinfo_parse(struct str userinfo, struct redis_address *a, struct error *err)
{
    struct str password;
    struct str username = str_split(userinfo, ':', &password);
    int r = 0;

    if (username.len > 0)
        r = percent_decode(username, &a->username, err);
    if (r == 0 && password.len > 0)
        r = percent_decode(password, &a->password, err);
    return r;
}

static int port_parse(struct str text, struct redis_address *a, struct error *err)
{
    int64_t port;

    if (!str_to_i64(text, 1, 65535, &port))
        return url_invalid(err, "the port must be a number from 1 to 65535");
    a->port = str_dup(text);
    return a->port ? 0 : error_oom(err);
}

static bool is_host_char(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '.' ||
           c == '-' || c == '_' || c == ':';
}

/* "host", "host:port", "[v6]", "[v6]:port". */
static int host_parse(struct str text, struct redis_address *a, struct error *err)
{
    struct str host, port;

    if (text.len > 0 && text.s[0] == '[') {
        host = str_split(str_slice(text, 1, text.len), ']', &port);
        if (port.s == NULL)
            return url_invalid(err, "the '[' of the address is not closed");
        if (port.len > 0 && port.s[0] != ':')
            return url_invalid(err, "after ']' only a ':' and a port may follow");
        if (port.len > 0)
            port = str_slice(port, 1, port.len);
    } else {
        host = str_split(text, ':', &port);
    }
    if (host.len == 0)
        return url_invalid(err, "there is no host in it");
    for (size_t i = 0; i < host.len; i++) {
        if (!is_host_char(host.s[i]))
            return url_invalid(err, "the host has a character that no host name has "
                                    "(write '@', '/' and ':' of a password as %40, %2F, %3A)");
    }
    a->host = str_dup(host);
    if (!a->host)
        return error_oom(err);
    return port_parse(port.len > 0 ? port : STR(REDIS_PORT_DEFAULT), a, err);
}

/* What follows "redis://". */
static int tcp_parse(struct str rest, struct redis_address *a, struct error *err)
{
    struct str path, userinfo, host;
    struct str authority = str_split(rest, '/', &path);
    size_t at = SIZE_MAX;
    int r = 0;

    for (size_t i = 0; i < authority.len; i++)
        at = authority.s[i] == '@' ? i : at;
    if (at != SIZE_MAX) {
        userinfo = str_slice(authority, 0, at);
        host = str_slice(authority, at + 1, authority.len);
        r = userinfo_parse(userinfo, a, err);
    } else {
        host = authority;
    }
    if (r == 0)
        r = host_parse(host, a, err);
    if (r == 0 && path.len > 0)
        r = db_parse(path, &a->db, err);
    return r;
}

/* What follows "unix://". */
static int unix_parse(struct str rest, struct redis_address *a, struct error *err)
{
    struct str query;
    struct str path = str_split(rest, '?', &query);
    int r;

    a->is_unix = true;
    if (path.len < 2 || path.s[0] != '/')
        return url_invalid(err, "unix:// needs an absolute path, as in unix:///run/redis.sock");
    if (query.len > 0) {
        if (!str_starts_with(query, STR("db=")))
            return url_invalid(err, "after '?' only db=N is understood");
        r = db_parse(str_slice(query, 3, query.len), &a->db, err);
        if (r < 0)
            return r;
    }
    return percent_decode(path, &a->path, err);
}

static const struct scheme {
    struct str prefix;
    bool is_tls;
    int (*parse)(struct str rest, struct redis_address *a, struct error *err);
} schemes[] = {
    {STR("redis://"), false, tcp_parse},
    {STR("rediss://"), true, tcp_parse},
    {STR("unix://"), false, unix_parse},
};

static int name_format(struct redis_address *a, struct error *err)
{
    struct buf name = BUF_INIT(2 * REDIS_URL_MAX);
    bool is_v6 = a->host && strchr(a->host, ':');

    if (a->is_unix)
        buf_printf(&name, "unix://%s", a->path);
    else
        buf_printf(&name, is_v6 ? "%s://[%s]:%s" : "%s://%s:%s", a->is_tls ? "rediss" : "redis",
                   a->host, a->port);
    if (a->db > 0)
        buf_printf(&name, a->is_unix ? "?db=%d" : "/%d", a->db);
    a->name = buf_take(&name);
    return a->name ? 0 : error_oom(err);
}

int redis_address_parse(struct str url, struct redis_address *ret_address, struct error *err)
{
    CLEANUP(redis_address_finish) struct redis_address a = {0};
    int r = url_invalid(err, "it must begin with redis://, rediss:// or unix://");

    if (url.len > REDIS_URL_MAX)
        return url_invalid(err, "it is too long");
    for (size_t i = 0; i < url.len; i++) {
        if ((unsigned char)url.s[i] <= ' ' || url.s[i] == 0x7f)
            return url_invalid(err, "it has a blank or control character in it");
    }
    for (size_t i = 0; i < ARRAY_LEN(schemes); i++) {
        if (!str_starts_with(url, schemes[i].prefix))
            continue;
        a.is_tls = schemes[i].is_tls;
        r = schemes[i].parse(str_slice(url, schemes[i].prefix.len, url.len), &a, err);
    }
    if (r == 0)
        r = name_format(&a, err);
    if (r < 0)
        return r;

    *ret_address = a;
    a = (struct redis_address){0};
    return 0;
}

static void secret_free(char *secret)
{
    if (secret)
        explicit_bzero(secret, strlen(secret));
    free(secret);
}

void redis_address_finish(struct redis_address *address)
{
    if (!address)
        return;
    free(address->host);
    free(address->port);
    free(address->path);
    free(address->username);
    secret_free(address->password);
    free(address->name);
    *address = (struct redis_address){0};
}
