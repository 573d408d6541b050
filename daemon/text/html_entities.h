/* Character references of HTML. Internal to text/. */
#ifndef MENTIOND_TEXT_HTML_ENTITIES_H
#define MENTIOND_TEXT_HTML_ENTITIES_H

#include "mentiond/buf.h"

/* Decodes the reference that `text` begins with ("&amp;", "&#39;", "&#x27;") and appends its
 * character. Returns its length in bytes; 0, and nothing appended, if it is none that we know. */
size_t html_entity_decode(struct str text, struct buf *out);

#endif
