/* Options of the command line from tables: what a verb takes is data, and the same table parses it,
 * checks it, explains it in --help and writes it into the manual page. */
#ifndef CTL_ARGS_H
#define CTL_ARGS_H

#include "mentiond/error.h"
#include "mentiond/str.h"

#define ARG_LIST_MAX 64
#define ARGS_MAX 32 /* options of one verb and the common ones together */
#define WORDS_MAX 256

enum arg_kind {
    ARG_FLAG,   /* bool */
    ARG_TEXT,   /* struct str; s NULL when not given */
    ARG_CHOICE, /* struct str, one of `choices` */
    ARG_SPAN,   /* struct span_arg: "90" is seconds, else 90s 20m 2h 1d */
    ARG_TIME,   /* int64_t, ms since 1970; 0 when not given */
    ARG_LIST,   /* struct list_arg, may be given several times */
};

struct span_arg {
    bool given;
    int64_t ms; /* -1: given without a value */
};

struct list_arg {
    struct str items[ARG_LIST_MAX];
    size_t n;
};

struct arg {
    const char *name; /* long name; NULL ends a table */
    char letter;      /* 0: none */
    enum arg_kind kind;
    size_t offset;              /* in the target struct */
    const char *value;          /* what help calls it; "[SECONDS]": may be left out */
    const char *const *choices; /* CHOICE, LIST: NULL-terminated; LIST may have none */
    const char *help;           /* one sentence without its full stop */
};

struct arg_target {
    const struct arg *args;
    void *base;
};

struct words {
    const char *items[WORDS_MAX]; /* borrowed from argv */
    size_t n;
};

/* Decodes argv[1..] into the targets; argv[0] is not looked at. With `stop_early` parsing ends at
 * the first word that is no option. Returns the index of the first argument not looked at, or
 * -EINVAL with words for people. Words go to ret_words (may be NULL with stop_early). May reorder
 * argv. */
int args_parse(const struct arg_target *targets, size_t n_targets, int argc, char **argv,
               bool stop_early, struct words *ret_words, struct error *err);

#endif
