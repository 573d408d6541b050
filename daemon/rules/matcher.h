/* The matcher: which patterns hit a text, and where. Nothing about scores, guards, languages.
 *
 * An engine is one const struct; the set of (pattern, start, end) that it finds is defined by
 * the reference engine, which runs every pattern's regex by itself: for each pattern the
 * leftmost hits that do not overlap, empty ones left out, at most PATTERN_HITS_MAX. Another
 * engine may only be faster. */
#ifndef MENTIOND_RULES_MATCHER_H
#define MENTIOND_RULES_MATCHER_H

#include "mentiond/error.h"
#include "mentiond/text.h"
#include "rules/regex.h"

#define PATTERN_HITS_MAX 32 /* of one pattern in one text */

/* What a group of a pattern captures. */
struct pattern_group {
    struct str name;  /* empty: nothing */
    struct str value; /* the captured value; empty: the words that matched */
};

/* One phrase or regex of a rule or guard. */
struct pattern {
    uint32_t owner;       /* what it belongs to, for who asked */
    uint32_t set;         /* patterns are switched on and off by sets (packs) */
    bool on_plain;        /* a regex over `plain`; else a phrase over `normal` */
    struct str source;    /* PCRE2; of a phrase it begins with the space before the first word */
    struct regex *regex;  /* owned by the ruleset */
    struct pattern_group *groups; /* group i + 1 of the regex */
    unsigned n_groups;
};

struct matcher_hit {
    const struct pattern *pattern;
    uint32_t start, end;  /* bytes of the original */
    struct str form;      /* the text that spans point into */
    const size_t *spans;  /* of the groups, as regex_find() gives them */
};

/* Called for each hit; what `hit` points to is borrowed for the call. */
typedef void (*matcher_hit_fn)(void *user, const struct matcher_hit *hit);

struct matcher; /* begins with its engine */

struct matcher_engine {
    const char *name;
    /* Patterns are borrowed and outlive the matcher. */
    int (*create)(const struct pattern *patterns, size_t n, struct matcher **ret,
                  struct error *err);
    void (*destroy)(struct matcher *m);
    /* `sets[i]` tells whether set i is on. One thread at a time. Returns how often a limit was
     * reached. */
    unsigned (*find)(struct matcher *m, const struct text_normal *text, const bool *sets,
                     matcher_hit_fn hit, void *user);
};

extern const struct matcher_engine matcher_reference;

#endif
