/* How something is written, as far as no phrase can tell: shouted, stretched, asked. Internal to
 * rules/. */
#ifndef MENTIOND_RULES_CONDITIONS_H
#define MENTIOND_RULES_CONDITIONS_H

#include "mentiond/text.h"

enum condition {
    CONDITION_QUESTION,  /* a sentence that ends with a question mark */
    CONDITION_SHOUTING,  /* words in capitals, one after the other */
    CONDITION_ELONGATED, /* soooo */
    CONDITION_EMPHATIC,  /* !! or ?! or ??? */
};
#define CONDITION_COUNT 4

/* NULL-terminated, by enum condition. */
extern const char *const condition_names[];

bool condition_parse(struct str name, enum condition *ret);

/* Bytes of the original. */
typedef void (*condition_fn)(void *user, enum condition condition, uint32_t start, uint32_t end);

/* Calls `found` for each place, from left to right for each condition. */
void conditions_find(const struct text_normal *text, condition_fn found, void *user);

#endif
