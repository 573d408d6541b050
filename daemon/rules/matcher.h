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

/* What a pattern has cost and brought since the matcher was made. */
struct pattern_tally {
    uint64_t runs, hits, limited; /* runs of its regex; a phrase that is one literal needs none */
    uint64_t ticks;               /* in those runs, of many a sample; see pattern_clock */
};

struct matcher;

struct matcher_engine {
    const char *name;
    /* Patterns are borrowed and outlive the matcher. */
    int (*create)(const struct pattern *patterns, size_t n, struct matcher **ret,
                  struct error *err);
    void (*destroy)(struct matcher *m);
    /* `sets[i]` tells whether set i is on. Hits come pattern by pattern, each from left to right.
     * One thread at a time. Returns how often a limit was reached. */
    unsigned (*find)(struct matcher *m, const struct text_normal *text, const bool *sets,
                     matcher_hit_fn hit, void *user);
    /* Of the pattern with this index. */
    const struct pattern_tally *(*tally)(const struct matcher *m, size_t pattern);
    uint64_t (*tally_ns)(const struct matcher *m, size_t pattern);
    /* Is it run on every text, because nothing is known that a text must hold? False where all are.
     * */
    bool (*is_unfiltered)(const struct matcher *m, size_t pattern);
};

/* A limit reached is "no hit, limited" in both. The fast engine reports fewer of them: it does not
 * run a regex at all where it cannot hit. */
extern const struct matcher_engine matcher_reference;
extern const struct matcher_engine matcher_fast;

size_t matcher_fast_memory(const struct matcher *m); /* bytes, without the regexes */

/* ---- shared by the engines ------------------------------------------------------------------ */

/* Runs the pattern's regex over its form of the text. */
void pattern_run(const struct pattern *p, struct regex_scratch *scratch,
                 const struct text_normal *text, struct pattern_tally *tally, matcher_hit_fn hit,
                 void *user);
void pattern_report(const struct pattern *p, const struct text_normal *text, const size_t *spans,
                    matcher_hit_fn hit, void *user);

/* A counter that costs little to read, and where it began. */
struct pattern_clock {
    uint64_t ticks, ns;
};
struct pattern_clock pattern_clock_start(void);
uint64_t pattern_clock_ns(const struct pattern_clock *start, uint64_t ticks);

#endif
