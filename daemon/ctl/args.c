/* Tables to getopt_long() and back into structs. Nothing here knows any verb; the messages are
 * ours, not getopt's, because they say what was probably meant. */
#include "args.h"

#include <errno.h>
#include <getopt.h>
#include <stdio.h>

#include "mentiond/clock.h"
#include "when.h"

#define CODE_BASE 256 /* getopt's codes for our options: clear of '?', ':' and letters */

struct parser {
    const struct arg *args[ARGS_MAX];
    void *bases[ARGS_MAX];
    size_t n;
    struct option longs[ARGS_MAX + 1];
    char shorts[2 * ARGS_MAX + 3];
};

static int needs_value(const struct arg *arg)
{
    if (arg->kind == ARG_FLAG)
        return no_argument;
    return arg->value && arg->value[0] == '[' ? optional_argument : required_argument;
}

static void parser_init(struct parser *p, const struct arg_target *targets, size_t n_targets,
                        bool stop_early)
{
    char *shorts = p->shorts;

    if (stop_early)
        *shorts++ = '+';
    *shorts++ = ':';
    for (size_t t = 0; t < n_targets; t++) {
        for (const struct arg *arg = targets[t].args; arg && arg->name && p->n < ARGS_MAX; arg++) {
            p->args[p->n] = arg;
            p->bases[p->n] = targets[t].base;
            p->longs[p->n] =
                (struct option){arg->name, needs_value(arg), NULL, CODE_BASE + (int)p->n};
            p->n++;
            if (!arg->letter)
                continue;
            *shorts++ = arg->letter;
            if (needs_value(arg) == required_argument)
                *shorts++ = ':';
        }
    }
    *shorts = '\0';
}

static const struct arg *parser_find(const struct parser *p, int code, void **ret_base)
{
    for (size_t i = 0; i < p->n; i++) {
        if (code == CODE_BASE + (int)i || (p->args[i]->letter && code == p->args[i]->letter)) {
            *ret_base = p->bases[i];
            return p->args[i];
        }
    }
    return NULL;
}

static int refuse_choice(const struct arg *arg, struct str value, struct error *err)
{
    const char *near = str_nearest(value, arg->choices, sizeof(arg->choices[0]));
    char all[256] = "";
    size_t len = 0;

    for (size_t i = 0; arg->choices[i] && len + 32 < sizeof(all); i++)
        len +=
            (size_t)snprintf(all + len, sizeof(all) - len, "%s%s", i ? ", " : "", arg->choices[i]);
    if (near)
        return error_set(err, -EINVAL, "--%s: '%.*s' is none of %s (did you mean '%s'?)", arg->name,
                         STR_FMT(value), all, near);
    return error_set(err, -EINVAL, "--%s: '%.*s' is none of %s", arg->name, STR_FMT(value), all);
}

static bool is_choice(const struct arg *arg, struct str value)
{
    for (size_t i = 0; arg->choices[i]; i++) {
        if (str_eq(value, str_from(arg->choices[i])))
            return true;
    }
    return false;
}

static int decode_choice(const struct arg *arg, struct str *field, struct str value,
                         struct error *err)
{
    if (!is_choice(arg, value))
        return refuse_choice(arg, value, err);
    *field = value;
    return 0;
}

static int decode_span(const struct arg *arg, struct span_arg *field, struct str value,
                       struct error *err)
{
    field->given = true;
    field->ms = -1;
    if (value.s && (!when_parse_span(value, &field->ms) || field->ms <= 0))
        return error_set(err, -EINVAL, "--%s: '%.*s' is no span of time; write 90s, 20m, 2h or 1d",
                         arg->name, STR_FMT(value));
    return 0;
}

static int decode_list(const struct arg *arg, struct list_arg *list, struct str value,
                       struct error *err)
{
    if (list->n == ARG_LIST_MAX)
        return error_set(err, -EINVAL, "--%s: given more than %d times", arg->name, ARG_LIST_MAX);
    if (arg->choices && !is_choice(arg, value))
        return refuse_choice(arg, value, err);
    list->items[list->n++] = value;
    return 0;
}

static int decode(const struct arg *arg, void *base, struct str value, struct error *err)
{
    void *field = (char *)base + arg->offset;

    if (value.s && value.len == 0)
        return error_set(err, -EINVAL, "--%s: the value is empty", arg->name);
    switch (arg->kind) {
    case ARG_FLAG: *(bool *)field = true; return 0;
    case ARG_TEXT: *(struct str *)field = value; return 0;
    case ARG_CHOICE: return decode_choice(arg, field, value, err);
    case ARG_SPAN: return decode_span(arg, field, value, err);
    case ARG_TIME:
        if (clock_parse_iso(value, field))
            return 0;
        return error_set(
            err, -EINVAL,
            "--%s: '%.*s' is no time; write 2026-11-21T18:30:00Z or 2026-11-21T18:30:00+01:00",
            arg->name, STR_FMT(value));
    case ARG_LIST: return decode_list(arg, field, value, err);
    }
    return 0;
}

static int refuse_unknown(const struct parser *p, const char *word, struct error *err)
{
    struct str name = str_from(word);
    const char *near;

    if (!str_starts_with(name, STR("--")))
        return error_set(err, -EINVAL, "unknown option -%c", optopt);
    name = str_slice(name, 2, name.len);
    name = str_split(name, '=', &(struct str){0});
    for (size_t i = 0; i < p->n; i++) {
        if (str_eq(name, str_from(p->args[i]->name)))
            return error_set(err, -EINVAL, "option --%s takes no value", p->args[i]->name);
    }
    near = str_nearest(name, p->longs, sizeof(p->longs[0]));
    if (near)
        return error_set(err, -EINVAL, "unknown option --%.*s (did you mean --%s?)", STR_FMT(name),
                         near);
    return error_set(err, -EINVAL, "unknown option --%.*s", STR_FMT(name));
}

/* getopt takes an optional value only after "="; people also write "--wait 30". No mention's id
 * begins with a digit, so a span of time that follows is the value. */
static struct str optional_value(const struct arg *arg, int argc, char **argv)
{
    int64_t ms;

    if (optarg || needs_value(arg) != optional_argument || optind >= argc)
        return str_from(optarg);
    if (!when_parse_span(str_from(argv[optind]), &ms))
        return (struct str){NULL, 0};
    return str_from(argv[optind++]);
}

static int parse_options(const struct parser *p, int argc, char **argv, struct error *err)
{
    int code, r;

    opterr = 0;
    optind = 0; /* glibc: start over */
    while ((code = getopt_long(argc, argv, p->shorts, p->longs, NULL)) != -1) {
        void *base = NULL;
        const struct arg *arg = parser_find(p, code, &base);

        if (code == ':')
            return error_set(err, -EINVAL, "option %s needs a value", argv[optind - 1]);
        if (!arg)
            return refuse_unknown(p, argv[optind - 1], err);
        r = decode(arg, base, optional_value(arg, argc, argv), err);
        if (r < 0)
            return r;
    }
    return 0;
}

int args_parse(const struct arg_target *targets, size_t n_targets, int argc, char **argv,
               bool stop_early, struct words *ret_words, struct error *err)
{
    struct parser p = {0};
    int r;

    parser_init(&p, targets, n_targets, stop_early);
    r = parse_options(&p, argc, argv, err);
    if (r < 0 || stop_early)
        return r < 0 ? r : optind;
    for (int i = optind; i < argc; i++) {
        if (ret_words->n == WORDS_MAX)
            return error_set(err, -EINVAL, "more than %d arguments", WORDS_MAX);
        ret_words->items[ret_words->n++] = argv[i];
    }
    return optind;
}
