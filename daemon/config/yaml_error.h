/* Private to config: libyaml's errors. */
#ifndef MENTIOND_CONFIG_YAML_ERROR_H
#define MENTIOND_CONFIG_YAML_ERROR_H

#include <yaml.h>

#include "mentiond/config.h"

/* Reports why the parser stopped; returns a negative errno. */
int yaml_error_report(const yaml_parser_t *p, const struct config_doc *doc, struct diag *d);

#endif
