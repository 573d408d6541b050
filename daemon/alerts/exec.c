/* A program of the operator's own: the notice as JSON on its standard input, the facts in its environment. Exit 0 is
 * taken, all else comes again: a script that fails is more often a network that fails.
 *
 * Words of strangers are in JSON and in variables only, never in argv, so no shell
 * takes them for a command. */
#include <stdio.h>

#include "alerts/channel.h"

#define ENV_VALUE_MAX 1000 /* bytes */

struct exec_config {
    struct str_list argv;
    int64_t timeout_ms;
};

#define AT(field) .offset = offsetof(struct exec_config, field)

static const struct option options[] = {
    {"argv", OPTION_LIST, AT(argv), .required = true, .min = 1, .max = ALERT_ARGV_MAX,
     .help = "The program and its arguments; no shell is between."},
    {"timeout", OPTION_DURATION, AT(timeout_ms), .def = "30s", .min = 1000, .max = 600000,
     .help = "It is ended when it takes longer, and comes again."},
    {0},
};

static void add_env(struct alert_request *request, size_t *n, const char *name, struct str value,
                    struct arena *arena)
{
    struct str text = arena_printf(arena, "%s=%.*s", name, STR_FMT(str_cut_utf8(value, ENV_VALUE_MAX)));

    if (text.s && *n < ALERT_ENV_MAX)
        request->env[(*n)++] = text.s;
}

static int prepare(const struct alert_target *target, const struct alert_notice *notice, struct str memo,
                   int64_t now_ms, struct arena *arena, struct alert_request *ret_request, struct error *err)
{
    const struct exec_config *config = target->config;
    const struct {
        const char *name;
        struct str value;
    } variables[] = {
        {"MENTIOND_EVENT", notice->event},
        {"MENTIOND_KEY", notice->key},
        {"MENTIOND_ID", notice->id},
        {"MENTIOND_PHASE", str_from(notice_phase(notice))},
        {"MENTIOND_SEVERITY", str_from(notice_severity(notice))},
        {"MENTIOND_BRAND", notice->brand},
        {"MENTIOND_TITLE", notice->title},
        {"MENTIOND_TEXT", notice->text},
        {"MENTIOND_URL", notice->url},
        {"MENTIOND_AT", alert_time(notice->at_ms, arena)},
    };
    size_t n = 0;

    (void)memo;
    (void)now_ms;
    ret_request->transport = ALERT_EXEC;
    for (size_t i = 0; i < config->argv.n; i++)
        ret_request->argv[i] = arena_str(arena, config->argv.items[i]).s;
    for (size_t i = 0; i < ARRAY_LEN(variables); i++)
        add_env(ret_request, &n, variables[i].name, variables[i].value, arena);
    ret_request->stdin_text = arena_printf(arena, "%.*s\n", STR_FMT(notice->json));
    ret_request->timeout_ms = config->timeout_ms;
    return arena->failed ? error_oom(err) : 0;
}

static void judge(const struct alert_target *target, const struct alert_notice *notice,
                  const struct alert_reply *reply, struct arena *arena, struct alert_outcome *ret_outcome)
{
    int status = reply->exit_status;
    struct str line = reply_line(reply, arena);

    (void)target;
    (void)notice;
    if (status == 0)
        outcome_set(ret_outcome, ALERT_DONE, line);
    else if (status < 0)
        outcome_set(ret_outcome, ALERT_LATER,
                    arena_printf(arena, "ended by signal %d: %.*s", -status, STR_FMT(line)));
    else
        outcome_set(ret_outcome, ALERT_LATER,
                    arena_printf(arena, "ended with %d: %.*s", status, STR_FMT(line)));
}

const struct alert_channel alert_exec = {
    .name = "exec",
    .help = "A program: the notice as JSON on its standard input, the facts in MENTIOND_… variables.",
    .options = options,
    .config_size = sizeof(struct exec_config),
    .burst = 10,
    .per_minute = 600,
    .prepare = prepare,
    .judge = judge,
};
