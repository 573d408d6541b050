/* A postView as a mention. The record is whatever its author's program wrote: every member may have
 * any type.
 *
 * Facets point into the text by UTF-8 byte offsets. A link shown as a shortened address gets its
 * whole address back; mentions give DIDs beside the handles in the text. A link card's title and
 * description are appended on lines of their own, as the brand may only be there; quoted posts are
 * others' words and are not. */
#include "sources/bluesky_post.h"

#define NETWORK "bluesky"
#define TEXT_LIMIT (256 * 1024)
#define FACETS_MAX 64

struct facet {
    size_t start, end;
    struct str link, did;
};

/* ---- text ---------------------------------------------------------------------------------- */

static bool has_type(const json_t *feature, const char *suffix)
{
    return str_ends_with(json_get_text(feature, "$type"), str_from(suffix));
}

static void read_features(const json_t *features, struct facet *f)
{
    for (size_t i = 0; i < json_array_size(features); i++) {
        const json_t *feature = json_array_get(features, i);

        if (has_type(feature, "#link"))
            f->link = json_get_text(feature, "uri");
        else if (has_type(feature, "#mention"))
            f->did = json_get_text(feature, "did");
    }
}

/* Those inside the text, in its order. */
static size_t read_facets(const json_t *record, struct str text, struct facet *ret)
{
    const json_t *list = json_get(record, "facets");
    size_t n = 0;

    for (size_t i = 0; i < json_array_size(list) && n < FACETS_MAX; i++) {
        const json_t *one = json_array_get(list, i), *index = json_get(one, "index");
        int64_t start = json_get_i64(index, "byteStart", -1), end = json_get_i64(index, "byteEnd", -1);
        struct facet f = {0};
        size_t at = n;

        if (start < 0 || end <= start || end > (int64_t)text.len)
            continue;
        f.start = (size_t)start;
        f.end = (size_t)end;
        read_features(json_get(one, "features"), &f);
        for (; at > 0 && ret[at - 1].start > f.start; at--)
            ret[at] = ret[at - 1];
        ret[at] = f;
        n++;
    }
    return n;
}

static struct str without_scheme(struct str url)
{
    size_t at = str_find(url, STR("://"));

    return at == SIZE_MAX ? url : str_slice(url, at + 3, url.len);
}

/* "example.org/a-lo..." for https://example.org/a-long-way; not "click here". */
static bool is_shortened(struct str shown, struct str uri)
{
    static const char *const ends[] = {"...", "\xE2\x80\xA6"};

    shown = without_scheme(shown);
    for (size_t i = 0; i < ARRAY_LEN(ends); i++) {
        if (str_ends_with(shown, str_from(ends[i])))
            shown.len -= strlen(ends[i]);
    }
    uri = without_scheme(uri);
    return shown.len > 0 && (str_starts_with(uri, shown) ||
                             (str_starts_with(uri, STR("www.")) &&
                              str_starts_with(str_slice(uri, 4, uri.len), shown)));
}

static void add_card(struct buf *out, const json_t *post)
{
    const json_t *plain = json_path(post, "embed.external");
    const json_t *card = plain ? plain : json_path(post, "embed.media.external");
    const struct str parts[] = {json_get_text(card, "title"), json_get_text(card, "description")};

    for (size_t i = 0; i < ARRAY_LEN(parts); i++) {
        if (parts[i].len == 0)
            continue;
        if (out->len > 0)
            buf_append_char(out, '\n');
        buf_append_str(out, parts[i]);
    }
}

/* A picture without a word: what its author says is in it. */
static void add_alt(struct buf *out, const json_t *post)
{
    const json_t *images = json_path(post, "embed.images");

    for (size_t i = 0; out->len == 0 && i < json_array_size(images); i++)
        buf_append_str(out, json_get_text(json_array_get(images, i), "alt"));
}

static void read_text(const struct parsing *p, const json_t *post, struct mention *m)
{
    const json_t *record = json_get(post, "record");
    struct str text = json_get_text(record, "text");
    struct facet facets[FACETS_MAX];
    size_t n = read_facets(record, text, facets), done = 0;
    struct buf out = BUF_INIT(TEXT_LIMIT);

    for (size_t i = 0; i < n; i++) {
        const struct facet *f = &facets[i];
        struct str shown = str_slice(text, f->start, f->end);

        if (f->start < done)
            continue; /* overlaps the one before */
        if (f->did.len > 0) {
            mention_add_named(m, f->did);
            if (str_starts_with(shown, STR("@")))
                mention_add_named(m, str_slice(shown, 1, shown.len));
        }
        if (f->link.len > 0 && is_shortened(shown, f->link)) {
            buf_append_str(&out, str_slice(text, done, f->start));
            buf_append_str(&out, f->link);
            done = f->end;
        }
    }
    buf_append_str(&out, str_slice(text, done, text.len));
    add_card(&out, post);
    add_alt(&out, post);
    m->text = out.failed ? text : arena_str(p->arena, buf_str(&out));
    buf_finish(&out);
}

/* ---- the rest ------------------------------------------------------------------------------ */

int64_t bluesky_sort_ms(const json_t *post)
{
    int64_t created_ms = json_get_time_ms(json_get(post, "record"), "createdAt");
    int64_t indexed_ms = json_get_time_ms(post, "indexedAt");

    if (!created_ms || !indexed_ms)
        return created_ms ? created_ms : indexed_ms;
    return created_ms < indexed_ms ? created_ms : indexed_ms;
}

/* When it was written, as the author claims; a claim from the future is kept beside the indexing
 * time. */
static void read_times(const struct parsing *p, const json_t *post, struct mention *m)
{
    int64_t created_ms = json_get_time_ms(json_get(post, "record"), "createdAt");

    m->created_at_ms = bluesky_sort_ms(post);
    m->fetched_at_ms = p->reply->received_at_ms;
    if (created_ms > m->fetched_at_ms)
        m->claimed_created_at_ms = created_ms;
}

static void read_author(const json_t *author, struct mention_author *ret)
{
    const json_t *verification = json_get(author, "verification");

    ret->id = json_get_text(author, "did");
    ret->handle = json_get_text(author, "handle");
    ret->name = json_get_text(author, "displayName");
    ret->followers = json_get_i64(author, "followersCount", -1);
    ret->created_at_ms = json_get_time_ms(author, "createdAt");
    ret->verified = str_eq(json_get_text(verification, "verifiedStatus"), STR("valid")) ||
                    str_eq(json_get_text(verification, "trustedVerifierStatus"), STR("valid"));
}

/* "did:plc:x" of "at://did:plc:x/app.bsky.feed.post/y". */
static struct str did_of(struct str uri)
{
    struct str rest;

    if (!str_starts_with(uri, STR("at://")))
        return STR("");
    return str_split(str_slice(uri, 5, uri.len), '/', &rest);
}

static struct str key_of(struct str uri)
{
    size_t at = uri.len;

    while (at > 0 && uri.s[at - 1] != '/')
        at--;
    return str_slice(uri, at, uri.len);
}

static bool is_delicate(const json_t *labels)
{
    static const char *const names[] = {"porn", "sexual", "nudity", "graphic-media"};

    for (size_t i = 0; i < json_array_size(labels); i++) {
        const json_t *label = json_array_get(labels, i);

        for (size_t k = 0; k < ARRAY_LEN(names) && !json_get_bool(label, "neg"); k++) {
            if (str_eq(json_get_text(label, "val"), str_from(names[k])))
                return true;
        }
    }
    return false;
}

static void read_links(const struct parsing *p, const json_t *post, struct str uri, struct mention *m)
{
    const json_t *record = json_get(post, "record");

    m->id = arena_printf(p->arena, NETWORK ":%.*s", STR_FMT(uri));
    m->url = arena_printf(p->arena, "https://bsky.app/profile/%.*s/post/%.*s", STR_FMT(m->author.id),
                          STR_FMT(key_of(uri)));
    m->in_reply_to = json_text(json_path(record, "reply.parent.uri"));
    m->conversation = json_text(json_path(record, "reply.root.uri"));
    m->in_reply_to_author = did_of(m->in_reply_to);
}

struct mention *bluesky_post_read(const struct parsing *p, const json_t *post)
{
    struct str uri = json_get_text(post, "uri");
    const json_t *record = json_get(post, "record"), *author = json_get(post, "author");
    struct mention *m;

    if (!str_starts_with(uri, STR("at://")) || json_get_text(author, "did").len == 0 ||
        !json_is_object(record)) {
        page_skip(p->page, "a post without uri, author or record");
        return NULL;
    }
    m = source_page_add(p->page);
    if (!m) {
        page_skip(p->page, "more than %d posts in a page", SOURCE_PAGE_MENTIONS_MAX);
        return NULL;
    }
    m->network = STR(NETWORK);
    m->kind = STR("post");
    read_author(author, &m->author);
    read_links(p, post, uri, m);
    read_text(p, post, m);
    read_times(p, post, m);
    mention_set_lang(m, json_text(json_array_get(json_get(record, "langs"), 0)));
    m->likes = json_get_i64(post, "likeCount", -1);
    m->shares = json_get_i64(post, "repostCount", -1);
    m->replies = json_get_i64(post, "replyCount", -1);
    m->sensitive = is_delicate(json_get(post, "labels")) ||
                   is_delicate(json_path(record, "labels.values"));
    return m;
}
