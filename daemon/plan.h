/* What a run is made of: settings, rules and sources, loaded and checked together. --check, the start and a
 * reload all come through plan_load(), so what one accepts the others do. */
#ifndef MENTIOND_PLAN_H
#define MENTIOND_PLAN_H

#include "mentiond/alert_route.h"
#include "mentiond/poller.h"

struct plan {
    struct settings *settings;    /* owned */
    struct source_set *sources;   /* owned */
    struct alert_plan *alerts;    /* owned; borrows from settings */
    struct poller_brand *brands;  /* owned, in the order of settings->brands; each holds a reference of its rules */
    struct outage_lens *lenses;   /* owned, of each brand */
    size_t n_brands;
};

/* NULL when anything is wrong, with all of it in `d`. `with_tests` also runs the
 * tests inside the rule packs. */
struct plan *plan_load(const char *config_path, bool with_tests, struct diag *d);
void plan_destroy(struct plan *plan);

/* "3 brands, 7 sources, 412 rules". */
void plan_describe(const struct plan *plan, char *text, size_t size);

/* Phrases and regexes of all its rules that are run on every post. */
size_t plan_unfiltered(const struct plan *plan);

#endif
