/* Private to config: doc->text as a tree. */
#ifndef MENTIOND_CONFIG_YAML_TREE_H
#define MENTIOND_CONFIG_YAML_TREE_H

#include "mentiond/config.h"

/* Fills doc->root (and doc->flawed). The text must be UTF-8 without a byte order mark. On failure,
 * a negative errno, what is wrong has been reported. */
int yaml_tree_read(struct config_doc *doc, struct diag *d);

#endif
