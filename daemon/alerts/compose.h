/* A notice as one text in a receiver's markup: for receivers that take a text rather than a structure. */
#ifndef MENTIOND_ALERTS_COMPOSE_H
#define MENTIOND_ALERTS_COMPOSE_H

#include "alerts/text.h"
#include "mentiond/alert.h"
#include "mentiond/buf.h"

/* How a receiver writes it. */
struct markup {
    alert_escape_fn *escape; /* of every word that is not the markup's own */
    struct str bold, bold_end, line_end;
    /* `url` is safe, `label` escaped. */
    void (*link)(struct buf *b, struct str url, struct str label);
};

extern const struct markup markup_plain;    /* words alone; addresses in parentheses */
extern const struct markup markup_markdown; /* CommonMark and its dialects */
extern const struct markup markup_html;     /* b, a and line ends: what Telegram takes */
extern const struct markup markup_html_br;  /* the same with br */
extern const struct markup markup_relayed;  /* words alone, for receivers that pass them on to others */

/* The greatest lengths of the parts, escaped: together they stay below 3,900 units and 4 addresses. */
struct compose {
    const struct markup *markup;
    enum alert_unit unit;
    size_t share; /* 1: the lengths of the table, 2: half of them … from 4 on without addresses */
};

/* The title, cut and escaped. */
struct str compose_title(const struct compose *c, const struct alert_notice *notice, struct arena *arena);
/* All else: text, facts, examples with their links, and where to look. Ends with a line end. */
void compose_rest(const struct compose *c, const struct alert_notice *notice, struct buf *b,
                  struct arena *arena);

/* The same within `max` units (1,000 or more), with shorter parts and without addresses where there is no
 * room. */
struct str compose_fit(const struct markup *markup, enum alert_unit unit, size_t max,
                       const struct alert_notice *notice, struct arena *arena);

/* One fact or example, for receivers with a structure of their own. */
struct str compose_name(const struct compose *c, struct str name, struct arena *arena);
struct str compose_value(const struct compose *c, struct str value, struct arena *arena);
struct str compose_who(const struct compose *c, const struct alert_example *e, struct arena *arena);
struct str compose_quote(const struct compose *c, const struct alert_example *e, struct arena *arena);
struct str compose_text(const struct compose *c, const struct alert_notice *notice, struct arena *arena);
struct str compose_url(const struct compose *c, struct str url);

/* As a string of the arena, so that it can be put into JSON; the buffer is finished. */
struct str compose_take(struct buf *b, struct arena *arena);

#endif
