/* Any feed: RSS, Atom, JSON Feed. A feed is a window of its newest items, in any order, with no cursor and
 * with dates that may be missing or wrong. So whatever it shows is handed on each time it changes, and the
 * queue drops what it knows; only items that no date places after the first look are told apart here, by
 * keys of those seen before.
 *
 * The cursor holds the validators as the server sent them, a digest of the body for servers that ignore
 * those, and the keys. It is stored in the same step as the items: a validator can never outrun them.
 * Where no item is known any more, the window has moved on by more than its length: older pages are read
 * if the feed has them, else that is a gap. */
#include <errno.h>
#include <openssl/evp.h>

#include "sources/feed_item.h"
#include "sources/url.h"

#define NETWORK_DEFAULT "feed"
#define KEYS_MAX 200 /* seen items that are remembered */
#define KEY_LEN 6    /* of 64 characters each: two items share a key once in 7e10 */
#define VALIDATOR_MAX 256
#define WALK_PAGES_MAX 10
#define FUTURE_MS (24LL * 3600 * 1000) /* dates beyond this are wrong */
#define EARLIEST_MS 631152000000       /* 1990 */
#define ID_PLAIN_MAX 400
#define ACCEPT "application/atom+xml, application/rss+xml, application/feed+json, application/json;q=0.9, " \
               "application/xml;q=0.8, text/xml;q=0.8, */*;q=0.1"

struct feed_config {
    struct str url, network;
    struct secret authorization;
    bool everything;
};

static const struct option options[] = {
    {.key = "url", .kind = OPTION_URL, .offset = offsetof(struct feed_config, url), .required = true,
     .help = "The feed: RSS, Atom or JSON Feed."},
    {.key = "everything", .kind = OPTION_BOOL, .offset = offsetof(struct feed_config, everything),
     .help = "Also items that hold none of the brand's terms: for a feed of a search, or about the brand."},
    {.key = "network", .kind = OPTION_STRING, .offset = offsetof(struct feed_config, network),
     .def = NETWORK_DEFAULT, .min = 1, .max = 32, .help = "What its mentions are from."},
    {.key = "authorization", .kind = OPTION_SECRET, .offset = offsetof(struct feed_config, authorization),
     .help = "The Authorization header, as \"Basic …\", for feeds that want a login."},
    {0},
};

static struct str host(const struct source *src, struct arena *arena)
{
    const struct feed_config *config = src->config;

    return arena_str(arena, url_authority(config->url));
}

static bool check(struct source *src, const struct settings *settings, struct diag *d)
{
    const struct feed_config *config = src->config;

    (void)settings;
    (void)d;
    src->unfiltered = config->everything;
    return true;
}

/* ---- keys and the cursor ------------------------------------------------------------------- */

static uint64_t digest(struct str text)
{
    unsigned char sum[EVP_MAX_MD_SIZE];
    uint64_t number = 0;

    if (!EVP_Digest(text.s ? text.s : "", text.len, sum, NULL, EVP_sha256(), NULL))
        return 0; /* out of memory: at worst what is known is read again */
    for (size_t i = 0; i < sizeof(number); i++)
        number = number << 8 | sum[i];
    return number;
}

static void key_write(uint64_t number, char ret[KEY_LEN])
{
    static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

    for (size_t i = 0; i < KEY_LEN; i++, number >>= 6)
        ret[i] = digits[number & 63];
}

/* cursor.low, a line each: the address's digest, the first look, the body's digest, ETag, Last-Modified,
 * keys. */
struct memory {
    uint64_t url, body;
    int64_t since_ms; /* items dated from here on need no key */
    struct str etag, modified;
    struct str keys; /* KEY_LEN each */
};

static bool has_key(struct str keys, const char key[KEY_LEN])
{
    for (size_t at = 0; at + KEY_LEN <= keys.len; at += KEY_LEN) {
        if (memcmp(keys.s + at, key, KEY_LEN) == 0)
            return true;
    }
    return false;
}

static uint64_t hex_number(struct str text)
{
    char copy[17] = {0};

    memcpy(copy, text.s ? text.s : "", text.len < 16 ? text.len : 16);
    return strtoull(copy, NULL, 16);
}

/* Of another address only the keys hold: its items may be the same, its validators are not. */
static struct memory memory_load(struct str low, struct str url)
{
    struct memory m;
    struct str rest = low;

    m.url = hex_number(str_split(rest, '\n', &rest));
    m.since_ms = cursor_i64(str_split(rest, '\n', &rest), 0);
    m.body = hex_number(str_split(rest, '\n', &rest));
    m.etag = str_split(rest, '\n', &rest);
    m.modified = str_split(rest, '\n', &rest);
    m.keys = rest;
    if (m.url != digest(url)) {
        m.url = digest(url);
        m.body = 0;
        m.etag = m.modified = STR("");
    }
    return m;
}

static struct str memory_text(const struct memory *m, struct arena *arena)
{
    return arena_printf(arena, "%016llx\n%lld\n%016llx\n%.*s\n%.*s\n%.*s", (unsigned long long)m->url,
                        (long long)m->since_ms, (unsigned long long)m->body, STR_FMT(m->etag),
                        STR_FMT(m->modified), STR_FMT(m->keys));
}

/* ---- requests ------------------------------------------------------------------------------ */

static int add_authorization(struct source_request *request, const struct secret *secret, struct arena *arena,
                             struct error *err)
{
    char *value = NULL;
    int code = secret->spec.len > 0 ? secret_resolve(secret, &value, err) : 0;

    if (code == 0 && value)
        request_add_header(request, "Authorization", arena_str(arena, str_from(value)), true);
    secret_free(value);
    return code;
}

static int prepare(const struct source *src, const struct source_cursor *at, int64_t now_ms,
                   struct arena *arena, struct source_request *ret_request, struct error *err)
{
    const struct feed_config *config = src->config;
    struct memory m = memory_load(at->low, config->url);

    (void)now_ms;
    *ret_request = (struct source_request){.kind = REQUEST_HTTP, .endpoint = "feed"};
    ret_request->http = (struct http_request){.method = "GET", .url = at->walking ? at->next : config->url};
    request_add_header(ret_request, "Accept", STR(ACCEPT), false);
    if (!at->walking && m.etag.len > 0)
        request_add_header(ret_request, "If-None-Match", m.etag, false);
    if (!at->walking && m.modified.len > 0)
        request_add_header(ret_request, "If-Modified-Since", m.modified, false);
    return add_authorization(ret_request, &config->authorization, arena, err);
}

/* ---- items as mentions --------------------------------------------------------------------- */

/* One document with what is known of the time before it. */
struct reading {
    const struct parsing *p;
    const struct feed_config *config;
    struct memory before;
    struct feed_doc doc;
    bool ids_are_one; /* a broken generator: all items have the same id */
    struct buf keys;  /* of this document */
    size_t n_known;
};

static bool is_worldwide(struct str id)
{
    return str_find(id, STR("://")) != SIZE_MAX || str_starts_with(id, STR("tag:")) ||
           str_starts_with(id, STR("urn:"));
}

/* What an item is known by: its id, else its link, else what it says. */
static struct str item_key(const struct reading *r, const struct feed_item *item)
{
    struct arena *arena = r->p->arena;
    struct str id = r->ids_are_one ? STR("") : item->id;

    if (id.len == 0)
        id = item->link;
    if (id.len == 0 && item->title.len + item->text.len > 0)
        id = arena_printf(arena, "%016llx", (unsigned long long)digest(arena_printf(
                                                arena, "%.*s\n%lld\n%.*s", STR_FMT(item->title),
                                                (long long)item->created_ms, STR_FMT(item->text))));
    if (id.len > ID_PLAIN_MAX)
        id = arena_printf(arena, "%.*s#%016llx", STR_FMT(str_cut_utf8(id, ID_PLAIN_MAX - 20)),
                          (unsigned long long)digest(id));
    if (id.len == 0 || is_worldwide(id))
        return id;
    return arena_printf(arena, "%.*s/%.*s", STR_FMT(url_authority(r->config->url)), STR_FMT(id));
}

static struct str whole_text(const struct feed_item *item, struct arena *arena)
{
    struct str title = str_trim(item->title), text = str_trim(item->text), both;

    if (title.len == 0 || str_starts_with(text, title))
        return text;
    if (text.len == 0)
        return title;
    both = arena_printf(arena, "%.*s\n\n%.*s", STR_FMT(title), STR_FMT(text));
    return both.s ? both : title;
}

/* A feed without names speaks with one voice: its host's. */
static void read_author(const struct reading *r, const struct feed_item *item, struct mention_author *ret)
{
    bool own = item->author.len + item->author_uri.len > 0;
    struct str name = own ? item->author : r->doc.author, uri = own ? item->author_uri : r->doc.author_uri;
    struct str site = url_authority(r->config->url);

    ret->name = ret->handle = name;
    ret->id = uri;
    if (uri.len == 0)
        ret->id = name.len > 0 ? arena_printf(r->p->arena, "%.*s/%.*s", STR_FMT(site), STR_FMT(name)) : site;
}

static void add_mention(struct reading *r, const struct feed_item *item, struct str key, int64_t created_ms,
                        bool backfill)
{
    const struct parsing *p = r->p;
    struct str text = whole_text(item, p->arena);
    struct mention *m = text.len > 0 ? source_page_add(p->page) : NULL;

    if (!m) {
        page_skip(p->page, "item '%.*s' has no text, or is one too many", STR_FMT(str_cut_utf8(key, 100)));
        return;
    }
    m->network = r->config->network;
    m->id = arena_printf(p->arena, "%.*s:%.*s", STR_FMT(m->network), STR_FMT(key));
    m->url = item->link;
    m->kind = STR("post");
    m->text = text;
    read_author(r, item, &m->author);
    m->created_at_ms = created_ms;
    m->fetched_at_ms = p->reply->received_at_ms;
    if (item->edited_ms > created_ms && item->edited_ms <= m->fetched_at_ms + FUTURE_MS)
        m->edited_at_ms = item->edited_ms;
    m->in_reply_to = item->in_reply_to;
    m->replies = item->replies;
    m->backfill = backfill;
    mention_set_lang(m, item->lang.len > 0 ? item->lang : r->doc.lang);
}

/* 0 where the item says nothing that can be true. */
static int64_t written_ms(const struct reading *r, const struct feed_item *item)
{
    int64_t time_ms = item->created_ms > 0 ? item->created_ms : item->edited_ms;

    if (time_ms < EARLIEST_MS || time_ms > r->p->reply->received_at_ms + FUTURE_MS)
        return 0;
    return time_ms;
}

static void read_item(struct reading *r, const struct feed_item *item)
{
    bool first_run = r->p->at->low.len == 0, full = r->before.keys.len >= KEYS_MAX * KEY_LEN, known;
    struct str id = item_key(r, item);
    int64_t time_ms = written_ms(r, item);
    char key[KEY_LEN];

    if (item->deleted) {
        source_page_gone(r->p->page,
                         arena_printf(r->p->arena, "%.*s:%.*s", STR_FMT(r->config->network), STR_FMT(id)));
        return;
    }
    if (id.len == 0) {
        page_skip(r->p->page, "an item without id, link and text");
        return;
    }
    key_write(digest(id), key);
    if (has_key(buf_str(&r->keys), key))
        return; /* twice in one document: the first counts */
    known = has_key(r->before.keys, key);
    r->n_known += known;
    if (r->keys.len < KEYS_MAX * KEY_LEN)
        buf_append(&r->keys, key, KEY_LEN);
    if (time_ms >= r->before.since_ms)
        add_mention(r, item, id, time_ms, first_run);
    else if (!first_run && !known)
        add_mention(r, item, id, time_ms ? time_ms : r->p->reply->received_at_ms, full);
}

static bool all_ids_are_one(const struct feed_doc *doc)
{
    for (size_t i = 1; i < doc->n; i++) {
        if (doc->items[i].id.len == 0 || !str_eq(doc->items[i].id, doc->items[0].id))
            return false;
    }
    return doc->n > 1;
}

static void read_items(struct reading *r)
{
    r->ids_are_one = all_ids_are_one(&r->doc);
    for (size_t i = 0; i < r->doc.n; i++)
        read_item(r, &r->doc.items[i]);
    for (size_t at = 0; at < r->before.keys.len && r->keys.len < KEYS_MAX * KEY_LEN; at += KEY_LEN) {
        if (!has_key(buf_str(&r->keys), r->before.keys.s + at)) /* an item may be away for a while */
            buf_append(&r->keys, r->before.keys.s + at, KEY_LEN);
    }
    if (r->doc.n_dropped > 0 || r->doc.broken.len > 0)
        page_skip(r->p->page, "%u items too many; %.*s", r->doc.n_dropped,
                  STR_FMT(r->doc.broken.len > 0 ? r->doc.broken : STR("the document is whole")));
}

/* ---- steps --------------------------------------------------------------------------------- */

static struct str validator(const struct parsing *p, const char *name)
{
    struct str value = str_trim(http_response_header(p->reply->http, name));

    return value.len <= VALIDATOR_MAX && str_find(value, STR("\n")) == SIZE_MAX ? value : STR("");
}

static struct str next_low(const struct reading *r, uint64_t body)
{
    struct memory m = r->before;

    m.body = body;
    m.etag = validator(r->p, "ETag");
    m.modified = validator(r->p, "Last-Modified");
    m.keys = buf_str(&r->keys);
    return memory_text(&m, r->p->arena);
}

/* Nothing of what was known is here: there is more before it. */
static bool has_older(const struct reading *r)
{
    if (r->p->at->low.len == 0)
        return r->p->page->n_mentions > 0 && r->p->page->n_mentions == r->doc.n;
    return r->doc.n > 1 && r->before.keys.len > 0 && r->n_known == 0;
}

static void step_on(const struct reading *r, uint64_t body, struct source_step *ret_step)
{
    const struct source_cursor *at = r->p->at;
    int64_t pages = at->walking ? walk_floor(at, WALK_PAGES_MAX) : 0;
    struct str high = at->walking ? at->high : next_low(r, body), next = r->doc.next;
    bool repeated = at->walking && str_eq(next, at->next);

    step_done(ret_step, high);
    if (!has_older(r))
        return;
    if (pages >= WALK_PAGES_MAX || next.len == 0 || next.len > SOURCE_CURSOR_FIELD_MAX ||
        (repeated && walk_was_repeated(at)) || !str_eq_nocase(url_origin(next), url_origin(r->config->url))) {
        ret_step->gap = at->low.len > 0;
        return;
    }
    ret_step->kind = STEP_PAGE;
    ret_step->cursor = (struct source_cursor){.low = at->low,
                                              .walking = true,
                                              .high = high,
                                              .next = next,
                                              .floor = walk_floor_text(r->p->arena, pages + 1, repeated)};
}

/* ---- replies ------------------------------------------------------------------------------- */

static int read_document(struct reading *r, struct error *err)
{
    const struct parsing *p = r->p;
    struct str body = str_trim(p->reply->body);
    struct buf utf8 = BUF_INIT(FEED_UTF8_MAX), xml = BUF_INIT(FEED_UTF8_MAX);
    json_t *value = NULL;
    int code;

    if (str_starts_with(body, STR("\xEF\xBB\xBF")))
        body = str_trim(str_slice(body, 3, body.len));
    if (str_starts_with(body, STR("{"))) {
        struct arena *before = json_use_arena(p->arena);

        code = json_page_parse(body, &p->page->faults, &value, err);
        json_use_arena(before);
        return code < 0 ? code : feed_json_read(value, &r->doc, err);
    }
    if (!feed_to_utf8(p->reply->body, http_response_header(p->reply->http, "Content-Type"), &utf8) ||
        !feed_mend(buf_str(&utf8), &xml))
        code = error_oom(err);
    else
        code = feed_xml_read(buf_str(&xml), &r->doc, err);
    buf_finish(&utf8);
    buf_finish(&xml);
    return code;
}

/* 304, and a body that is the same byte for byte. */
static bool is_unchanged(const struct reading *r, uint64_t body)
{
    return r->p->reply->http->status == 304 || (!r->p->at->walking && r->before.body == body && body != 0);
}

static int parse(const struct source *src, const struct source_cursor *at,
                 const struct source_reply *reply, struct source_page *page, struct source_step *ret_step,
                 struct error *err)
{
    const struct parsing p = {src, at, reply, page, page->arena};
    const struct feed_config *config = src->config;
    struct reading r = {.p = &p, .config = config, .before = memory_load(at->low, config->url),
                        .keys = BUF_INIT(SOURCE_CURSOR_FIELD_MAX)};
    int status = reply->http->status, code;
    uint64_t body = digest(reply->body);

    r.doc = (struct feed_doc){.arena = p.arena, .base = at->walking ? at->next : config->url};
    if (is_unchanged(&r, body)) {
        step_done(ret_step, at->walking ? at->high : at->low);
        return 0;
    }
    if ((status < 200 || status > 299 || status == 206) && source_step_for_status(reply, p.arena, ret_step))
        return 0;
    if (at->low.len == 0)
        r.before.since_ms = at->walking ? memory_load(at->high, config->url).since_ms
                                        : reply->received_at_ms - src->backfill_ms;
    code = read_document(&r, err);
    if (code == 0) {
        read_items(&r);
        step_on(&r, body, ret_step);
    }
    buf_finish(&r.keys);
    return code;
}

const struct source_driver source_feed = {
    .name = "feed",
    .help = "Any feed: RSS, Atom, JSON Feed.",
    .options = options,
    .config_size = sizeof(struct feed_config),
    .loose_search = true,
    .has_horizon = true,
    .interval_ms = 15 * 60 * 1000,
    .interval_min_ms = 60 * 1000,
    .max_pages = WALK_PAGES_MAX,
    .check = check,
    .host = host,
    .prepare = prepare,
    .parse = parse,
};
