/* mentionctl: the agents' and operators' command line. This file finds the verb and gives it its
 * options; what the verbs do is in the files beside it, what they are is the table in verbs.c. */
#include <errno.h>
#include <locale.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <unistd.h>

#include "ctl.h"
#include "mentiond/json.h"
#include "mentiond/log.h"
#include "mentiond/text.h"
#include "session.h"

static void print_error(const char *where, const char *text)
{
    CLEANUP(buf_finish) struct buf clean = BUF_INIT(16 * ERROR_TEXT_MAX);

    text_for_terminal(str_from(text), &clean);
    fprintf(stderr, "mentionctl: %s%s%s\n", where, *where ? ": " : "",
            clean.data ? clean.data : "");
}

enum exit_code ctl_fail(const struct ctl *ctl, const struct error *err)
{
    print_error(ctl->verb ? ctl->verb->name : "", err->text);
    return CTL_FAILED;
}

enum exit_code ctl_usage(const struct ctl *ctl, const char *fmt, ...)
{
    char text[ERROR_TEXT_MAX];
    va_list args;

    va_start(args, fmt);
    vsnprintf(text, sizeof(text), fmt, args);
    va_end(args);
    print_error(ctl->verb ? ctl->verb->name : "", text);
    if (ctl->verb)
        fprintf(stderr, "'mentionctl help %s' explains it.\n", ctl->verb->name);
    else
        fprintf(stderr, "'mentionctl help' lists the verbs.\n");
    return CTL_USAGE;
}

void ctl_note(const char *fmt, ...)
{
    char text[ERROR_TEXT_MAX];
    va_list args;

    va_start(args, fmt);
    vsnprintf(text, sizeof(text), fmt, args);
    va_end(args);
    print_error("", text);
}

enum exit_code ctl_finish(struct ctl *ctl, enum exit_code code)
{
    struct error err;

    if (out_flush(&ctl->out, &err) == 0)
        return code;
    return ctl_fail(ctl, &err);
}

static enum color_mode color_of(struct str word)
{
    if (str_eq(word, STR("always")))
        return COLOR_ALWAYS;
    return str_eq(word, STR("never")) ? COLOR_NEVER : COLOR_AUTO;
}

static enum exit_code run_verb(struct ctl *ctl, const struct verb *verb, int argc, char **argv)
{
    max_align_t storage[VERB_ARGS_MAX / sizeof(max_align_t)] = {0};
    const struct arg_target targets[] = {{common_args, &ctl->common}, {verb->args, storage}};
    struct error err;

    ctl->verb = verb;
    if (args_parse(targets, ARRAY_LEN(targets), argc, argv, false, &ctl->words, &err) < 0)
        return ctl_usage(ctl, "%s", err.text);
    out_init(&ctl->out, STDOUT_FILENO, color_of(ctl->common.color));
    log_set_level(ctl->common.verbose ? LOG_INFO : LOG_WARN);
    if (ctl->common.help) {
        help_print_verb(verb, &ctl->out);
        return CTL_DONE;
    }
    if (ctl->words.n < verb->min_words)
        return ctl_usage(ctl, "needs %s", verb->words);
    if (ctl->words.n > verb->max_words)
        return ctl_usage(ctl, "'%s' is one argument too many", ctl->words.items[verb->max_words]);
    return verb->run(ctl, storage);
}

static enum exit_code run(struct ctl *ctl, int argc, char **argv)
{
    const struct arg_target target = {common_args, &ctl->common};
    const struct verb *verb = NULL;
    struct error err;
    int at, used;

    at = args_parse(&target, 1, argc, argv, true, NULL, &err);
    if (at < 0)
        return ctl_usage(ctl, "%s", err.text);
    out_init(&ctl->out, STDOUT_FILENO, color_of(ctl->common.color));
    if (ctl->common.version) {
        out_printf(&ctl->out, "mentionctl %s\n", MENTIOND_VERSION);
        return CTL_DONE;
    }
    if (at == argc) {
        if (!ctl->common.help)
            return ctl_usage(ctl, "a verb is missing");
        help_print(&ctl->out);
        return CTL_DONE;
    }
    used = verb_find((const char *const *)argv + at, (size_t)(argc - at), &verb, &err);
    if (used < 0)
        return ctl_usage(ctl, "%s", err.text);
    at += used - 1; /* the verb's last word stands where a program's name would */
    return run_verb(ctl, verb, argc - at, argv + at);
}

int main(int argc, char **argv)
{
    struct ctl ctl = {0};
    enum exit_code code;

    setlocale(LC_TIME, "");
    signal(SIGPIPE,
           SIG_IGN); /* a lost Redis is an error to tell; a closed pipe is seen by out_flush() */
    json_init();
    code = ctl_finish(&ctl, run(&ctl, argc, argv));
    session_close(ctl.session);
    out_finish(&ctl.out);
    return (int)code;
}
