/* JSON Pointers (RFC 6901), as the configuration has them. */
#ifndef MENTIOND_SOURCES_JSON_POINTER_H
#define MENTIOND_SOURCES_JSON_POINTER_H

#include "mentiond/json.h"

/* "" is the value itself; "-" as an index is the last element. NULL if there is nothing. */
const json_t *json_pointer_get(const json_t *value, struct str pointer);

/* What is wrong with it, or NULL. */
const char *json_pointer_fault(struct str pointer);

#endif
