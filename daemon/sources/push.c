/* What others push to us: a body of JSON lines in a signed HTTP request, as the file and exec sources
 * read them. The poller keeps the bodies (poller/inbox.c) and answers once Redis has them.
 *
 * Nothing is remembered of what came: a body that is sent again, by a sender that got no answer or by
 * somebody who recorded it, brings ids that the queue knows. So there is no cursor either, only the
 * batches' seq. */
#include <errno.h>

#include "sources/lines.h"
#include "sources/push_signature.h"

#define PUSH_BODY_MAX (1024 * 1024)
#define PUSH_SECRET_MIN 16 /* bytes: a shorter one is guessed */
#define PUSH_PATH_MAX 200

struct push_config {
    struct secret secret, old_secret;
    struct str network, path;
    int64_t window_ms;
};

static const struct option options[] = {
    {.key = "secret",
     .kind = OPTION_SECRET,
     .offset = offsetof(struct push_config, secret),
     .required = true,
     .help = "What its senders sign with, at least 16 bytes."},
    {.key = "old_secret",
     .kind = OPTION_SECRET,
     .offset = offsetof(struct push_config, old_secret),
     .help = "Another secret that is good too, while senders are given a new one."},
    {.key = "network",
     .kind = OPTION_STRING,
     .offset = offsetof(struct push_config, network),
     .def = "push",
     .min = 1,
     .max = 64,
     .help = "What lines that name no network are from."},
    {.key = "path",
     .kind = OPTION_STRING,
     .offset = offsetof(struct push_config, path),
     .min = 2,
     .max = PUSH_PATH_MAX,
     .help = "Path at which http.listen takes it. Without it: /push/BRAND/SOURCE."},
    {.key = "window",
     .kind = OPTION_DURATION,
     .offset = offsetof(struct push_config, window_ms),
     .def = "5m",
     .min = 10 * 1000,
     .max = 60 * 60 * 1000,
     .help = "How far the time of a signature may be from ours."},
    {0},
};

static bool is_plain_path(struct str path)
{
    for (size_t i = 0; i < path.len; i++) {
        char c = path.s[i];

        if (!((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
              (c && strchr("/-._~", c))))
            return false;
    }
    return path.len > 1 && path.s[0] == '/';
}

static bool check(struct source *src, const struct settings *settings, struct diag *d)
{
    const struct push_config *config = src->config;
    const struct config_node *at = config_get(src->settings->node, "path");

    if (settings->http_client.listen.len == 0)
        diag_error(d, settings->doc, src->settings->mark, "source '%.*s': a push source needs http.listen",
                   STR_FMT(src->name));
    else if (config->path.len > 0 && !is_plain_path(config->path))
        diag_error(d, settings->doc, at ? at->mark : src->settings->mark,
                   "source '%.*s': path is not like /push/acme: a-z, A-Z, 0-9 and /-._~", STR_FMT(src->name));
    else
        return true;
    return false;
}

static struct str host(const struct source *src, struct arena *arena)
{
    return arena_printf(arena, "push:%.*s/%.*s", STR_FMT(src->brand), STR_FMT(src->name));
}

static struct str path(const struct source *src, struct arena *arena)
{
    const struct push_config *config = src->config;

    if (config->path.len > 0)
        return config->path;
    return arena_printf(arena, "/push/%.*s/%.*s", STR_FMT(src->brand), STR_FMT(src->name));
}

/* ---- may it be taken -------------------------------------------------------------------------- */

static int check_secret(const struct source_push *push, const struct secret *secret, int64_t window_ms,
                        struct error *err)
{
    char *value = NULL;
    int r = secret_resolve(secret, &value, err);

    if (r < 0)
        return r == -EACCES ? -EIO : r; /* of the file, not of the sender */
    if (strlen(value) < PUSH_SECRET_MIN)
        r = error_set(err, -EINVAL, "the secret is shorter than %d bytes", PUSH_SECRET_MIN);
    else
        r = push_signature_check(push, str_from(value), window_ms, err);
    secret_free(value);
    return r;
}

static size_t count_lines(struct str body)
{
    size_t n = body.len > 0;

    for (size_t i = 0; i < body.len; i++)
        n += body.s[i] == '\n';
    return n;
}

static int check_push(const struct source *src, const struct source_push *push, struct error *err)
{
    const struct push_config *config = src->config;
    int r = check_secret(push, &config->secret, config->window_ms, err);

    if (r == -EACCES && config->old_secret.spec.len > 0)
        r = check_secret(push, &config->old_secret, config->window_ms, err);
    if (r == 0 && count_lines(push->body) > SOURCE_PAGE_MENTIONS_MAX)
        return error_set(err, -EBADMSG, "more than %d lines", SOURCE_PAGE_MENTIONS_MAX);
    return r;
}

static const struct source_inlet inlet = {.body_max = PUSH_BODY_MAX, .path = path, .check = check_push};

/* ---- a body ------------------------------------------------------------------------------------ */

static int prepare(const struct source *src, const struct source_cursor *at, int64_t now_ms,
                   struct arena *arena, struct source_request *ret_request, struct error *err)
{
    (void)src;
    (void)at;
    (void)now_ms;
    (void)arena;
    (void)err;
    *ret_request = (struct source_request){.kind = REQUEST_INBOX, .endpoint = "push"};
    return 0;
}

static void read_line(const struct parsing *p, struct str text, unsigned line)
{
    const struct push_config *config = p->src->config;
    const struct line_options how = {config->network, p->reply->received_at_ms, 0};
    enum line_kind kind = LINE_EMPTY;
    struct str cursor;
    struct error why;

    if (text.len > SOURCE_LINE_MAX)
        page_refuse(p->page, line, "too long");
    else if (line_read(p, text, &how, &kind, &cursor, &why) < 0)
        page_refuse(p->page, line, why.text);
    else if (kind == LINE_CURSOR)
        page_refuse(p->page, line, "no id");
    else if (kind == LINE_FULL)
        page_refuse(p->page, line, "too many at once");
}

static int parse(const struct source *src, const struct source_cursor *at, const struct source_reply *reply,
                 struct source_page *page, struct source_step *ret_step, struct error *err)
{
    const struct parsing p = {src, at, reply, page, page->arena};
    struct str rest = reply->body;

    (void)err;
    for (unsigned line = 1; rest.len > 0; line++)
        read_line(&p, str_split(rest, '\n', &rest), line);
    (void)at;
    step_done(ret_step, STR("pushed")); /* not empty: that would be a source that was never read */
    if (!reply->eof)
        ret_step->kind = STEP_PAGE;
    return 0;
}

const struct source_driver source_push = {
    .name = "push",
    .help = "Mentions that other programs send, as JSON lines in signed HTTP requests.",
    .options = options,
    .config_size = sizeof(struct push_config),
    .has_horizon = true,
    .interval_ms = 60 * 1000,
    .interval_min_ms = 1000,
    .max_pages = 1000,
    .check = check,
    .host = host,
    .prepare = prepare,
    .parse = parse,
    .inlet = &inlet,
};
