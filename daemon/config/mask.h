/* Private to config: what excerpts must not show. */
#ifndef MENTIOND_CONFIG_MASK_H
#define MENTIOND_CONFIG_MASK_H

#include "mentiond/config.h"

/* Keeps the values in this node, but for "${NAME}" and "file:PATH", out of all excerpts. */
void config_mask(struct config_doc *doc, const struct config_node *node);

#endif
