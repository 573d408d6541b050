/* Reading a PCRE2 source for the extractor: characters, escapes, classes. Internal to rules/. */
#ifndef MENTIOND_RULES_LITERALS_READ_H
#define MENTIOND_RULES_LITERALS_READ_H

#include "rules/literals_set.h"

struct literal_parser {
    const char *at, *end;
    const struct fold *fold;
    struct arena *arena;
    bool extended, extended_more; /* (?x), (?xx) */
    bool quoting;                 /* behind \Q */
    bool lost;                    /* nothing is known any more */
};

static inline bool more(const struct literal_parser *p)
{
    return p->at < p->end && !p->lost;
}

static inline bool next_is(const struct literal_parser *p, char c)
{
    return more(p) && *p->at == c;
}

static inline bool next_in(const struct literal_parser *p, const char *chars)
{
    return more(p) && *p->at != '\0' && strchr(chars, *p->at) != NULL;
}

static inline bool take(struct literal_parser *p, const char *text)
{
    size_t len = strlen(text);

    if ((size_t)(p->end - p->at) < len || memcmp(p->at, text, len) != 0)
        return false;
    p->at += len;
    return true;
}

/* Past the next `c`. */
static inline void skip_past(struct literal_parser *p, char c)
{
    const char *found = memchr(p->at, c, (size_t)(p->end - p->at));

    if (found)
        p->at = found + 1;
    else
        p->lost = true;
}

static inline bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

/* What an escape stands for: one character, any of several, or nothing that takes room. */
enum escape { ESCAPE_LOST, ESCAPE_CHAR, ESCAPE_ANY, ESCAPE_EMPTY };

/* Behind a backslash that is not \Q. */
enum escape literal_read_escape(struct literal_parser *p, uint32_t *ret_c);
/* There must be one. */
uint32_t literal_read_char(struct literal_parser *p);
/* Behind the "[". */
void literal_read_class(struct literal_parser *p, struct literal_part *ret);

/* The part that matches this text, or something that is not known, or this character. */
void literal_part_exact(struct literal_parser *p, struct str text, struct literal_part *ret);
void literal_part_any(struct literal_part *ret);
void literal_part_char(struct literal_parser *p, uint32_t c, struct literal_part *ret);

#endif
