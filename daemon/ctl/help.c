/* --help, `mentionctl help`, the manual page's part about verbs, and bash's completion, all from
 * the tables. */
#include <stdio.h>

#include "ctl.h"

#define HELP_INDENT 28 /* columns before the help of an option */

struct help_args {
    bool man, completion;
};

static const struct {
    enum exit_code code;
    const char *meaning;
} exit_codes[] = {
    {CTL_DONE, "done"},
    {CTL_FAILED, "error"},
    {CTL_USAGE, "wrong usage"},
    {CTL_NOTHING, "nothing to claim"},
    {CTL_HELD, "held by another agent"},
    {CTL_INTERRUPTED, "interrupted (Ctrl-C) while waiting or watching"},
};

static void print_usage(const struct verb *verb, struct out *out)
{
    out_printf(out, "mentionctl %s", verb->name);
    for (const struct arg *arg = verb->args; arg && arg->name; arg++) {
        if (!arg->value)
            out_printf(out, " [--%s]", arg->name);
        else
            out_printf(out, " [--%s %s]", arg->name, arg->value);
    }
    out_printf(out, "%s%s\n", *verb->words ? " " : "", verb->words);
}

/* The help, and what may be chosen from. */
static void append_choices(const struct arg *arg, struct buf *out)
{
    buf_append_str(out, str_from(arg->help));
    for (size_t i = 0; arg->choices && arg->choices[i]; i++)
        buf_printf(out, "%s%s", i ? ", " : ": ", arg->choices[i]);
}

static void print_args(const struct arg *args, struct out *out)
{
    for (const struct arg *arg = args; arg && arg->name; arg++) {
        CLEANUP(buf_finish) struct buf help = BUF_INIT(4096);
        char left[64];
        int len;

        len = arg->letter ? snprintf(left, sizeof(left), "  -%c, ", arg->letter)
                          : snprintf(left, sizeof(left), "      ");
        snprintf(left + len, sizeof(left) - (size_t)len, "--%s%s%s", arg->name,
                 arg->value ? " " : "", arg->value ? arg->value : "");
        append_choices(arg, &help);
        out_post(out, left, HELP_INDENT, buf_str(&help), NULL, 0);
    }
}

void help_print_verb(const struct verb *verb, struct out *out)
{
    out_printf(out, "Usage: ");
    print_usage(verb, out);
    out_printf(out, "\n%s.\n", verb->summary);
    if (verb->help)
        out_printf(out, "\n%s\n", verb->help);
    if (verb->args) {
        out_printf(out, "\nOptions:\n");
        print_args(verb->args, out);
    }
    out_printf(out, "\nOptions of every verb:\n");
    print_args(common_args, out);
}

void help_print(struct out *out)
{
    const char *group = "";

    out_printf(out, "Usage: mentionctl [OPTION]... VERB [ARGUMENT]...\n\n"
                    "What people say about a brand, one conversation at a time.\n");
    for (const struct verb *const *verb = ctl_verbs; *verb; verb++) {
        if (strcmp(group, (*verb)->group) != 0)
            out_printf(out, "\n%s:\n", (*verb)->group);
        group = (*verb)->group;
        out_printf(out, "  %-16s  %s\n", (*verb)->name, (*verb)->summary);
    }
    out_printf(out, "\nOptions of every verb:\n");
    print_args(common_args, out);
    out_printf(out, "\nExit codes:\n");
    for (size_t i = 0; i < ARRAY_LEN(exit_codes); i++)
        out_printf(out, "  %3d  %s\n", (int)exit_codes[i].code, exit_codes[i].meaning);
    out_printf(out, "\n'mentionctl help VERB' explains a verb; the manual is mentionctl(1).\n");
}

/* ---- the manual page ------------------------------------------------------------------------ */

/* roff: "-" would become a hyphen, a leading "." or "'" a request. */
static void print_roff(const char *text, struct out *out)
{
    bool at_start = true;

    for (; *text; text++) {
        if (at_start && (*text == '.' || *text == '\''))
            out_printf(out, "\\&");
        at_start = *text == '\n';
        if (*text == '\\')
            out_printf(out, "\\e");
        else if (*text == '-')
            out_printf(out, "\\-");
        else if (text[0] == '\n' && text[1] == '\n')
            out_printf(out, "\n.PP");
        else
            out_printf(out, "%c", *text);
    }
}

static void print_man_args(const struct arg *args, struct out *out)
{
    for (const struct arg *arg = args; arg && arg->name; arg++) {
        CLEANUP(buf_finish) struct buf help = BUF_INIT(4096);

        out_printf(out, ".TP\n");
        if (arg->letter)
            out_printf(out, "\\fB\\-%c\\fR, ", arg->letter);
        out_printf(out, "\\fB\\-\\-%s\\fR", arg->name);
        if (arg->value)
            out_printf(out, " \\fI%s\\fR", arg->value);
        out_printf(out, "\n");
        append_choices(arg, &help);
        print_roff(help.data, out);
        out_printf(out, ".\n");
    }
}

static void print_man_verb(const struct verb *verb, struct out *out)
{
    out_printf(out, ".SS %s %s\n", verb->name, verb->words);
    print_roff(verb->summary, out);
    out_printf(out, ".\n");
    if (verb->help) {
        out_printf(out, ".PP\n");
        print_roff(verb->help, out);
        out_printf(out, "\n");
    }
    print_man_args(verb->args, out);
}

static void print_man(struct out *out)
{
    out_printf(out, ".SH VERBS\n");
    for (const struct verb *const *verb = ctl_verbs; *verb; verb++)
        print_man_verb(*verb, out);
    out_printf(out, ".SH OPTIONS OF EVERY VERB\n");
    print_man_args(common_args, out);
    out_printf(out, ".SH EXIT STATUS\n");
    for (size_t i = 0; i < ARRAY_LEN(exit_codes); i++)
        out_printf(out, ".TP\n.B %d\n%s\n", (int)exit_codes[i].code, exit_codes[i].meaning);
}

/* ---- bash completion ------------------------------------------------------------------------ */

static void print_completion_verb(const struct verb *verb, struct out *out)
{
    out_printf(out, "    ['%s']='", verb->name);
    for (const struct arg *arg = verb->args; arg && arg->name; arg++)
        out_printf(out, "--%s ", arg->name);
    out_printf(out, "'\n");
}

static void print_completion(struct out *out)
{
    out_printf(out, "# bash completion for mentionctl, written by 'mentionctl help --completion'\n"
                    "declare -A _mentionctl_options=(\n");
    for (const struct verb *const *verb = ctl_verbs; *verb; verb++)
        print_completion_verb(*verb, out);
    out_printf(out, ")\n_mentionctl_common='");
    for (const struct arg *arg = common_args; arg->name; arg++)
        out_printf(out, "--%s ", arg->name);
    out_printf(out,
               "'\n\n"
               "_mentionctl() {\n"
               "    local word=${COMP_WORDS[COMP_CWORD]} line=${COMP_WORDS[*]:1:COMP_CWORD-1} verb "
               "found=\n"
               "    for verb in \"${!_mentionctl_options[@]}\"; do\n"
               "        [[ \" $line \" == *\" $verb \"* ]] && found=$verb\n"
               "    done\n"
               "    if [[ $word == -* ]]; then\n"
               "        COMPREPLY=($(compgen -W \"${_mentionctl_options[$found]:-} "
               "$_mentionctl_common\" -- \"$word\"))\n"
               "    elif [[ -z $found && \" $line \" == *' rules '* ]]; then\n"
               "        COMPREPLY=($(compgen -W 'test explain classify list' -- \"$word\"))\n"
               "    elif [[ -z $found ]]; then\n"
               "        COMPREPLY=($(compgen -W \"${!_mentionctl_options[*]}\" -- \"$word\"))\n"
               "    else\n"
               "        COMPREPLY=($(compgen -f -- \"$word\"))\n"
               "    fi\n"
               "}\n"
               "complete -F _mentionctl mentionctl\n");
}

/* ---- the verb ------------------------------------------------------------------------------- */

static enum exit_code run_help(struct ctl *ctl, const void *opaque)
{
    const struct help_args *args = opaque;
    const struct verb *verb = NULL;
    struct error err;

    if (args->man)
        print_man(&ctl->out);
    else if (args->completion)
        print_completion(&ctl->out);
    else if (ctl->words.n == 0)
        help_print(&ctl->out);
    if (args->man || args->completion || ctl->words.n == 0)
        return CTL_DONE;
    if (verb_find(ctl->words.items, ctl->words.n, &verb, &err) < 0)
        return ctl_usage(ctl, "%s", err.text);
    help_print_verb(verb, &ctl->out);
    return CTL_DONE;
}

static const struct arg help_args[] = {
    {"man", 0, ARG_FLAG, offsetof(struct help_args, man), NULL, NULL,
     "Print the part of the manual page that comes from these tables"},
    {"completion", 0, ARG_FLAG, offsetof(struct help_args, completion), NULL, NULL,
     "Print the completion for bash"},
    {0},
};

const struct verb verb_help = {
    .name = "help",
    .group = "Other",
    .words = "[VERB]",
    .max_words = 3,
    .args = help_args,
    .args_size = sizeof(struct help_args),
    .summary = "Explain a verb, or list them all",
    .run = run_help,
};
