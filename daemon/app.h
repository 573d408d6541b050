/* mentiond as a running process: wires the modules to one loop, reacts to signals, ends in order. */
#ifndef MENTIOND_APP_H
#define MENTIOND_APP_H

#include <stdbool.h>

enum app_exit { APP_OK = 0, APP_FAILED = 1, APP_USAGE = 2 };

struct app_options {
    const char *config; /* NULL: looked for */
    const char *source; /* NULL: all */
    bool once, dry_run;
};

/* Loads all that a start would, with the tests of the rule packs; prints every error to standard error. */
int app_check(const struct app_options *options);

/* Runs until a signal, or with `once` until every source is through. Returns the exit status. */
int app_run(const struct app_options *options);

#endif
