/* Every key of the configuration for people, made of the option tables that decode it: a
 * documented default cannot be wrong. */
#ifndef MENTIOND_CONFIG_HELP_H
#define MENTIOND_CONFIG_HELP_H

enum config_help_format { CONFIG_HELP_TEXT, CONFIG_HELP_MAN };

/* To standard output: the text of --help-config, or the whole page mentiond-config(5). */
void config_help_print(enum config_help_format format);

#endif
