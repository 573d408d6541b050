/* What the fast engine knows about patterns: the literals that they need. Internal to rules/.
 *
 * Literals and sets of them are shared: a list of words that two hundred phrases use is one set. */
#ifndef MENTIOND_RULES_MATCHER_FAST_H
#define MENTIOND_RULES_MATCHER_FAST_H

#include "rules/literals.h"
#include "rules/matcher.h"

/* NOTHING: nothing is known, run on every text. CHECKED: only literals too short for the filter, looked for
 * in every text. FILTERED: run when the filter saw a literal of its first set, and the other sets are there.
 * WHOLE: is one literal, and where that stands is a hit, without any regex. */
enum need_kind { NEED_NOTHING, NEED_CHECKED, NEED_FILTERED, NEED_WHOLE };

struct need {
    uint32_t sets[LITERAL_SETS_MAX]; /* the first is what the filter looks for */
    uint8_t n_sets;
    uint8_t kind; /* enum need_kind */
};

struct need_literal {
    uint32_t text;           /* where in needs.texts it begins */
    uint32_t first_user;     /* in needs.users: the patterns that it makes candidates, up to the next one's */
    uint16_t len;
    bool on_plain;           /* of the folded text_normal.plain; else of text_normal.normal */
};

struct need_set {
    uint32_t first, n; /* in needs.items: its literals */
};

struct needs {
    struct need *patterns; /* owned, as all arrays here */
    size_t n_patterns;
    char *texts;
    size_t n_texts, cap_texts;
    struct need_literal *literals; /* one more, where the last one's users end */
    size_t n_literals, cap_literals;
    struct need_set *sets;
    size_t n_sets, cap_sets;
    uint32_t *items;
    size_t n_items, cap_items;
    uint32_t *users;
    size_t n_users;
};

static inline struct str need_text(const struct needs *needs, uint32_t literal)
{
    const struct need_literal *l = &needs->literals[literal];

    return (struct str){needs->texts + l->text, l->len};
}

static inline uint32_t need_users(const struct needs *needs, uint32_t literal)
{
    return needs->literals[literal + 1].first_user - needs->literals[literal].first_user;
}

/* -ENOMEM only. Finish it in any case. */
int needs_init(struct needs *needs, const struct fold *fold, const struct pattern *patterns,
               size_t n);
void needs_finish(struct needs *needs);
size_t needs_memory(const struct needs *needs);

#endif
