/* Private to config: what each kind of option is called, what it accepts and how its text becomes a
 * value. */
#ifndef MENTIOND_CONFIG_OPTION_KINDS_H
#define MENTIOND_CONFIG_OPTION_KINDS_H

#include "mentiond/config.h"

#define OPTION_REASON_MAX 256

/* Puts the value of `text` at `field`. On failure `reason` says what is wrong (without the path of
 * keys, and never with a secret) and the field is untouched. */
typedef bool option_parse_fn(const struct option *option, struct str text, struct config_doc *doc,
                             void *field, char reason[OPTION_REASON_MAX]);

struct option_kind_info {
    const char *name;     /* for --help-config */
    const char *expected; /* "expected <this>, got a list" */
    size_t field_size;
    option_parse_fn *parse; /* of a scalar; NULL: NODE. A LIST's makes one item */
};

const struct option_kind_info *option_kind_info(enum option_kind kind);

/* "below the minimum", "too many items": false with the reason. Both bounds 0: none. `what` is
 * "items" or "bytes". */
bool option_check_count(const struct option *option, size_t n, const char *what,
                        char reason[OPTION_REASON_MAX]);

/* The bounds for people, "1s to 30d"; empty without bounds. */
void option_format_bounds(const struct option *option, char ret_text[2 * CONFIG_AMOUNT_MAX + 8]);

/* Whether it is "${NAME}" or "file:PATH". */
bool option_is_secret_spec(struct str text);

#endif
