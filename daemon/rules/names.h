/* Names to numbers: which rule a name means, however many there are. Internal to rules/. */
#ifndef MENTIOND_RULES_NAMES_H
#define MENTIOND_RULES_NAMES_H

#include "mentiond/str.h"

struct name_slot {
    struct str name; /* s NULL: free */
    uint32_t value;
};

/* All zero is empty. Names are borrowed. */
struct name_index {
    struct name_slot *slots; /* owned */
    size_t n, cap;           /* cap a power of two, at most half full */
};

/* False when out of memory. A name that is there keeps its first value. */
bool name_index_add(struct name_index *index, struct str name, uint32_t value);
bool name_index_find(const struct name_index *index, struct str name, uint32_t *ret_value);
void name_index_finish(struct name_index *index);

#endif
