/* What a text must hold before a regex can match it. Internal to rules/.
 *
 * A requirement is a list of sets of literals: a text without any literal of one set cannot match.
 * Nothing is promised the other way round. A construct that the extractor does not know makes it
 * promise nothing at all. */
#ifndef MENTIOND_RULES_LITERALS_H
#define MENTIOND_RULES_LITERALS_H

#include "mentiond/arena.h"
#include "rules/fold.h"

#define LITERAL_SETS_MAX 4    /* the rarest are kept */
#define LITERALS_IN_SET 512   /* a larger set is no requirement */
#define LITERAL_LEN_MAX 64    /* bytes of one made from parts */

struct literal_set {
    struct str *items; /* different, none empty; no order */
    size_t n;
    double expected;   /* a guess of how often one of them is met at a byte of a text */
};

struct literals {
    struct literal_set sets[LITERAL_SETS_MAX]; /* the rarest first */
    size_t n_sets;    /* 0: nothing is known, the regex must always be run */
    bool understood;  /* false: because of a construct that is not known */
};

/* Of a valid PCRE2 source. With `fold` the literals are folded, to be looked for in folded text,
 * whatever case the regex minds; without, the regex must not ignore case. Literals live in the
 * arena. Errors: -ENOMEM. */
int literals_extract(struct str source, const struct fold *fold, struct arena *arena,
                     struct literals *ret);

/* Does the source match one literal only, before (?= )? Such a source is right for certain. */
bool literals_are_whole(struct str source);

/* That literal with that space, in the arena; empty if it is none, or out of memory. */
struct str literals_whole(struct str source, struct arena *arena);

#endif
