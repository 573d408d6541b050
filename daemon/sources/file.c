/* Files of JSON lines: the demo, replays, and logs that grow. Read by byte offset, so there is no
 * horizon; a line without its newline waits, unless it ends the file and is a whole JSON object.
 *
 * Another inode or a size below the offset means that the file was rotated or cut: it is read from
 * its start.
 *
 * With `rebase: now` a first pass finds the newest time in the file, and all times move by what
 * brings that one to now; so a recording looks like live traffic. The cursor keeps the shift, so
 * that a restart continues with it. */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>

#include "sources/lines.h"

#define READ_MAX (256 * 1024)
#define MENTIONS_MAX 1000 /* of one page */

enum rebase { REBASE_NO, REBASE_NOW };

struct file_config {
    struct str path;
    struct str network;
    int rebase;
};

static const char *const rebase_choices[] = {"no", "now", NULL};

static const struct option options[] = {
    {.key = "path", .kind = OPTION_STRING, .offset = offsetof(struct file_config, path), .required = true,
     .help = "A file with one JSON object a line, relative to the folder of the config file."},
    {.key = "network", .kind = OPTION_STRING, .offset = offsetof(struct file_config, network),
     .def = "file", .min = 1, .max = 64, .help = "What lines that name no network are from."},
    {.key = "rebase", .kind = OPTION_ENUM, .offset = offsetof(struct file_config, rebase), .def = "no",
     .choices = rebase_choices,
     .help = "'now' shifts all times so that the newest line was written now: for demos and replays."},
    {0},
};

/* ---- the cursor: eight numbers ------------------------------------------------------------- */

struct position {
    int64_t file_id, offset, line;
    int64_t base_ms;   /* time of the first read: what "ago" counts from */
    int64_t shift_ms;  /* rebase: added to times */
    int64_t newest_ms; /* rebase: of the first pass */
    int64_t scanning;  /* in the first pass */
    int64_t skipping;  /* inside a line that is too long */
};

static bool position_parse(struct str text, struct position *ret)
{
    struct position x;
    char copy[256];

    if (text.len == 0 || text.len >= sizeof(copy))
        return false;
    memcpy(copy, text.s, text.len);
    copy[text.len] = '\0';
    if (sscanf(copy,
               "%" SCNd64 " %" SCNd64 " %" SCNd64 " %" SCNd64 " %" SCNd64 " %" SCNd64 " %" SCNd64
               " %" SCNd64,
               &x.file_id, &x.offset, &x.line, &x.base_ms, &x.shift_ms, &x.newest_ms, &x.scanning,
               &x.skipping) != 8 || x.offset < 0 || x.line < 0)
        return false;
    *ret = x;
    return true;
}

static struct str position_text(const struct position *x, struct arena *arena)
{
    return arena_printf(arena,
                        "%" PRId64 " %" PRId64 " %" PRId64 " %" PRId64 " %" PRId64 " %" PRId64 " %" PRId64
                        " %" PRId64,
                        x->file_id, x->offset, x->line, x->base_ms, x->shift_ms, x->newest_ms, x->scanning,
                        x->skipping);
}

static struct position position_start(const struct parsing *p)
{
    const struct file_config *config = p->src->config;

    return (struct position){
        .file_id = p->reply->file_id,
        .base_ms = p->reply->received_at_ms,
        .scanning = config->rebase == REBASE_NOW,
    };
}

/* ---- the driver ---------------------------------------------------------------------------- */

static bool check(struct source *src, const struct settings *settings, struct diag *d)
{
    struct file_config *config = src->config;

    (void)d;
    config->path = settings_path(settings, config->path);
    return true;
}

static struct str host(const struct source *src, struct arena *arena)
{
    const struct file_config *config = src->config;

    return arena_printf(arena, "file:%.*s", STR_FMT(config->path));
}

static int prepare(const struct source *src, const struct source_cursor *at, int64_t now_ms,
                   struct arena *arena, struct source_request *ret_request, struct error *err)
{
    const struct file_config *config = src->config;
    struct position x = {0};

    (void)now_ms;
    position_parse(at->low, &x);
    *ret_request = (struct source_request){
        .kind = REQUEST_READ,
        .endpoint = "read",
        .path = arena_str(arena, config->path),
        .offset = x.offset,
        .max_len = READ_MAX,
    };
    return ret_request->path.s ? 0 : error_oom(err);
}

static void scan_line(const struct parsing *p, struct position *x, struct str line)
{
    int64_t created_ms = line_created_ms(p, line);

    if (created_ms > x->newest_ms)
        x->newest_ms = created_ms;
}

/* False when the page is full: the line is for the next one. */
static bool take_line(const struct parsing *p, const struct position *x, struct str line)
{
    const struct file_config *config = p->src->config;
    const struct line_options how = {config->network, x->base_ms, x->shift_ms};
    enum line_kind kind;
    struct str unused;
    struct error err;

    if (p->page->n_mentions >= MENTIONS_MAX)
        return false;
    if (line_read(p, line, &how, &kind, &unused, &err) < 0)
        page_skip(p->page, "line %" PRId64 ": %s", x->line + 1, err.text);
    else if (kind == LINE_FULL)
        return false;
    return true;
}

static bool use_line(const struct parsing *p, struct position *x, struct str line)
{
    bool used = true;

    if (x->skipping) {
        x->skipping = 0; /* its end: counted at its beginning */
    } else if (line.len > SOURCE_LINE_MAX) {
        if (!x->scanning)
            page_skip(p->page, "line %" PRId64 ": longer than %d bytes", x->line + 1, SOURCE_LINE_MAX);
    } else if (x->scanning) {
        scan_line(p, x, line);
    } else {
        used = take_line(p, x, line);
    }
    return used;
}

/* What follows the last newline. At the end of the file it is taken if it is a whole object, as the
 * beginning of an object never is one. */
static void use_tail(const struct parsing *p, struct position *x, struct str tail)
{
    struct str text = str_trim(tail);
    struct json_faults unwanted = {0};
    json_t *value = NULL;
    bool whole;

    if (x->skipping || tail.len > SOURCE_LINE_MAX) {
        if (!x->skipping && !x->scanning)
            page_skip(p->page, "line %" PRId64 ": longer than %d bytes", x->line + 1, SOURCE_LINE_MAX);
        x->skipping = 1;
        x->offset += (int64_t)tail.len;
        return;
    }
    if (!p->reply->eof || text.len == 0 || text.s[text.len - 1] != '}')
        return;
    whole = json_page_parse(text, &unwanted, &value, NULL) == 0;
    json_decref(value);
    if (whole && use_line(p, x, tail)) {
        x->offset += (int64_t)tail.len;
        x->line++;
    }
}

/* True if all of the body was used, but for a line that waits for its end. */
static bool use_lines(const struct parsing *p, struct position *x)
{
    struct str rest = p->reply->body;

    while (rest.len > 0) {
        const char *end = memchr(rest.s, '\n', rest.len);
        size_t len = end ? (size_t)(end - rest.s) : rest.len;

        if (!end) {
            use_tail(p, x, rest);
            break;
        }
        if (!use_line(p, x, str_slice(rest, 0, len)))
            return false;
        x->offset += (int64_t)len + 1;
        x->line++;
        rest = str_slice(rest, len + 1, rest.len);
    }
    return true;
}

static int parse(const struct source *src, const struct source_cursor *at,
                 const struct source_reply *reply, struct source_page *page, struct source_step *ret_step,
                 struct error *err)
{
    const struct parsing p = {src, at, reply, page, page->arena};
    struct position x, before;
    bool known = position_parse(at->low, &x), more = true;

    (void)err;
    before = known ? x : position_start(&p);
    if (!known)
        x = before;
    if (reply->file_id != x.file_id || reply->file_len < x.offset)
        x = position_start(&p); /* what was read is not what belongs to the offset */
    else if (use_lines(&p, &x) && reply->eof)
        more = false;
    if (!more && x.scanning) {
        x.shift_ms = x.newest_ms ? reply->received_at_ms - x.newest_ms : 0;
        x.scanning = x.skipping = x.offset = x.line = 0;
        more = true;
    }
    step_done(ret_step, position_text(&x, page->arena));
    if (more && memcmp(&x, &before, sizeof(x)) != 0)
        ret_step->kind = STEP_PAGE;
    return 0;
}

const struct source_driver source_file = {
    .name = "file",
    .help = "JSON lines of a file, once or as it grows.",
    .options = options,
    .config_size = sizeof(struct file_config),
    .has_horizon = false,
    .interval_ms = 1000,
    .interval_min_ms = 100,
    .max_pages = 1000,
    .check = check,
    .host = host,
    .prepare = prepare,
    .parse = parse,
};
