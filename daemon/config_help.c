/* --help-config and mentiond-config(5): the settings' tables, then those of each
 * source driver and alert channel. */
#include "config_help.h"

#include <stdio.h>

#include "mentiond/alert.h"
#include "mentiond/source.h"

static const char man_head[] =
    ".TH MENTIOND\\-CONFIG 5 \"\" \"mentiond\" \"File Formats\"\n"
    ".SH NAME\n"
    "mentiond\\-config \\- configuration of mentiond\n"
    ".SH DESCRIPTION\n"
    "One YAML file holds all of it. Both programs look for it as\n"
    ".BR \\-\\-config ,\n"
    ".BR $MENTIOND_CONFIG ,\n"
    ".I ./config.yaml\n"
    "and\n"
    ".IR /etc/mentiond/config.yaml ,\n"
    "in that order.\n"
    ".B mentiond \\-\\-check\n"
    "says everything that is wrong with it, with line and column.\n"
    ".PP\n"
    "Durations are written 500ms, 30s, 5m, 4h, 35d, 1h30m; sizes 512, 64k, 16M, 2G. A secret is\n"
    ".B ${NAME}\n"
    "(an environment variable) or\n"
    ".BR file:PATH ,\n"
    "never the secret itself. Paths are relative to the folder of the file.\n"
    ".SH KEYS\n";

static const char man_tail[] = ".SH SEE ALSO\n"
                               ".BR mentiond (8),\n"
                               ".BR mentionctl (1)\n";

static void print_table(const struct option *options, const char *prefix, const char *title,
                        enum config_help_format format)
{
    if (!options || !options[0].key)
        return;
    printf(format == CONFIG_HELP_MAN ? ".SS %s\n" : "%s\n\n", title);
    options_print(options, prefix, format == CONFIG_HELP_MAN ? "man" : "text", stdout);
    if (format == CONFIG_HELP_TEXT)
        putchar('\n');
}

static void print_driver(const struct source_driver *driver, enum config_help_format format)
{
    char title[256];

    snprintf(title, sizeof(title), "Accounts of type %s", driver->name);
    print_table(driver->account_options, "accounts.NAME", title, format);
    snprintf(title, sizeof(title), "Sources of type %s: %s", driver->name, driver->help);
    print_table(driver->options, "brands.NAME.sources[]", title, format);
}

static void print_channel(const struct alert_channel *channel, enum config_help_format format)
{
    char title[256];

    snprintf(title, sizeof(title), "Alert channels of type %s: %s", channel->name, channel->help);
    print_table(channel->options, "alerts.channels.NAME", title, format);
}

void config_help_print(enum config_help_format format)
{
    if (format == CONFIG_HELP_MAN)
        fputs(man_head, stdout);
    settings_print_help(format == CONFIG_HELP_MAN ? "man" : "text", stdout);
    for (size_t i = 0; source_drivers[i]; i++)
        print_driver(source_drivers[i], format);
    print_table(alert_channel_options, "alerts.channels.NAME", "Alert channels", format);
    for (size_t i = 0; alert_channels[i]; i++)
        print_channel(alert_channels[i], format);
    if (format == CONFIG_HELP_MAN)
        fputs(man_tail, stdout);
}
