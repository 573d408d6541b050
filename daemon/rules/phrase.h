/* Phrases: what rule authors write instead of regexes. Internal to rules/.
 *
 *     {service} (really|so)? ~6 crash*
 *
 * A phrase is turned into a PCRE2 source over text_normal.normal, where words stand between
 * single spaces and "\n" stands between sentences, so that a phrase never reaches across them. */
#ifndef MENTIOND_RULES_PHRASE_H
#define MENTIOND_RULES_PHRASE_H

#include "rules/matcher.h"

#define PHRASE_MAX 1024      /* bytes as written */
#define PHRASE_GAP_MAX 30    /* words */
#define PHRASE_NESTING_MAX 8 /* lists and groups in each other */

struct word_item {
    struct str phrase;
    struct str value; /* what a capture of the list says for it; empty: its words */
};

struct word_list {
    struct str name;
    struct word_item *items;
    size_t n;
};

/* What the names in a phrase mean. */
struct phrase_scope {
    const struct word_list *(*list_find)(void *user, struct str name);
    /* The name under which the words of this list are captured; empty if they are not. */
    struct str (*capture_find)(void *user, struct str list);
    /* A near miss of `name`, for "did you mean"; NULL if there is none. */
    const char *(*list_guess)(void *user, struct str name);
    void *user;
    struct str lang; /* of the built-in lists; may be empty */
};

/* Appends the source to `out`; the groups it numbers go to `groups` (room for
 * REGEX_GROUPS_MAX) and *n_groups. Errors: -EINVAL saying what is wrong with the phrase;
 * -ENOMEM. */
int phrase_compile(struct str phrase, const struct phrase_scope *scope, struct buf *out,
                   struct pattern_group *groups, unsigned *n_groups, struct error *err);

#endif
