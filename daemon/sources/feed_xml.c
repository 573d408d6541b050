/* The XML formats: RSS 2.0 and its elders, RSS 1.0, Atom 1.0 and 0.3. One table says which elements of an
 * item are read, and which of two that mean the same is preferred; the formats' names hardly overlap, so
 * it serves all of them.
 *
 * libexpat reads without namespaces, as documents with undeclared prefixes are common: prefixes are
 * resolved here, and those that everybody uses are known without a declaration. */
#include <errno.h>
#include <expat.h>

#include "mentiond/buf.h"
#include "mentiond/codec.h"
#include "sources/feed_item.h"
#include "sources/url.h"

#define DEPTH_MAX 160
#define PREFIXES_MAX 32

enum ns { NS_FEED, NS_CONTENT, NS_DC, NS_ITUNES, NS_THREAD, NS_SLASH, NS_FEEDBURNER, NS_TOMBSTONE, NS_OTHER };

/* All of what the formats themselves are written in is one. */
static const struct {
    const char *uri, *prefix;
    enum ns ns;
} namespaces[] = {
    {"http://www.w3.org/2005/Atom", "atom", NS_FEED},
    {"http://purl.org/atom/ns#", "atom03", NS_FEED},
    {"http://purl.org/rss/1.0/", "rss", NS_FEED},
    {"http://my.netscape.com/rdf/simple/0.9/", "rss09", NS_FEED},
    {"http://backend.userland.com/rss2", "rss2", NS_FEED},
    {"http://www.w3.org/1999/02/22-rdf-syntax-ns#", "rdf", NS_FEED},
    {"http://purl.org/rss/1.0/modules/content/", "content", NS_CONTENT},
    {"http://purl.org/dc/elements/1.1/", "dc", NS_DC},
    {"http://www.itunes.com/dtds/podcast-1.0.dtd", "itunes", NS_ITUNES},
    {"http://purl.org/syndication/thread/1.0", "thr", NS_THREAD},
    {"http://purl.org/rss/1.0/modules/slash/", "slash", NS_SLASH},
    {"http://rssnamespace.org/feedburner/ext/1.0", "feedburner", NS_FEEDBURNER},
    {"http://purl.org/atompub/tombstones/1.0", "at", NS_TOMBSTONE},
};

enum field {
    FIELD_ID, FIELD_LINK, FIELD_TITLE, FIELD_TEXT, FIELD_CREATED, FIELD_EDITED, FIELD_LANG, FIELD_AUTHOR,
    FIELD_AUTHOR_URI, FIELD_REPLY, FIELD_REPLIES, FIELD_COUNT,
};

/* `rank`: the higher one is preferred. `in`: what it stands in. */
enum place { IN_ITEM, IN_AUTHOR };

struct row {
    enum ns ns;
    const char *name;
    enum field field;
    unsigned char rank;
    enum place in;
};

static const struct row rows[] = {
    {NS_FEED, "guid", FIELD_ID, 2, IN_ITEM},           {NS_FEED, "id", FIELD_ID, 2, IN_ITEM},
    {NS_FEED, "link", FIELD_LINK, 3, IN_ITEM},         {NS_FEEDBURNER, "origLink", FIELD_LINK, 5, IN_ITEM},
    {NS_FEED, "title", FIELD_TITLE, 2, IN_ITEM},       {NS_DC, "title", FIELD_TITLE, 1, IN_ITEM},
    {NS_CONTENT, "encoded", FIELD_TEXT, 5, IN_ITEM},   {NS_FEED, "content", FIELD_TEXT, 4, IN_ITEM},
    {NS_FEED, "description", FIELD_TEXT, 3, IN_ITEM},  {NS_FEED, "summary", FIELD_TEXT, 2, IN_ITEM},
    {NS_ITUNES, "summary", FIELD_TEXT, 1, IN_ITEM},    {NS_FEED, "pubDate", FIELD_CREATED, 5, IN_ITEM},
    {NS_FEED, "published", FIELD_CREATED, 5, IN_ITEM}, {NS_FEED, "issued", FIELD_CREATED, 4, IN_ITEM},
    {NS_FEED, "created", FIELD_CREATED, 3, IN_ITEM},   {NS_DC, "date", FIELD_CREATED, 2, IN_ITEM},
    {NS_FEED, "updated", FIELD_EDITED, 2, IN_ITEM},    {NS_FEED, "modified", FIELD_EDITED, 1, IN_ITEM},
    {NS_FEED, "language", FIELD_LANG, 2, IN_ITEM},     {NS_DC, "language", FIELD_LANG, 3, IN_ITEM},
    {NS_DC, "creator", FIELD_AUTHOR, 3, IN_ITEM},      {NS_FEED, "author", FIELD_AUTHOR, 2, IN_ITEM},
    {NS_ITUNES, "author", FIELD_AUTHOR, 1, IN_ITEM},   {NS_FEED, "name", FIELD_AUTHOR, 2, IN_AUTHOR},
    {NS_FEED, "uri", FIELD_AUTHOR_URI, 2, IN_AUTHOR},  {NS_FEED, "url", FIELD_AUTHOR_URI, 1, IN_AUTHOR},
    {NS_THREAD, "in-reply-to", FIELD_REPLY, 1, IN_ITEM}, {NS_THREAD, "total", FIELD_REPLIES, 2, IN_ITEM},
    {NS_SLASH, "comments", FIELD_REPLIES, 1, IN_ITEM},
};

/* The element whose text is being gathered. */
struct capture {
    const struct row *row; /* NULL: none */
    size_t depth;
    struct buf text;
    bool full;
    bool markup; /* its elements are part of the text */
    struct str type, href, rel, ref, is_permalink;
};

struct reader {
    XML_Parser parser;
    struct feed_doc *doc;
    struct {
        struct str prefix;
        enum ns ns;
    } prefixes[PREFIXES_MAX];
    size_t n_prefixes;
    enum ns default_ns[DEPTH_MAX + 1];
    size_t depth, feed_depth, item_depth, author_depth; /* 0: not in one */
    struct feed_item *item;
    unsigned char ranks[FIELD_COUNT];
    struct str base; /* of the item */
    struct capture capture;
    bool is_feed, is_atom, is_page;
};

/* ---- names --------------------------------------------------------------------------------- */

static enum ns ns_of_uri(struct str uri)
{
    for (size_t i = 0; i < ARRAY_LEN(namespaces); i++) {
        if (str_eq(uri, str_from(namespaces[i].uri)))
            return namespaces[i].ns;
    }
    return uri.len == 0 ? NS_FEED : NS_OTHER;
}

static enum ns ns_of_prefix(const struct reader *r, struct str prefix)
{
    for (size_t i = r->n_prefixes; i > 0; i--) {
        if (str_eq(r->prefixes[i - 1].prefix, prefix))
            return r->prefixes[i - 1].ns;
    }
    for (size_t i = 0; i < ARRAY_LEN(namespaces); i++) {
        if (str_eq(prefix, str_from(namespaces[i].prefix)))
            return namespaces[i].ns;
    }
    return NS_OTHER;
}

/* Prefixes hold to the end of the document, whoever declares them: feeds do not use one for two things. */
static void declare(struct reader *r, const char **attributes)
{
    for (size_t i = 0; attributes[i]; i += 2) {
        struct str name = str_from(attributes[i]), uri = str_trim(str_from(attributes[i + 1]));

        if (str_eq(name, STR("xmlns")))
            r->default_ns[r->depth] = ns_of_uri(uri);
        else if (str_starts_with(name, STR("xmlns:")) && r->n_prefixes < PREFIXES_MAX) {
            r->prefixes[r->n_prefixes].prefix = arena_str(r->doc->arena, str_slice(name, 6, name.len));
            r->prefixes[r->n_prefixes++].ns = ns_of_uri(uri);
        }
    }
}

static enum ns resolve(const struct reader *r, const char *qualified, struct str *ret_local)
{
    struct str local, prefix = str_split(str_from(qualified), ':', &local);

    *ret_local = local.s ? local : prefix;
    return local.s ? ns_of_prefix(r, prefix) : r->default_ns[r->depth];
}

static struct str attribute(const struct reader *r, const char **attributes, const char *name)
{
    for (size_t i = 0; attributes[i]; i += 2) {
        if (strcmp(attributes[i], name) == 0)
            return arena_str(r->doc->arena, str_trim(str_from(attributes[i + 1])));
    }
    return STR("");
}

/* ---- values -------------------------------------------------------------------------------- */

/* "mail@x (Name)" and "Name (mail@x)" are Name. */
static struct str person_name(struct str text)
{
    size_t open = str_find(text, STR("(")), close = str_find(text, STR(")"));
    struct str before, within;

    if (open == SIZE_MAX || close == SIZE_MAX || close < open)
        return text;
    before = str_trim(str_slice(text, 0, open));
    within = str_trim(str_slice(text, open + 1, close));
    if (str_find(within, STR("@")) != SIZE_MAX && before.len > 0)
        return before;
    return within.len > 0 ? within : before;
}

static bool is_xml_type(struct str type)
{
    return str_eq(type, STR("xhtml")) || str_ends_with(type, STR("/xml")) || str_ends_with(type, STR("+xml"));
}

/* Text by its declared type; what declares none is looked at. */
static struct str text_of(const struct reader *r, struct str text, struct str type, bool atom)
{
    struct arena *arena = r->doc->arena;

    if (is_xml_type(type) || str_eq(type, STR("html")) || str_eq(type, STR("text/html")))
        return html_to_text(text, arena);
    if (str_eq(type, STR("text")) || str_starts_with(type, STR("text/")) || (atom && type.len == 0))
        return text;
    if (str_find(type, STR("/")) != SIZE_MAX) {
        struct buf utf8 = BUF_INIT(FEED_TEXT_MAX * 3);

        if (feed_to_utf8(base64_decode_loose(text, arena), STR(""), &utf8))
            text = arena_str(arena, buf_str(&utf8));
        buf_finish(&utf8);
    }
    return feed_plain(text, arena);
}

/* ---- fields -------------------------------------------------------------------------------- */

static void set(struct reader *r, enum field field, unsigned char rank, struct str *to, struct str value)
{
    if (value.len == 0 || rank <= r->ranks[field])
        return;
    *to = value;
    r->ranks[field] = rank;
}

static struct str absolute(const struct reader *r, struct str link)
{
    return url_resolve(r->base, link, r->doc->arena);
}

static void take_id(struct reader *r, struct feed_item *item, unsigned char rank, struct str text)
{
    set(r, FIELD_ID, rank, &item->id, text);
    if (!str_eq_nocase(r->capture.is_permalink, STR("false")) && str_starts_with(text, STR("http")) &&
        str_eq(str_from(r->capture.row->name), STR("guid")))
        set(r, FIELD_LINK, 1, &item->link, absolute(r, text));
}

static void take_link(struct reader *r, struct feed_item *item, unsigned char rank, struct str text)
{
    const struct capture *c = &r->capture;

    if (c->rel.len > 0 && !str_eq(c->rel, STR("alternate")))
        return;
    if (c->type.len > 0 && str_find(c->type, STR("html")) == SIZE_MAX)
        rank--;
    set(r, FIELD_LINK, rank, &item->link, absolute(r, c->href.len > 0 ? c->href : text));
}

static void take_time(struct reader *r, enum field field, unsigned char rank, int64_t *to, struct str text)
{
    int64_t time_ms = feed_date_ms(text);

    if (time_ms <= 0 || rank <= r->ranks[field])
        return;
    *to = time_ms;
    r->ranks[field] = rank;
}

static void take_reply(struct reader *r, struct feed_item *item, unsigned char rank)
{
    set(r, FIELD_REPLY, rank, &item->in_reply_to, r->capture.ref.len > 0 ? r->capture.ref : r->capture.href);
}

static struct str typed_text(const struct reader *r, struct str text)
{
    return text_of(r, text, r->capture.type, r->is_atom && r->capture.row->ns == NS_FEED);
}

static void take_item_field(struct reader *r, struct feed_item *item, const struct row *row, struct str text)
{
    switch (row->field) {
    case FIELD_ID: take_id(r, item, row->rank, text); break;
    case FIELD_LINK: take_link(r, item, row->rank, text); break;
    case FIELD_TITLE: set(r, row->field, row->rank, &item->title, typed_text(r, text)); break;
    case FIELD_TEXT: set(r, row->field, row->rank, &item->text, typed_text(r, text)); break;
    case FIELD_CREATED: take_time(r, row->field, row->rank, &item->created_ms, text); break;
    case FIELD_EDITED: take_time(r, row->field, row->rank, &item->edited_ms, text); break;
    case FIELD_LANG: set(r, row->field, row->rank, &item->lang, text); break;
    case FIELD_AUTHOR: set(r, row->field, row->rank, &item->author, person_name(text)); break;
    case FIELD_AUTHOR_URI: set(r, row->field, row->rank, &item->author_uri, absolute(r, text)); break;
    case FIELD_REPLY: take_reply(r, item, row->rank); break;
    case FIELD_REPLIES: str_to_i64(text, 0, INT32_MAX, &item->replies); break;
    default: break;
    }
}

/* Of the feed itself only what its items fall back to is of interest. */
static void take_feed_field(struct reader *r, const struct row *row, struct str text)
{
    struct feed_doc *doc = r->doc;

    if (row->field == FIELD_LANG && text.len > 0)
        doc->lang = text;
    else if (row->field == FIELD_AUTHOR && row->ns != NS_ITUNES && text.len > 0)
        doc->author = person_name(text);
    else if (row->field == FIELD_AUTHOR_URI)
        doc->author_uri = url_resolve(doc->base, text, doc->arena);
    else if (row->field == FIELD_LINK && str_eq(r->capture.rel, STR("next")))
        doc->next = url_resolve(doc->base, r->capture.href, doc->arena);
}

/* ---- elements ------------------------------------------------------------------------------ */

static const struct row *row_find(const struct reader *r, enum ns ns, struct str local)
{
    bool in_author = r->author_depth > 0 && r->depth == r->author_depth + 1;
    size_t holder = r->item_depth > 0 ? r->item_depth : r->feed_depth;

    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        if (rows[i].ns != ns || !str_eq(local, str_from(rows[i].name)))
            continue;
        if (rows[i].in == IN_AUTHOR ? in_author : holder > 0 && r->depth == holder + 1)
            return &rows[i];
    }
    return NULL;
}

static void capture_begin(struct reader *r, const struct row *row, const char **attributes)
{
    struct capture *c = &r->capture;
    struct buf text = c->text;

    buf_reset(&text);
    *c = (struct capture){
        .row = row,
        .depth = r->depth,
        .text = text,
        .type = attribute(r, attributes, "type"),
        .href = attribute(r, attributes, "href"),
        .rel = attribute(r, attributes, "rel"),
        .ref = attribute(r, attributes, "ref"),
        .is_permalink = attribute(r, attributes, "isPermaLink"),
    };
    if (str_eq(attribute(r, attributes, "mode"), STR("escaped")))
        c->type = STR("html"); /* Atom 0.3 */
    c->markup = is_xml_type(c->type);
}

static void capture_add(struct capture *c, struct str text)
{
    c->full = c->full || c->text.len + text.len > FEED_TEXT_MAX;
    if (!c->full)
        buf_append_str(&c->text, text);
}

static void capture_tag(struct capture *c, const char *before, const char *name)
{
    struct str local, prefix = str_split(str_from(name), ':', &local);

    capture_add(c, str_from(before));
    capture_add(c, local.s ? local : prefix);
    capture_add(c, STR(">"));
}

static void capture_end(struct reader *r)
{
    struct capture *c = &r->capture;
    struct str text = arena_str(r->doc->arena, str_trim(buf_str(&c->text)));

    if (!text.s)
        text = STR("");
    if (r->item)
        take_item_field(r, r->item, c->row, text);
    else
        take_feed_field(r, c->row, text);
    c->row = NULL;
}

static void item_begin(struct reader *r, const char **attributes)
{
    struct str base = attribute(r, attributes, "xml:base");

    r->item = feed_doc_add(r->doc);
    if (!r->item)
        return;
    r->item_depth = r->depth;
    memset(r->ranks, 0, sizeof(r->ranks));
    r->base = base.len > 0 ? url_resolve(r->doc->base, base, r->doc->arena) : r->doc->base;
    set(r, FIELD_LANG, 1, &r->item->lang, attribute(r, attributes, "xml:lang"));
    set(r, FIELD_ID, 1, &r->item->id, attribute(r, attributes, "rdf:about"));
}

static void tombstone(struct reader *r, const char **attributes)
{
    struct str id = attribute(r, attributes, "ref");
    struct feed_item *item = id.len > 0 ? feed_doc_add(r->doc) : NULL;

    if (item) {
        item->id = id;
        item->deleted = true;
    }
}

/* The root says what the document is. */
static void root_begin(struct reader *r, struct str local, const char **attributes)
{
    struct str base = attribute(r, attributes, "xml:base"), lang = attribute(r, attributes, "xml:lang");

    r->is_page = str_eq_nocase(local, STR("html"));
    r->is_feed = str_eq_nocase(local, STR("rss")) || str_eq(local, STR("RDF")) || str_eq(local, STR("feed"));
    r->is_atom = str_eq(local, STR("feed"));
    if (r->is_atom)
        r->feed_depth = r->depth;
    if (base.len > 0)
        r->doc->base = url_resolve(r->doc->base, base, r->doc->arena);
    r->doc->lang = lang;
    r->base = r->doc->base;
    if (!r->is_feed)
        XML_StopParser(r->parser, XML_FALSE);
}

static void on_start(void *user, const char *name, const char **attributes)
{
    struct reader *r = user;
    struct str local;
    enum ns ns;

    if (++r->depth >= DEPTH_MAX) { /* feed_mend() lets none through */
        XML_StopParser(r->parser, XML_FALSE);
        return;
    }
    r->default_ns[r->depth] = r->depth > 1 ? r->default_ns[r->depth - 1] : NS_FEED;
    declare(r, attributes);
    ns = resolve(r, name, &local);
    if (r->depth == 1) {
        root_begin(r, local, attributes);
    } else if (r->capture.row && r->capture.markup) {
        capture_tag(&r->capture, "<", name);
    } else if (!r->item && ns == NS_FEED && (str_eq(local, STR("item")) || str_eq(local, STR("entry")))) {
        item_begin(r, attributes);
    } else if (!r->item && ns == NS_TOMBSTONE && str_eq(local, STR("deleted-entry"))) {
        tombstone(r, attributes);
    } else if (!r->item && ns == NS_FEED && str_eq(local, STR("channel"))) {
        r->feed_depth = r->depth;
    } else {
        const struct row *row = row_find(r, ns, local);

        if (row)
            capture_begin(r, row, attributes);
        if (row && str_eq(local, STR("author")) && ns == NS_FEED)
            r->author_depth = r->depth;
    }
}

static void on_end(void *user, const char *name)
{
    struct reader *r = user;

    if (r->capture.row && r->capture.depth == r->depth)
        capture_end(r);
    else if (r->capture.row && r->capture.markup)
        capture_tag(&r->capture, "</", name);
    if (r->item && r->depth == r->item_depth) {
        r->item = NULL;
        r->item_depth = 0;
    }
    if (r->depth == r->feed_depth)
        r->feed_depth = 0;
    if (r->depth == r->author_depth)
        r->author_depth = 0;
    r->depth--;
}

static void on_text(void *user, const char *text, int len)
{
    struct reader *r = user;
    struct str piece = {text, (size_t)len};

    if (!r->capture.row)
        return;
    if (!r->capture.markup) {
        capture_add(&r->capture, piece);
        return;
    }
    for (size_t i = 0; i < piece.len; i++) { /* text among elements: what html_to_text() reads back */
        struct str one = str_slice(piece, i, i + 1);

        if (one.s[0] == '<')
            one = STR("&lt;");
        else if (one.s[0] == '&')
            one = STR("&amp;");
        capture_add(&r->capture, one);
    }
}

int feed_xml_read(struct str xml, struct feed_doc *doc, struct error *err)
{
    struct reader r = {.doc = doc, .base = doc->base, .capture.text = BUF_INIT(2 * FEED_TEXT_MAX)};
    bool ok;

    r.parser = xml.len <= FEED_UTF8_MAX ? XML_ParserCreate("UTF-8") : NULL;
    if (!r.parser)
        return error_oom(err);
    XML_SetUserData(r.parser, &r);
    XML_SetElementHandler(r.parser, on_start, on_end);
    XML_SetCharacterDataHandler(r.parser, on_text);
    ok = XML_Parse(r.parser, xml.s ? xml.s : "", (int)xml.len, XML_TRUE) == XML_STATUS_OK;
    if (!ok)
        doc->broken = arena_printf(doc->arena, "line %lu: %s", XML_GetCurrentLineNumber(r.parser),
                                   XML_ErrorString(XML_GetErrorCode(r.parser)));
    XML_ParserFree(r.parser);
    buf_finish(&r.capture.text);
    if (r.is_page)
        return error_set(err, -EBADMSG, "a web page instead of a feed");
    if (!r.is_feed)
        return error_set(err, -EBADMSG, "neither RSS, Atom nor JSON Feed");
    return 0;
}
