/* Any program that prints one JSON mention a line. It is told its last cursor by $MENTIOND_CURSOR
 * and may print {"cursor": "…"} to set the next; without one, it is expected to repeat itself,
 * which the queue bears.
 *
 * A program that fails, or prints more than a page holds, moves no cursor: it is run again
 * later. */
#include <errno.h>

#include "sources/lines.h"

#define ARGS_MAX (SOURCE_ARGV_MAX - 1)

struct exec_config {
    struct str_list command;
    struct str network;
    int64_t timeout_ms;
};

static const struct option options[] = {
    {.key = "argv", .kind = OPTION_LIST, .offset = offsetof(struct exec_config, command), .min = 1,
     .max = ARGS_MAX, .required = true,
     .help = "The program and its arguments, as a list; no shell is involved."},
    {.key = "network", .kind = OPTION_STRING, .offset = offsetof(struct exec_config, network),
     .def = "exec", .min = 1, .max = 64, .help = "What lines that name no network are from."},
    {.key = "timeout", .kind = OPTION_DURATION, .offset = offsetof(struct exec_config, timeout_ms),
     .def = "30s", .min = 1000, .max = 10 * 60 * 1000, .help = "How long it may run."},
    {0},
};

static struct str host(const struct source *src, struct arena *arena)
{
    const struct exec_config *config = src->config;

    return arena_printf(arena, "exec:%.*s/%.*s:%.*s", STR_FMT(src->brand), STR_FMT(src->name),
                        STR_FMT(config->command.n ? config->command.items[0] : STR("")));
}

static int prepare(const struct source *src, const struct source_cursor *at, int64_t now_ms,
                   struct arena *arena, struct source_request *ret_request, struct error *err)
{
    const struct exec_config *config = src->config;

    (void)now_ms;
    *ret_request = (struct source_request){
        .kind = REQUEST_EXEC,
        .endpoint = "exec",
        .timeout_ms = config->timeout_ms,
    };
    for (size_t i = 0; i < config->command.n && i < ARGS_MAX; i++) {
        ret_request->argv[i] = arena_str(arena, config->command.items[i]).s;
        if (!ret_request->argv[i])
            return error_oom(err);
    }
    ret_request->env[0] = arena_printf(arena, "MENTIOND_CURSOR=%.*s", STR_FMT(at->low)).s;
    return ret_request->env[0] ? 0 : error_oom(err);
}

static struct str failure(const struct source_reply *reply, struct arena *arena)
{
    const char *what = reply->exit_status < 0 ? "ended by signal" : "exit status";
    int number = reply->exit_status < 0 ? -reply->exit_status : reply->exit_status;

    return arena_printf(arena, "%s %d%s%.*s", what, number, reply->stderr_line.len ? ": " : "",
                        STR_FMT(reply->stderr_line));
}

static int parse(const struct source *src, const struct source_cursor *at,
                 const struct source_reply *reply, struct source_page *page, struct source_step *ret_step,
                 struct error *err)
{
    const struct parsing p = {src, at, reply, page, page->arena};
    const struct exec_config *config = src->config;
    const struct line_options how = {config->network, reply->received_at_ms, 0};
    struct str rest = reply->body, cursor = at->low;
    struct error why;

    (void)err;
    if (reply->exit_status != 0) {
        step_fail(ret_step, STEP_RETRY, failure(reply, page->arena));
        return 0;
    }
    for (unsigned line = 1; rest.s && rest.len > 0; line++) {
        struct str text = str_split(rest, '\n', &rest);
        enum line_kind kind = LINE_EMPTY;

        if (text.len > SOURCE_LINE_MAX)
            page_skip(page, "line %u: longer than %d bytes", line, SOURCE_LINE_MAX);
        else if (line_read(&p, text, &how, &kind, &cursor, &why) < 0)
            page_skip(page, "line %u: %s", line, why.text);
        if (kind == LINE_FULL) {
            step_fail(ret_step, STEP_RETRY, STR("more mentions than a page holds: print fewer at once"));
            return 0;
        }
    }
    step_done(ret_step, cursor.len <= SOURCE_CURSOR_FIELD_MAX ? cursor : at->low);
    return 0;
}

const struct source_driver source_exec = {
    .name = "exec",
    .help = "A program that prints one JSON mention a line.",
    .options = options,
    .config_size = sizeof(struct exec_config),
    .has_horizon = true,
    .interval_ms = 60 * 1000,
    .interval_min_ms = 1000,
    .max_pages = 1,
    .host = host,
    .prepare = prepare,
    .parse = parse,
};
