/* The helpers of driver.h: requests, pages, steps. */
#include "sources/driver.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>

#include "mentiond/clock.h"
#include "mentiond/codec.h"
#include "mentiond/text.h"

#define NOTE_MAX 200
#define HTML_TEXT_MAX (1024 * 1024)

/* ---- requests ------------------------------------------------------------------------------ */

void request_add_header(struct source_request *request, const char *name, struct str value, bool secret)
{
    struct http_request *http = &request->http;

    if (http->n_headers >= SOURCE_HEADERS_MAX)
        return;
    request->headers[http->n_headers++] =
        (struct http_header){.name = str_from(name), .value = value, .secret = secret};
    http->headers = request->headers;
}

void request_add_bearer_text(struct source_request *request, struct str token, struct arena *arena)
{
    request_add_header(request, "Authorization", arena_printf(arena, "Bearer %.*s", STR_FMT(token)), true);
}

int request_add_bearer(struct source_request *request, const struct secret *token, struct arena *arena,
                       struct error *err)
{
    char *value = NULL;
    int code = secret_resolve(token, &value, err);

    if (code < 0)
        return code;
    request_add_bearer_text(request, str_from(value), arena);
    secret_free(value);
    return 0;
}

int request_add_basic(struct source_request *request, const struct secret *user, const struct secret *password,
                      struct arena *arena, struct error *err)
{
    char *name = NULL, *word = NULL;
    struct str both;
    int code = secret_resolve(user, &name, err);

    if (code == 0 && password->spec.len > 0)
        code = secret_resolve(password, &word, err);
    if (code == 0) {
        both = arena_printf(arena, "%s:%s", name, word ? word : "");
        both = base64_encode(both, arena);
        request_add_header(request, "Authorization", arena_printf(arena, "Basic %.*s", STR_FMT(both)), true);
    }
    secret_free(name);
    secret_free(word);
    return code;
}

void request_begin_get(struct source_request *request, const char *endpoint, struct str url)
{
    *request = (struct source_request){
        .kind = REQUEST_HTTP,
        .endpoint = endpoint,
        .http = {.method = "GET", .url = url},
    };
    request_add_header(request, "Accept", STR("application/json"), false);
}

/* ---- replies ------------------------------------------------------------------------------- */

int parsing_load(const struct parsing *p, json_t **ret_value, struct error *err)
{
    struct arena *before = json_use_arena(p->arena);
    int code = json_page_parse(p->reply->body, &p->page->faults, ret_value, err);

    json_use_arena(before);
    return code;
}

/* Words of ASCII with one space between: most names are, and stay as they are. */
static bool is_plain(struct str html)
{
    for (size_t i = 0; i < html.len; i++) {
        char c = html.s[i];
        bool space = c == ' ' && i > 0 && i + 1 < html.len && html.s[i + 1] != ' ';

        if (!space && (c <= ' ' || c >= 0x7f || c == '<' || c == '&'))
            return false;
    }
    return html.len <= HTML_TEXT_MAX;
}

struct str html_to_text(struct str html, struct arena *arena)
{
    struct buf text = BUF_INIT(HTML_TEXT_MAX);
    struct str copy = STR("");

    if (is_plain(html))
        copy = arena_str(arena, html);
    else if (text_from_html(html, &text))
        copy = arena_str(arena, buf_str(&text));
    buf_finish(&text);
    return copy.s ? copy : STR("");
}

struct str json_id(const json_t *value, struct arena *arena)
{
    struct str id;

    if (!json_is_integer(value))
        return json_text(value);
    id = cursor_from_i64(arena, json_integer_value(value));
    return id.s ? id : STR("");
}

int64_t json_get_time_ms(const json_t *object, const char *key)
{
    int64_t time_ms = 0;

    clock_parse_iso(json_get_text(object, key), &time_ms);
    return time_ms;
}

/* ---- mentions and pages -------------------------------------------------------------------- */

void mention_add_named(struct mention *m, struct str name)
{
    if (name.len == 0 || m->n_named >= MENTION_NAMED_MAX)
        return;
    for (size_t i = 0; i < m->n_named; i++) {
        if (str_eq(m->named[i], name))
            return;
    }
    m->named[m->n_named++] = name;
}

void mention_set_lang(struct mention *m, struct str told)
{
    m->lang = told.len > 0 ? told : text_language(m->text);
}

void page_skip(struct source_page *page, const char *fmt, ...)
{
    char note[NOTE_MAX];
    va_list args;

    if (page->skipped++ > 0)
        return;
    va_start(args, fmt);
    vsnprintf(note, sizeof(note), fmt, args);
    va_end(args);
    page->skipped_note = arena_str(page->arena, str_from(note));
}

void page_refuse(struct source_page *page, unsigned line, const char *why)
{
    page_skip(page, "line %u: %s", line, why);
    if (!page->refusals)
        page->refusals = arena_alloc(page->arena, SOURCE_REFUSALS_MAX * sizeof(*page->refusals));
    if (!page->refusals || page->n_refusals == SOURCE_REFUSALS_MAX)
        return;
    page->refusals[page->n_refusals].line = line;
    page->refusals[page->n_refusals++].why = arena_str(page->arena, str_from(why));
}

/* ---- cursors and steps --------------------------------------------------------------------- */

int64_t cursor_i64(struct str field, int64_t otherwise)
{
    int64_t number = otherwise;

    str_to_i64(field, INT64_MIN, INT64_MAX, &number);
    return number;
}

struct str cursor_from_i64(struct arena *arena, int64_t number)
{
    return arena_printf(arena, "%lld", (long long)number);
}

#define REPEATED " again"

int64_t walk_floor(const struct source_cursor *at, int64_t otherwise)
{
    struct str rest;

    return cursor_i64(str_split(at->floor, ' ', &rest), otherwise);
}

bool walk_was_repeated(const struct source_cursor *at)
{
    return at->walking && str_ends_with(at->floor, STR(REPEATED));
}

struct str walk_floor_text(struct arena *arena, int64_t floor, bool repeated)
{
    return arena_printf(arena, "%lld%s", (long long)floor, repeated ? REPEATED : "");
}

void step_done(struct source_step *ret_step, struct str low)
{
    *ret_step = (struct source_step){.kind = STEP_DONE, .cursor = {.low = low}};
}

void step_fail(struct source_step *ret_step, enum step_kind kind, struct str reason)
{
    *ret_step = (struct source_step){.kind = kind, .reason = reason};
}
