/* Any JSON API, by configuration: an address with {since}, {cursor} and {page} in it, headers, and JSON
 * Pointers that say where in a reply the list, and where in an item of it each member of a mention is.
 *
 * Three ways to go on from poll to poll, by what the address holds:
 *   {cursor}   the network says where to go on (cursor_at): asked forward until nothing comes
 *   {since}    the newest time that is stored, less the overlap
 *   neither    the newest first: read back to that time; without times, one page
 * Within a poll pages are walked as `paging` says, {page} being the token, number or offset. */
#include <errno.h>

#include "mentiond/clock.h"
#include "sources/feed_item.h"
#include "sources/json_pointer.h"
#include "sources/lines.h"
#include "sources/timewalk.h"
#include "sources/url.h"

#define NETWORK_DEFAULT "json"
#define HEADERS_MAX 8
#define TEXT_MAX (256 * 1024)
#define WITHOUT_TIME "1" /* low of a source that has been read */

enum paging { PAGING_NONE, PAGING_NEXT_URL, PAGING_TOKEN, PAGING_PAGE, PAGING_OFFSET };
enum markup { MARKUP_AUTO, MARKUP_HTML, MARKUP_NONE };
enum time_form { TIME_ISO, TIME_SECONDS, TIME_MS };

static const char *const pagings[] = {"none", "next-url", "token", "page", "offset", NULL};
static const char *const markups[] = {"auto", "html", "none", NULL};
static const char *const time_forms[] = {"iso", "seconds", "ms", NULL};

struct json_config {
    struct str url, network, item_url;
    bool everything;
    struct secret token;
    const struct config_node *headers_node;
    struct str header_names[HEADERS_MAX];
    struct secret headers[HEADERS_MAX];
    size_t n_headers;
    int paging, markup, since_form;
    int64_t first_page, page_size;
    struct str items_at, next_at, cursor_at, wait_at, error_at;
    struct str_list text_at;
    struct str id_at, url_at, time_at, edited_at, lang_at, gone_at, author_at, author_id_at, author_name_at,
        followers_at, verified_at, reply_at, conversation_at, repost_at, likes_at, shares_at, replies_at,
        place_at;
};

#define AT(member) offsetof(struct json_config, member)
#define POINTER(name, text) \
    {.key = #name, .kind = OPTION_STRING, .offset = AT(name), .max = 300, .help = text}

static const struct option options[] = {
    {.key = "url", .kind = OPTION_STRING, .offset = AT(url), .required = true, .min = 10, .max = 1500,
     .help = "What is asked, with {since}, {cursor} and {page} where those belong."},
    {.key = "token", .kind = OPTION_SECRET, .offset = AT(token),
     .help = "Sent as \"Authorization: Bearer …\"."},
    {.key = "headers", .kind = OPTION_NODE, .offset = AT(headers_node),
     .help = "A map of further headers; values are text, \"${ENV}\" or file:PATH, at most 8."},
    {.key = "network", .kind = OPTION_STRING, .offset = AT(network), .def = NETWORK_DEFAULT, .min = 1,
     .max = 32, .help = "What its mentions are from."},
    {.key = "everything", .kind = OPTION_BOOL, .offset = AT(everything),
     .help = "Also items that hold none of the brand's terms."},
    {.key = "paging", .kind = OPTION_ENUM, .offset = AT(paging), .def = "none", .choices = pagings,
     .help = "How a further page is asked for: by an address in the reply, or by {page}."},
    {.key = "first_page", .kind = OPTION_INT, .offset = AT(first_page), .def = "1", .min = 0, .max = 1,
     .help = "Number of the first page."},
    {.key = "page_size", .kind = OPTION_INT, .offset = AT(page_size), .min = 0, .max = 2000,
     .help = "Items of a full page: a shorter one is the last. 0: the last is the empty one."},
    {.key = "since_form", .kind = OPTION_ENUM, .offset = AT(since_form), .def = "iso", .choices = time_forms,
     .help = "How {since} is written."},
    {.key = "markup", .kind = OPTION_ENUM, .offset = AT(markup), .def = "auto", .choices = markups,
     .help = "Whether texts are HTML; auto looks at each."},
    {.key = "item_url", .kind = OPTION_STRING, .offset = AT(item_url), .max = 500,
     .help = "Permalink where an item has none, with {id} in it."},
    {.key = "text_at", .kind = OPTION_LIST, .offset = AT(text_at), .required = true, .min = 1, .max = 4,
     .help = "Where in an item its text is; several are joined by blank lines."},
    POINTER(items_at, "Where in the reply the list is; nothing if the reply is the list."),
    POINTER(next_at, "Where in the reply the next page's address or token is."),
    POINTER(cursor_at, "Where in the reply the next {cursor} is; /items/-/id is the last item's."),
    POINTER(wait_at, "Where in the reply the seconds are that we are asked to wait."),
    POINTER(error_at, "Where in the reply an error is, of networks that answer errors with 200."),
    {.key = "id_at", .kind = OPTION_STRING, .offset = AT(id_at), .def = "/id", .max = 300,
     .help = "Where in an item its id is: text or a number."},
    POINTER(url_at, "Permalink."),
    POINTER(time_at, "When it was written: ISO 8601, RFC 822, seconds or milliseconds."),
    POINTER(edited_at, "When it was last edited."),
    POINTER(lang_at, "Language."),
    POINTER(gone_at, "True, or not null, where the item was deleted."),
    POINTER(author_at, "The author's handle."),
    POINTER(author_id_at, "The author's id; the handle without it."),
    POINTER(author_name_at, "The author's name."),
    POINTER(followers_at, "How many follow the author."),
    POINTER(verified_at, "Whether the network verified the author."),
    POINTER(reply_at, "Id of the item that this one answers."),
    POINTER(conversation_at, "Id of the conversation's first item."),
    POINTER(repost_at, "Id of the item that this one repeats."),
    POINTER(likes_at, "Number of likes."),
    POINTER(shares_at, "Number of shares."),
    POINTER(replies_at, "Number of answers."),
    POINTER(place_at, "Place."),
    {0},
};

static struct str host(const struct source *src, struct arena *arena)
{
    const struct json_config *config = src->config;

    return arena_str(arena, url_authority(config->url));
}

static bool has(struct str text, const char *part)
{
    return str_find(text, str_from(part)) != SIZE_MAX;
}

/* ---- checks -------------------------------------------------------------------------------- */

static const char *address_fault(const struct json_config *c)
{
    bool by_page = c->paging == PAGING_TOKEN || c->paging == PAGING_PAGE || c->paging == PAGING_OFFSET;

    if (url_resolve(STR(""), c->url, NULL).len == 0)
        return "url: not an http or https address without a user";
    if (by_page != has(c->url, "{page}"))
        return by_page ? "url: this paging needs {page} in it"
                       : "url: {page} needs paging: token, page or offset";
    if ((c->paging == PAGING_TOKEN || c->paging == PAGING_NEXT_URL) && c->next_at.len == 0)
        return "next_at is missing: where the next page is said";
    if (has(c->url, "{cursor}") && c->cursor_at.len == 0)
        return "cursor_at is missing: where the next {cursor} is said";
    if (has(c->url, "{cursor}") && has(c->url, "{since}"))
        return "url: either {cursor} or {since}";
    if (has(c->url, "{since}") && c->time_at.len == 0)
        return "time_at is missing: {since} is the newest item's time";
    return NULL;
}

static const char *pointers_fault(const struct json_config *c)
{
    const char *wrong = NULL;

    for (size_t i = 0; options[i].key && !wrong; i++) {
        if (str_ends_with(str_from(options[i].key), STR("_at")) && options[i].kind == OPTION_STRING)
            wrong = json_pointer_fault(*(const struct str *)((const char *)c + options[i].offset));
    }
    for (size_t i = 0; i < c->text_at.n && !wrong; i++)
        wrong = json_pointer_fault(c->text_at.items[i]);
    return wrong;
}

/* Through an option table made of the map's own keys: so values are secrets or plain as elsewhere. */
static bool read_headers(struct json_config *c, const char *where, const struct settings *settings,
                         struct diag *d)
{
    struct option table[HEADERS_MAX + 1] = {{0}};
    const struct option_target target = {table, c->headers};
    const struct config_node *map = c->headers_node;
    size_t n = map && map->kind == CONFIG_MAP ? map->n : 0;

    for (size_t i = 0; i < n && i < HEADERS_MAX; i++) {
        table[i] = (struct option){.key = str_dup(map->keys[i]->value), .kind = OPTION_CREDENTIAL,
                                   .offset = i * sizeof(struct secret), .max = 4096};
        c->header_names[i] = map->keys[i]->value;
        c->n_headers = i + 1;
    }
    if (!map)
        return true;
    if (n > HEADERS_MAX)
        diag_error(d, settings->doc, map->mark, "%s.headers: more than %d", where, HEADERS_MAX);
    else
        n = options_decode(&target, 1, where, map, settings->doc, d) ? 0 : n + 1;
    for (size_t i = 0; i < c->n_headers; i++) {
        if (has(c->headers[i].spec, "${") && !str_starts_with(c->headers[i].spec, STR("${"))) {
            diag_error(d, settings->doc, map->items[i]->mark,
                       "%s.headers: a variable must be the whole value (or use token)", where);
            n = HEADERS_MAX + 1;
        }
        free((char *)(uintptr_t)table[i].key);
    }
    return n == 0;
}

static bool check(struct source *src, const struct settings *settings, struct diag *d)
{
    struct json_config *config = src->config;
    const char *wrong = address_fault(config);
    char where[256];

    src->unfiltered = config->everything;
    snprintf(where, sizeof(where), "brands.%.*s.sources.%.*s", STR_FMT(src->brand), STR_FMT(src->name));
    if (!wrong)
        wrong = pointers_fault(config);
    if (wrong)
        diag_error(d, settings->doc, src->settings->mark, "%s: %s", where, wrong);
    return read_headers(config, where, settings, d) && !wrong;
}

/* ---- requests ------------------------------------------------------------------------------ */

static bool uses_cursor(const struct json_config *config)
{
    return has(config->url, "{cursor}");
}

static struct str since_text(const struct json_config *config, int64_t since_ms, struct arena *arena)
{
    char iso[CLOCK_ISO_LEN + 1];

    if (since_ms <= 0)
        return STR("");
    if (config->since_form != TIME_ISO)
        return cursor_from_i64(arena, config->since_form == TIME_SECONDS ? since_ms / 1000 : since_ms);
    clock_format_iso(since_ms, iso);
    return arena_str(arena, str_from(iso));
}

/* What {page} is on the first page. */
static struct str first_place(const struct json_config *config, struct arena *arena)
{
    if (config->paging == PAGING_PAGE)
        return cursor_from_i64(arena, config->first_page);
    return config->paging == PAGING_OFFSET ? STR("0") : STR("");
}

/* "&name=" at the end of the address so far goes with an empty value: some servers refuse it. */
static void drop_parameter(struct buf *b)
{
    size_t at = b->len;

    if (at == 0 || b->data[at - 1] != '=')
        return;
    while (at > 0 && b->data[at - 1] != '&' && b->data[at - 1] != '?')
        at--;
    if (at > 0)
        b->len = at - 1;
}

struct filling {
    const char *mark;
    struct str value;
};

static struct str fill_in(struct str url, const struct filling *fillings, size_t n, struct arena *arena)
{
    struct url out;
    struct str text = STR("");
    struct error err;

    url_begin(&out, STR(""), "");
    while (url.len > 0) {
        size_t i = 0;

        while (i < n && !str_starts_with(url, str_from(fillings[i].mark)))
            i++;
        if (i == n) {
            bool orphan = url.s[0] == '&' && !memchr(out.text.data ? out.text.data : "", '?', out.text.len);

            buf_append_char(&out.text, orphan ? '?' : url.s[0]);
            url = str_slice(url, 1, url.len);
            continue;
        }
        if (fillings[i].value.len > 0)
            url_add_segment(&out, fillings[i].value);
        else
            drop_parameter(&out.text);
        url = str_slice(url, strlen(fillings[i].mark), url.len);
    }
    return url_finish(&out, arena, &text, &err) == 0 ? text : STR("");
}

static int add_headers(struct source_request *request, const struct json_config *config, struct arena *arena,
                       struct error *err)
{
    int code = config->token.spec.len > 0 ? request_add_bearer(request, &config->token, arena, err) : 0;

    for (size_t i = 0; i < config->n_headers && code == 0; i++) {
        char *value = NULL;

        if (str_starts_with(config->headers[i].spec, STR("${")) ||
            str_starts_with(config->headers[i].spec, STR("file:")))
            code = secret_resolve(&config->headers[i], &value, err);
        if (code == 0)
            request_add_header(request, arena_str(arena, config->header_names[i]).s,
                               value ? arena_str(arena, str_from(value)) : config->headers[i].spec, true);
        secret_free(value);
    }
    return code;
}

static int prepare(const struct source *src, const struct source_cursor *at, int64_t now_ms,
                   struct arena *arena, struct source_request *ret_request, struct error *err)
{
    const struct json_config *config = src->config;
    const struct filling fillings[] = {
        {"{cursor}", at->low},
        {"{since}", since_text(config, timewalk_floor_ms(src, at, now_ms), arena)},
        {"{page}", at->walking ? at->next : first_place(config, arena)},
    };
    struct str url = fill_in(config->url, fillings, ARRAY_LEN(fillings), arena);

    if (config->paging == PAGING_NEXT_URL && at->walking)
        url = at->next;
    if (url.len == 0)
        return error_set(err, -EINVAL, "the address is too long once {cursor} is in it");
    request_begin_get(ret_request, "items", url);
    return add_headers(ret_request, config, arena, err);
}

/* ---- items as mentions --------------------------------------------------------------------- */

static struct str read_text(const struct parsing *p, const json_t *item)
{
    const struct json_config *config = p->src->config;
    struct buf b = BUF_INIT(TEXT_MAX);
    struct str text;

    for (size_t i = 0; i < config->text_at.n; i++) {
        struct str part = json_text(json_pointer_get(item, config->text_at.items[i]));

        if (config->markup == MARKUP_HTML)
            part = html_to_text(part, p->arena);
        else if (config->markup == MARKUP_AUTO)
            part = feed_plain(part, p->arena);
        part = str_cut_utf8(str_trim(part), TEXT_MAX / 8);
        if (b.len > 0 && part.len > 0)
            buf_append_str(&b, STR("\n\n"));
        buf_append_str(&b, part);
    }
    text = arena_str(p->arena, buf_str(&b));
    buf_finish(&b);
    return text.s ? text : STR("");
}

static int64_t read_time(const json_t *item, struct str pointer)
{
    const json_t *value = pointer.len > 0 ? json_pointer_get(item, pointer) : NULL;
    int64_t time_ms = line_time_ms(value);

    return time_ms > 0 ? time_ms : feed_date_ms(json_text(value));
}

static bool is_true(const json_t *item, struct str pointer)
{
    const json_t *value = pointer.len > 0 ? json_pointer_get(item, pointer) : NULL;

    return value && !json_is_false(value) && !json_is_null(value) && json_to_i64(value, 1) != 0;
}

enum member_kind { MEMBER_TEXT, MEMBER_COUNT };

static const struct {
    size_t pointer, member;
    enum member_kind kind;
} members[] = {
#define MEMBER(name, to, as) {AT(name), offsetof(struct mention, to), as}
    MEMBER(url_at, url, MEMBER_TEXT),
    MEMBER(author_at, author.handle, MEMBER_TEXT),
    MEMBER(author_id_at, author.id, MEMBER_TEXT),
    MEMBER(author_name_at, author.name, MEMBER_TEXT),
    MEMBER(reply_at, in_reply_to, MEMBER_TEXT),
    MEMBER(conversation_at, conversation, MEMBER_TEXT),
    MEMBER(repost_at, repost_of, MEMBER_TEXT),
    MEMBER(place_at, place, MEMBER_TEXT),
    MEMBER(followers_at, author.followers, MEMBER_COUNT),
    MEMBER(likes_at, likes, MEMBER_COUNT),
    MEMBER(shares_at, shares, MEMBER_COUNT),
    MEMBER(replies_at, replies, MEMBER_COUNT),
#undef MEMBER
};

static void read_members(const struct parsing *p, const json_t *item, struct mention *m)
{
    for (size_t i = 0; i < ARRAY_LEN(members); i++) {
        struct str pointer = *(const struct str *)((const char *)p->src->config + members[i].pointer);
        const json_t *value = pointer.len > 0 ? json_pointer_get(item, pointer) : NULL;
        char *to = (char *)m + members[i].member;

        if (!value)
            continue;
        if (members[i].kind == MEMBER_COUNT)
            *(int64_t *)(void *)to = json_to_i64(value, -1);
        else
            *(struct str *)(void *)to = str_trim(json_id(value, p->arena));
    }
}

/* Ids of an API without a network of its own are told apart by its host. */
static struct str whole_id(const struct parsing *p, struct str id)
{
    const struct json_config *config = p->src->config;

    if (str_eq(config->network, STR(NETWORK_DEFAULT)))
        return arena_printf(p->arena, NETWORK_DEFAULT ":%.*s/%.*s", STR_FMT(url_authority(config->url)),
                            STR_FMT(id));
    return arena_printf(p->arena, "%.*s:%.*s", STR_FMT(config->network), STR_FMT(id));
}

static void finish_author(const struct parsing *p, struct str id, struct mention_author *author)
{
    if (author->handle.len > 0 && author->handle.s[0] == '@')
        author->handle = str_slice(author->handle, 1, author->handle.len);
    if (author->id.len == 0)
        author->id = author->handle.len > 0 ? author->handle : author->name;
    if (author->id.len == 0) /* nobody told: then each item has its own author, rather than all one */
        author->id = arena_printf(p->arena, "post:%.*s", STR_FMT(id));
}

static void read_mention(const struct parsing *p, const json_t *item, struct str id, int64_t time_ms)
{
    const struct json_config *config = p->src->config;
    const struct filling filling = {"{id}", id};
    struct str text = read_text(p, item);
    struct mention *m = text.len > 0 ? source_page_add(p->page) : NULL;

    if (!m) {
        page_skip(p->page, "item '%.*s' has no text at text_at, or is one too many",
                  STR_FMT(str_cut_utf8(id, 100)));
        return;
    }
    m->network = config->network;
    m->id = whole_id(p, id);
    m->kind = STR("post");
    m->text = text;
    read_members(p, item, m);
    m->author.verified = is_true(item, config->verified_at);
    finish_author(p, id, &m->author);
    m->url = url_resolve(config->url, m->url, p->arena);
    if (m->url.len == 0 && config->item_url.len > 0)
        m->url = fill_in(config->item_url, &filling, 1, p->arena);
    m->created_at_ms = time_ms;
    m->edited_at_ms = read_time(item, config->edited_at);
    if (m->edited_at_ms <= time_ms)
        m->edited_at_ms = 0;
    m->fetched_at_ms = p->reply->received_at_ms;
    m->backfill = p->at->low.len == 0;
    mention_set_lang(m, config->lang_at.len ? json_text(json_pointer_get(item, config->lang_at)) : STR(""));
}

static void read_items(const struct parsing *p, const json_t *items, struct timewalk *walk)
{
    const struct json_config *config = p->src->config;
    bool by_cursor = uses_cursor(config);

    for (size_t i = 0; i < json_array_size(items); i++) {
        const json_t *item = json_array_get(items, i);
        struct str id = str_trim(json_id(json_pointer_get(item, config->id_at), p->arena));
        int64_t time_ms = read_time(item, config->time_at);
        bool wanted = timewalk_takes(walk, id, time_ms);

        if (id.len == 0)
            page_skip(p->page, "item %zu has no id at %.*s", i, STR_FMT(config->id_at));
        else if (is_true(item, config->gone_at))
            source_page_gone(p->page, whole_id(p, id));
        else if (wanted || (by_cursor && p->at->low.len > 0))
            read_mention(p, item, id, time_ms);
    }
}

/* ---- steps --------------------------------------------------------------------------------- */

/* The walk's next place, "" at its end. */
static struct str next_place(const struct parsing *p, const json_t *value, size_t n)
{
    const struct json_config *config = p->src->config;
    struct str told =
        config->next_at.len > 0 ? json_id(json_pointer_get(value, config->next_at), p->arena) : STR("");
    int64_t here = cursor_i64(p->at->walking ? p->at->next : first_place(config, p->arena), 0);

    if (config->paging == PAGING_NONE || n == 0 || (int64_t)n < config->page_size)
        return config->paging == PAGING_TOKEN || config->paging == PAGING_NEXT_URL ? told : STR("");
    if (config->paging == PAGING_PAGE)
        return cursor_from_i64(p->arena, here + 1);
    if (config->paging == PAGING_OFFSET)
        return cursor_from_i64(p->arena, here + (int64_t)n);
    return told;
}

/* Another host than the configured would get our headers. */
static struct str safe_place(const struct parsing *p, struct str next, bool *ret_strange)
{
    const struct json_config *config = p->src->config;

    if (config->paging == PAGING_NEXT_URL && next.len > 0) {
        next = url_resolve(config->url, next, p->arena);
        *ret_strange = !str_eq_nocase(url_origin(next), url_origin(config->url));
    }
    *ret_strange = *ret_strange || next.len > SOURCE_CURSOR_FIELD_MAX;
    return *ret_strange ? STR("") : next;
}

/* By {cursor}: the first page that says where to go on holds for the whole walk; without paging each page
 * moves on. */
static void step_by_cursor(const struct parsing *p, const json_t *value, struct str next, size_t n,
                           struct source_step *ret_step)
{
    const struct json_config *config = p->src->config;
    struct str told = json_id(json_pointer_get(value, config->cursor_at), p->arena);
    struct str high = p->at->walking && p->at->high.len > 0 ? p->at->high : told;
    struct str low = high.len > 0 && high.len <= SOURCE_CURSOR_FIELD_MAX ? high : p->at->low;

    step_done(ret_step, low);
    if (next.len > 0 && p->at->walking && str_eq(next, p->at->next)) {
        ret_step->gap = true; /* the network does not let us go on */
    } else if (next.len > 0) {
        ret_step->kind = STEP_PAGE;
        ret_step->cursor =
            (struct source_cursor){.low = p->at->low, .walking = true, .high = high, .next = next};
    } else if (config->paging == PAGING_NONE && n > 0 && !str_eq(low, p->at->low)) {
        ret_step->kind = STEP_PAGE;
    }
}

static void step_on(const struct parsing *p, const json_t *value, const struct timewalk *walk, size_t n,
                    struct source_step *ret_step)
{
    const struct json_config *config = p->src->config;
    bool strange = false;
    struct str next = safe_place(p, next_place(p, value, n), &strange);

    if (uses_cursor(config)) {
        step_by_cursor(p, value, next, n, ret_step);
    } else if (config->time_at.len == 0) {
        step_done(ret_step, STR(WITHOUT_TIME));
    } else {
        timewalk_step(p, walk, next, ret_step);
    }
    ret_step->gap = ret_step->gap || (strange && !timewalk_is_past(walk));
}

/* What a reply says in its body about errors and waiting. */
static bool parse_refusal(const struct parsing *p, const json_t *value, struct source_step *ret_step)
{
    const struct json_config *config = p->src->config;
    const json_t *wait = config->wait_at.len > 0 ? json_pointer_get(value, config->wait_at) : NULL;
    const json_t *wrong = config->error_at.len > 0 ? json_pointer_get(value, config->error_at) : NULL;
    double seconds = json_is_number(wait) ? json_number_value(wait) : (double)json_to_i64(wait, 0);

    if (seconds > 0) {
        step_fail(ret_step, STEP_WAIT, STR("the reply asks us to wait"));
        ret_step->wait_ms = seconds < 86400 ? (int64_t)(seconds * 1000) : 86400000;
        return true;
    }
    if (!wrong || json_is_false(wrong) || json_is_null(wrong))
        return false;
    step_fail(ret_step, STEP_RETRY,
              arena_printf(p->arena, "the reply is an error: %.*s",
                           STR_FMT(str_cut_utf8(json_text(wrong), 200))));
    return true;
}

static int parse(const struct source *src, const struct source_cursor *at,
                 const struct source_reply *reply, struct source_page *page, struct source_step *ret_step,
                 struct error *err)
{
    const struct parsing p = {src, at, reply, page, page->arena};
    const struct json_config *config = src->config;
    bool refused = source_step_for_status(reply, page->arena, ret_step);
    struct timewalk walk = timewalk_begin(&p);
    const json_t *items;
    json_t *value = NULL;
    int code = refused && config->wait_at.len == 0 ? 0 : parsing_load(&p, &value, err);

    if (refused) { /* its body may still say how long */
        if (ret_step->kind == STEP_WAIT && code == 0 && value)
            parse_refusal(&p, value, ret_step);
        return 0;
    }
    if (code < 0 || parse_refusal(&p, value, ret_step))
        return code;
    items = json_pointer_get(value, config->items_at);
    if (!json_is_array(items) && !json_is_null(items)) /* null: an empty one, as Go writes it */
        return error_set(err, -EBADMSG, "no list at items_at '%.*s'", STR_FMT(config->items_at));
    read_items(&p, items, &walk);
    step_on(&p, value, &walk, json_array_size(items), ret_step);
    return 0;
}

const struct source_driver source_json = {
    .name = "json",
    .help = "Any JSON API, mapped by JSON Pointers.",
    .options = options,
    .config_size = sizeof(struct json_config),
    .loose_search = true,
    .has_horizon = true,
    .interval_ms = 5 * 60 * 1000,
    .interval_min_ms = 10 * 1000,
    .overlap_ms = 3600 * 1000,
    .max_pages = 20,
    .check = check,
    .host = host,
    .prepare = prepare,
    .parse = parse,
};
