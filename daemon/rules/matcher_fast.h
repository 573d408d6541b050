/* What the fast engine knows about patterns: the literals that they need. Internal to rules/.
 *
 * Literals and sets of them are shared: a list of words that two hundred phrases use is one set. */
#ifndef MENTIOND_RULES_MATCHER_FAST_H
#define MENTIOND_RULES_MATCHER_FAST_H

#include "rules/literals.h"
#include "rules/matcher.h"

/* NOTHING: nothing is known, run on every text. CHECKED: only literals too short for the filter, looked for in every
 * text. FILTERED: run when the filter saw a literal of its first set, and the other sets are there. WHOLE: is one
 * literal, and where that stands is a hit, without any regex. */
enum need_kind { NEED_NOTHING, NEED_CHECKED, NEED_FILTERED, NEED_WHOLE };

struct need {
    uint32_t sets[LITERAL_SETS_MAX]; /* the first is what the filter looks for */
    uint8_t n_sets;
    uint8_t kind; /* enum need_kind */
};

struct need_literal {
    struct str text;         /* of text_normal.normal, or of the folded text_normal.plain */
    uint32_t first_user, n_users; /* in needs.users: the patterns that it makes candidates */
    uint32_t probe;          /* its rarest byte, to look for it one by one */
    bool on_plain;
};

struct need_set {
    uint32_t first, n; /* in needs.items: its literals */
};

struct needs {
    struct arena arena;
    struct need *patterns; /* owned, as all arrays here */
    size_t n_patterns;
    struct need_literal *literals;
    size_t n_literals, cap_literals;
    struct need_set *sets;
    size_t n_sets, cap_sets;
    uint32_t *items;
    size_t n_items, cap_items;
    uint32_t *users;
    size_t n_users;
};

/* -ENOMEM only. Finish it in any case. */
int needs_init(struct needs *needs, const struct fold *fold, const struct pattern *patterns,
               size_t n);
void needs_finish(struct needs *needs);
size_t needs_memory(const struct needs *needs);

#endif
