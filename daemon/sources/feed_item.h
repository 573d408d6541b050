/* What the readers of a feed's formats make of it, before feed.c makes mentions. */
#ifndef MENTIOND_SOURCES_FEED_ITEM_H
#define MENTIOND_SOURCES_FEED_ITEM_H

#include "sources/driver.h"

#define FEED_ITEMS_MAX 1000         /* of one document; what follows is counted and not read */
#define FEED_TEXT_MAX (256 * 1024)  /* bytes of one member before its markup is taken off */
#define FEED_UTF8_MAX (64 * 1024 * 1024)

struct feed_item {
    struct str id, link, title, text, author, author_uri, lang, in_reply_to;
    int64_t created_ms, edited_ms; /* 0: not told, or no date */
    int64_t replies;               /* -1: not told */
    bool deleted;                  /* a tombstone: only id is set */
};

struct feed_doc {
    struct arena *arena; /* borrowed: all text is in it */
    struct str base;     /* the feed's address, which relative links start from */
    struct feed_item *items;
    size_t n, cap;
    unsigned n_dropped; /* beyond FEED_ITEMS_MAX */
    struct str lang, author, author_uri; /* of those items that do not say */
    struct str next;                     /* address of older items, "" if there is none */
    struct str broken;                   /* what ended the reading before the end, "" if nothing */
};

/* NULL: full or out of memory; counted. */
struct feed_item *feed_doc_add(struct feed_doc *doc);

/* RSS 2.0 and 0.9x, RSS 1.0, Atom 1.0 and 0.3, in UTF-8, as feed_mend() leaves it. -EBADMSG: it is none of
 * these ("a web page", "no feed"). */
int feed_xml_read(struct str xml, struct feed_doc *doc, struct error *err);

/* JSON Feed 1.0 and 1.1. */
int feed_json_read(const json_t *value, struct feed_doc *doc, struct error *err);

/* Any bytes to UTF-8: by byte order mark, else as UTF-8 if it is that (declarations lie), else as the
 * Content-Type or the XML declaration say, else as windows-1252. What cannot be read becomes U+FFFD.
 * False: out of memory. */
bool feed_to_utf8(struct str body, struct str content_type, struct buf *out);

/* Any UTF-8 to well-formed XML with the same content: without declarations of documents and entities,
 * instructions and comments; CDATA as text; HTML's entities as characters, stray '&' and '<' escaped,
 * control characters as spaces, wrong end tags left out and missing ones put in. False: out of memory. */
bool feed_mend(struct str text, struct buf *out);

/* RFC 822 as RSS writes it, ISO 8601 as the others do, and what people make of both; 0 if it is no date.
 * Independent of the locale. */
int64_t feed_date_ms(struct str text);

/* Plain text of what may be HTML: looked at for tags and entities. */
struct str feed_plain(struct str text, struct arena *arena);

#endif
