/* Two forms of a line are understood. The mention's own JSON form (docs/queue.md) is what
 * `mentionctl` prints and what Redis keeps: told by its "fetched_at" and an id that begins with its
 * network. The simple form is for people and scripts: {"id", "text"} and whatever else is known,
 * see docs/sources.md.
 *
 * Verdicts in a line are dropped: judging is the rules'. */
#include "sources/lines.h"

#include <errno.h>

#include "mentiond/clock.h"

#define SECONDS_MAX 100000000000 /* larger numbers are milliseconds */

int64_t line_time_ms(const json_t *value)
{
    int64_t number, time_ms = 0;

    if (json_is_real(value)) {
        double real = json_real_value(value);

        if (!(real > 0 && real < 9e15))
            return 0;
        return real < (double)SECONDS_MAX ? (int64_t)(real * 1000) : (int64_t)real;
    }
    number = json_to_i64(value, -1);
    if (number >= 0)
        return number < SECONDS_MAX ? number * 1000 : number;
    clock_parse_iso(json_text(value), &time_ms);
    return time_ms;
}

static void read_author(const struct parsing *p, const json_t *value, struct mention *m)
{
    struct mention_author *a = &m->author;

    if (json_is_object(value)) {
        a->id = json_id(json_get(value, "id"), p->arena);
        a->handle = json_get_text(value, "handle");
        a->name = json_get_text(value, "name");
        a->location = json_get_text(value, "location");
        a->followers = json_get_i64(value, "followers", -1);
        a->created_at_ms = line_time_ms(json_get(value, "created_at"));
        a->verified = json_get_bool(value, "verified");
    } else {
        a->id = a->handle = json_id(value, p->arena);
    }
    if (str_starts_with(a->handle, STR("@")))
        a->handle = str_slice(a->handle, 1, a->handle.len);
    if (a->id.len == 0)
        a->id = a->handle;
    if (a->id.len == 0) /* nobody told: then each post has its own author, rather than all one */
        a->id = arena_printf(p->arena, "post:%.*s", STR_FMT(m->id));
}

static int read_times(const json_t *line, const struct line_options *options, struct mention *m,
                      struct error *err)
{
    struct str ago = json_get_text(line, "ago");
    int64_t ago_ms;

    m->created_at_ms = line_time_ms(json_get(line, "created_at"));
    if (m->created_at_ms)
        m->created_at_ms += options->shift_ms;
    if (ago.len == 0)
        return 0;
    if (!config_parse_duration(ago, &ago_ms))
        return error_set(err, -EINVAL, "ago: '%.*s' is no span like 12m", STR_FMT(ago));
    m->created_at_ms = options->base_ms - ago_ms;
    return 0;
}

static void read_rest(const struct parsing *p, const json_t *line, struct mention *m)
{
    const json_t *named = json_get(line, "named");

    m->url = json_get_text(line, "url");
    m->kind = json_get_text(line, "kind");
    m->place = json_get_text(line, "place");
    m->conversation = json_id(json_get(line, "conversation"), p->arena);
    m->in_reply_to = json_id(json_get(line, "in_reply_to"), p->arena);
    m->in_reply_to_author = json_id(json_get(line, "in_reply_to_author"), p->arena);
    m->repost_of = json_id(json_get(line, "repost_of"), p->arena);
    m->likes = json_get_i64(line, "likes", -1);
    m->shares = json_get_i64(line, "shares", -1);
    m->replies = json_get_i64(line, "replies", -1);
    for (size_t i = 0; i < json_array_size(named); i++)
        mention_add_named(m, json_text(json_array_get(named, i)));
}

static int read_simple(const struct parsing *p, const json_t *line, const struct line_options *options,
                       struct mention *m, struct error *err)
{
    struct str id = json_id(json_get(line, "id"), p->arena);
    const json_t *text = json_get(line, "text");

    if (id.len == 0)
        return error_set(err, -EINVAL, "no id");
    if (!json_is_string(text))
        return error_set(err, -EINVAL, "no text");
    m->network = json_get_text(line, "network");
    if (m->network.len == 0)
        m->network = options->network;
    m->id = arena_printf(p->arena, "%.*s:%.*s", STR_FMT(m->network), STR_FMT(id));
    m->text = json_text(text);
    read_author(p, json_get(line, "author"), m);
    read_rest(p, line, m);
    mention_set_lang(m, json_get_text(line, "lang"));
    return read_times(line, options, m, err);
}

static int read_own(const struct parsing *p, const json_t *line, const struct line_options *options,
                    struct mention *m, struct error *err)
{
    int code = mention_from_json(line, p->arena, m, err);

    if (code < 0)
        return code;
    if (m->created_at_ms)
        m->created_at_ms += options->shift_ms;
    m->class = CLASS_NONE;
    m->score = 0;
    memset(m->scores, 0, sizeof(m->scores));
    m->signals = 0;
    m->n_hits = m->n_captures = 0;
    m->own = m->root_own = m->addressed = false;
    return 0;
}

static bool is_own_form(const json_t *line)
{
    struct str id = json_get_text(line, "id"), network = json_get_text(line, "network");

    return json_get(line, "fetched_at") && network.len > 0 && id.len > network.len &&
           str_starts_with(id, network) && id.s[network.len] == ':';
}

static int load(const struct parsing *p, struct str line, json_t **ret_value, struct error *err)
{
    struct arena *before = json_use_arena(p->arena);
    int code = json_page_parse(line, &p->page->faults, ret_value, err);

    json_use_arena(before);
    if (code == 0 && !json_is_object(*ret_value))
        return error_set(err, -EINVAL, "not a JSON object");
    return code;
}

int line_read(const struct parsing *p, struct str line, const struct line_options *options,
              enum line_kind *ret_kind, struct str *ret_cursor, struct error *err)
{
    json_t *value = NULL;
    struct mention *m;
    int code;

    line = str_trim(line);
    *ret_kind = LINE_EMPTY;
    if (line.len == 0)
        return 0;
    code = load(p, line, &value, err);
    if (code < 0)
        return code;
    if (!json_get(value, "id") && json_get(value, "cursor")) {
        *ret_kind = LINE_CURSOR;
        *ret_cursor = json_id(json_get(value, "cursor"), p->arena);
        return 0;
    }
    m = source_page_add(p->page);
    *ret_kind = m ? LINE_MENTION : LINE_FULL;
    if (!m)
        return 0;
    code = is_own_form(value) ? read_own(p, value, options, m, err)
                              : read_simple(p, value, options, m, err);
    if (code < 0)
        p->page->n_mentions--;
    m->fetched_at_ms = p->reply->received_at_ms;
    return code;
}

int64_t line_created_ms(const struct parsing *p, struct str line)
{
    json_t *value = NULL;

    if (str_trim(line).len == 0 || load(p, line, &value, NULL) < 0 || json_get(value, "ago"))
        return 0;
    return line_time_ms(json_get(value, "created_at"));
}
