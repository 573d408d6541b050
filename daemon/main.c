/* mentiond: options. Everything else is in app.c. */
#include <getopt.h>
#include <stdio.h>
#include <string.h>

#include "app.h"
#include "config_help.h"
#include "mentiond/base.h"
#include "mentiond/json.h"

enum action { RUN, CHECK, HELP, HELP_CONFIG, HELP_CONFIG_MAN, VERSION };

struct command_line {
    struct app_options app;
    enum action action;
};

/* The table that drives parsing and --help. */
static const struct program_option {
    const char *name;
    char letter;
    const char *value; /* what the option takes, NULL: nothing */
    const char *help;
} program_options[] = {
    {"config", 'c', "FILE", "configuration; else $MENTIOND_CONFIG, ./config.yaml, /etc/mentiond/config.yaml"},
    {"check", 't', NULL,
     "load configuration and rules, run the rules' tests, print every error, exit 0 or 2"},
    {"once", '1', NULL, "poll each source until it has nothing more, then stop"},
    {"source", 's', "NAME", "only this source"},
    {"dry-run", 'n', NULL, "print the verdicts, write nothing anywhere; needs no Redis"},
    {"help-config", 'H', NULL, "every key of the configuration, with kind, default and bounds"},
    {"help-config-man", 'M', NULL, NULL},
    {"version", 'V', NULL, "print the version"},
    {"help", 'h', NULL, "print this"},
};

static void print_help(FILE *out)
{
    fputs("Usage: mentiond [OPTION]...\n"
          "Listens to what people say about brands, judges it, and queues it for agents.\n\n",
          out);
    for (size_t i = 0; i < ARRAY_LEN(program_options); i++) {
        const struct program_option *o = &program_options[i];
        char names[64];

        if (!o->help)
            continue;
        snprintf(names, sizeof(names), "-%c, --%s%s%s", o->letter, o->name, o->value ? " " : "",
                 o->value ? o->value : "");
        fprintf(out, "  %-22s  %s\n", names, o->help);
    }
    fputs("\nSignals: HUP reloads configuration and rules (the old ones stay if the new are wrong);\n"
          "TERM and INT stop in order, a second one at once.\n"
          "Exit status: 0 done, 1 could not run, 2 wrong usage or configuration.\n",
          out);
}

static void take_option(struct command_line *line, int letter)
{
    switch (letter) {
    case 'c': line->app.config = optarg; break;
    case 's': line->app.source = optarg; break;
    case '1': line->app.once = true; break;
    case 'n': line->app.dry_run = true; break;
    case 't': line->action = CHECK; break;
    case 'H': line->action = HELP_CONFIG; break;
    case 'M': line->action = HELP_CONFIG_MAN; break;
    case 'V': line->action = VERSION; break;
    default: line->action = HELP; break;
    }
}

static bool parse_command_line(int argc, char **argv, struct command_line *ret)
{
    struct option long_options[ARRAY_LEN(program_options) + 1] = {0};
    char letters[3 * ARRAY_LEN(program_options) + 1];
    size_t n = 0;
    int letter;

    for (size_t i = 0; i < ARRAY_LEN(program_options); i++) {
        const struct program_option *o = &program_options[i];

        long_options[i] =
            (struct option){o->name, o->value ? required_argument : no_argument, NULL, o->letter};
        letters[n++] = o->letter;
        if (o->value)
            letters[n++] = ':';
    }
    letters[n] = '\0';
    while ((letter = getopt_long(argc, argv, letters, long_options, NULL)) != -1) {
        if (letter == '?')
            return false;
        take_option(ret, letter);
    }
    if (optind < argc) {
        fprintf(stderr, "mentiond: unexpected argument '%s'\n", argv[optind]);
        return false;
    }
    return true;
}

int main(int argc, char **argv)
{
    struct command_line line = {.action = RUN};

    if (!parse_command_line(argc, argv, &line)) {
        fputs("Try 'mentiond --help'.\n", stderr);
        return APP_USAGE;
    }
    json_init();
    switch (line.action) {
    case HELP: print_help(stdout); return APP_OK;
    case HELP_CONFIG: config_help_print(CONFIG_HELP_TEXT); return APP_OK;
    case HELP_CONFIG_MAN: config_help_print(CONFIG_HELP_MAN); return APP_OK;
    case VERSION: puts("mentiond " MENTIOND_VERSION); return APP_OK;
    case CHECK: return app_check(&line.app);
    case RUN: break;
    }
    return app_run(&line.app);
}
