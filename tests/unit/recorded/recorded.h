/* What each recorded answer is to its driver: the rows of test_source_recorded.c. A network's rows are in a
 * header of their own beside this one, and name every file of its folder. */
#ifndef TESTS_RECORDED_H
#define TESTS_RECORDED_H

#include <stdbool.h>

enum recorded_outcome {
    TO_PAGE, TO_DONE, TO_LOGIN, TO_WAIT, TO_RETRY, TO_STOP, /* as enum step_kind */
    TO_ERROR,                                               /* -EBADMSG with words */
};

struct recorded_file {
    const char *name;
    enum recorded_outcome outcome;
    unsigned mentions, skipped;
    const char *options; /* of the source; NULL: its network's */
    bool login;          /* an answer to a login */
    bool bare;           /* a single item: fed between its network's `before` and `after` */
    int status;          /* where nothing beside the file says it; 0: 200 */
};

/* A row; what is seldom needed follows as designators: .login = true */
#define RECORDED(file, to, n_mentions, n_skipped, ...)                                             \
    {.name = file, .outcome = to, .mentions = n_mentions, .skipped = n_skipped, __VA_ARGS__}

struct recorded_network {
    const char *name; /* folder */
    const char *driver;
    const char *options, *account, *session, *low;
    const char *before, *after;
    const struct recorded_file *files; /* {0}-terminated */
};

#endif
