/* Parts of ruleset_lint(). Internal to rules/. */
#ifndef MENTIOND_RULES_LINT_H
#define MENTIOND_RULES_LINT_H

#include "rules/ruleset.h"

struct lint {
    const struct ruleset *set;
    struct diag *d;
    size_t found;
};

/* A warning "rules.<id> (<kind>): …" at the node. */
void lint_report(struct lint *l, const struct rule *rule, const struct config_node *node,
                 const char *kind, const char *fmt, ...) PRINTF_LIKE(5, 6);

/* What is wrong with the way a regex is written; offsets are bytes of the source. */
struct regex_flaw {
    const char *kind, *what; /* kind NULL: nothing */
    size_t at;
};
struct regex_flaw lint_regex(struct str source);

/* Duplicates, phrases and rules that others make needless. */
void lint_overlaps(struct lint *l);

#endif
