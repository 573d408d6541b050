/* What the readers of a feed's formats share, and JSON Feed, which is small. */
#include "sources/feed_item.h"

#include <errno.h>

#include "sources/url.h"

#define FIRST_CAP 64

struct feed_item *feed_doc_add(struct feed_doc *doc)
{
    struct feed_item *items;
    size_t cap = doc->cap ? doc->cap * 2 : FIRST_CAP;

    if (doc->n == doc->cap && doc->n < FEED_ITEMS_MAX) {
        items = arena_alloc(doc->arena, cap * sizeof(*items));
        if (items && doc->n)
            memcpy(items, doc->items, doc->n * sizeof(*items));
        doc->items = items ? items : doc->items;
        doc->cap = items ? cap : doc->cap;
    }
    if (doc->n == doc->cap || doc->n >= FEED_ITEMS_MAX) {
        doc->n_dropped++;
        return NULL;
    }
    doc->items[doc->n] = (struct feed_item){.replies = -1};
    return &doc->items[doc->n++];
}

/* "<b" and "</b", "&amp;" and "&#8217;": what nobody writes in plain text. */
static bool looks_like_html(struct str text)
{
    size_t last_end = text.len; /* of tags: none can begin behind it */

    while (last_end > 0 && text.s[last_end - 1] != '>')
        last_end--;
    for (size_t i = 0; i + 2 < text.len; i++) {
        char next = text.s[i + 1];
        bool letter = (next >= 'a' && next <= 'z') || (next >= 'A' && next <= 'Z');

        if (text.s[i] == '<' && (letter || next == '/' || next == '!') && i < last_end)
            return true;
        if (text.s[i] == '&' && (letter || next == '#')) {
            size_t end = i + 10 < text.len ? i + 10 : text.len;

            if (str_find(str_slice(text, i, end), STR(";")) != SIZE_MAX)
                return true;
        }
    }
    return false;
}

struct str feed_plain(struct str text, struct arena *arena)
{
    return looks_like_html(text) ? html_to_text(text, arena) : text;
}

/* ---- JSON Feed ----------------------------------------------------------------------------- */

/* authors[0] since 1.1, author before. */
static const json_t *author_of(const json_t *object)
{
    const json_t *first = json_array_get(json_get(object, "authors"), 0);

    return json_is_object(first) ? first : json_get(object, "author");
}

static struct str first_text(const json_t *object, const char *const *keys, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        struct str text = json_get_text(object, keys[i]);

        if (text.len > 0)
            return text;
    }
    return STR("");
}

static struct str read_text(const json_t *one, struct arena *arena)
{
    struct str plain = json_get_text(one, "content_text"), html = json_get_text(one, "content_html");

    if (plain.len > 0)
        return plain;
    return html.len > 0 ? html_to_text(html, arena) : json_get_text(one, "summary");
}

static void read_item(struct feed_doc *doc, const json_t *one)
{
    static const char *const links[] = {"url", "external_url"};
    struct feed_item *item = json_is_object(one) ? feed_doc_add(doc) : NULL;

    if (!item)
        return;
    item->id = str_trim(json_id(json_get(one, "id"), doc->arena));
    item->link = url_resolve(doc->base, first_text(one, links, ARRAY_LEN(links)), doc->arena);
    item->title = json_get_text(one, "title");
    item->text = read_text(one, doc->arena);
    item->created_ms = feed_date_ms(json_get_text(one, "date_published"));
    item->edited_ms = feed_date_ms(json_get_text(one, "date_modified"));
    item->lang = json_get_text(one, "language");
    item->author = json_get_text(author_of(one), "name");
    item->author_uri = url_resolve(doc->base, json_get_text(author_of(one), "url"), doc->arena);
}

int feed_json_read(const json_t *value, struct feed_doc *doc, struct error *err)
{
    const json_t *items = json_get(value, "items");

    if (!json_is_array(items))
        return error_set(err, -EBADMSG, "JSON without the items of a JSON Feed");
    doc->lang = json_get_text(value, "language");
    doc->author = json_get_text(author_of(value), "name");
    doc->author_uri = url_resolve(doc->base, json_get_text(author_of(value), "url"), doc->arena);
    doc->next = url_resolve(doc->base, json_get_text(value, "next_url"), doc->arena);
    for (size_t i = 0; i < json_array_size(items); i++)
        read_item(doc, json_array_get(items, i));
    return 0;
}
