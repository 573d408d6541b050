/* Sets of strings, as the extractor builds them up. Internal to rules/. */
#ifndef MENTIOND_RULES_LITERALS_SET_H
#define MENTIOND_RULES_LITERALS_SET_H

#include "rules/literals.h"

#define LITERALS_CROSS_MAX 16 /* strings that joining two sets may give; more cost memory and gain nothing */
#define LITERAL_REQS_MAX 12   /* requirements remembered of one part of a regex */

/* A part of a regex. What it matches is one of `exact`, if is_exact; and wherever it matches, the
 * text holds one of each of `reqs`. */
struct literal_part {
    bool is_exact;
    bool covered; /* one of `reqs` says more than `exact` */
    struct literal_set exact;
    struct literal_set reqs[LITERAL_REQS_MAX];
    size_t n_reqs;
};

struct literal_set literal_set_one(struct arena *arena, struct str text);

/* All of a followed by all of b; false if that would be too many or too long. */
bool literal_set_cross(struct arena *arena, const struct literal_set *a,
                       const struct literal_set *b, struct literal_set *ret);

/* False if there are too many. */
bool literal_set_union(struct arena *arena, const struct literal_set *a,
                       const struct literal_set *b, struct literal_set *ret);

/* Can the set serve as a requirement: not empty, no empty literal, none that every text holds.
 * Fills `expected`. */
bool literal_set_weigh(struct literal_set *set);

/* Keeps the rarest. The set must be weighed. */
void literal_part_require(struct literal_part *part, const struct literal_set *set);

/* ---- a sequence of parts --------------------------------------------------------------------- */

struct literal_sequence {
    struct arena *arena;
    struct literal_set last; /* what stands directly before the place that has been reached */
    bool whole;              /* `last` is all there is since the beginning */
    bool covered;            /* a requirement that holds `last` is known already */
    struct literal_part sum; /* only its reqs are used */
};

void literal_sequence_begin(struct literal_sequence *seq, struct arena *arena);
void literal_sequence_add(struct literal_sequence *seq, const struct literal_part *part);
/* The part min times or more; `bounded`: min times exactly. min is not 0. */
void literal_sequence_repeat(struct literal_sequence *seq, const struct literal_part *part,
                             unsigned min, bool bounded);
/* What follows here, without being passed. */
void literal_sequence_peek(struct literal_sequence *seq, const struct literal_part *part);
void literal_sequence_end(struct literal_sequence *seq, struct literal_part *ret);

#endif
