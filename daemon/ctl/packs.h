/* Which rule packs a verb works with. */
#ifndef CTL_PACKS_H
#define CTL_PACKS_H

#include "ctl.h"
#include "mentiond/rules.h"

#define PACK_PATHS_MAX 256
#define RULES_GROUP "Rules (no Redis needed)" /* the verbs' heading in --help */
#define TUNING_GROUP "Rules and what agents made of them"

struct packs {
    struct str paths[PACK_PATHS_MAX];
    size_t n;
    struct arena arena;        /* of paths that had to be put together */
    struct settings *settings; /* owned; NULL when no configuration was needed */
};

void packs_init(struct packs *packs);
void packs_finish(struct packs *packs);

/* The given paths; else the `rules:` of the brand (of all brands, where none is named); else,
 * without any configuration, ./rules/<lang>, else those installed. */
int packs_find(struct packs *packs, const struct ctl *ctl, const struct str *given, size_t n_given,
               struct error *err);

/* The same with the verb's words as the given paths. */
int packs_of_words(struct packs *packs, const struct ctl *ctl, struct error *err);

/* Loads them; what is wrong with the packs is printed to standard error. The caller owns the set.
 */
struct ruleset *packs_load(const struct packs *packs, enum rule_engine engine, struct error *err);

/* The errors, or the warnings, as a JSON list of their texts. */
void packs_print_messages(const struct diag *d, bool warnings, struct buf *out);

#endif
