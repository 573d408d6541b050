/* Option tables for people: the text of --help-config and the entries of the manual page. */
#include "config/option_kinds.h"

#define TEXT_COLUMNS 78
#define TEXT_INDENT 4

static void print_choices(const struct option *o, FILE *out)
{
    for (size_t i = 0; o->choices[i]; i++)
        fprintf(out, "%s%s", i ? ", " : " ", o->choices[i]);
}

/* "(duration, 1s to 30d, default 5m)" */
static void print_facts(const struct option *o, FILE *out)
{
    char bounds[2 * CONFIG_AMOUNT_MAX + 8];

    bounds[0] = '\0';
    if (o->kind != OPTION_STRING && o->kind != OPTION_URL) /* of text nobody wants to know */
        option_format_bounds(o, bounds);
    fprintf(out, "(%s", o->kind == OPTION_ENUM ? "one of" : option_kind_info(o->kind)->name);
    if (o->kind == OPTION_ENUM)
        print_choices(o, out);
    if (bounds[0])
        fprintf(out, ", %s%s", bounds, o->kind == OPTION_LIST ? " items" : "");
    if (o->required)
        fputs(", required", out);
    else if (o->def)
        fprintf(out, ", default %s", o->def);
    fputs(")", out);
}

static void print_wrapped(const char *text, FILE *out)
{
    int column = 0;

    while (*text) {
        int len = (int)strcspn(text, " ");

        if (column > 0 && column + 1 + len > TEXT_COLUMNS) {
            fputc('\n', out);
            column = 0;
        }
        column += fprintf(out, "%*s%.*s", column ? 1 : TEXT_INDENT, "", len, text);
        text += len;
        text += strspn(text, " ");
    }
    fputc('\n', out);
}

/* roff takes a backslash, and a dot or quote at the start of a line, for its own. */
static void print_roff(const char *text, FILE *out)
{
    if (*text == '.' || *text == '\'')
        fputs("\\&", out);
    for (; *text; text++) {
        if (*text == '\\')
            fputs("\\e", out);
        else if (*text == '-')
            fputs("\\-", out);
        else
            fputc(*text, out);
    }
    fputc('\n', out);
}

static void print_text_option(const struct option *o, const char *prefix, FILE *out)
{
    fprintf(out, "%s%s%s ", prefix, prefix[0] ? "." : "", o->key);
    print_facts(o, out);
    fputc('\n', out);
    print_wrapped(o->help ? o->help : "", out);
}

static void print_man_option(const struct option *o, const char *prefix, FILE *out)
{
    fprintf(out, ".TP\n.B ");
    fprintf(out, "%s%s%s\n", prefix, prefix[0] ? "." : "", o->key);
    print_facts(o, out);
    fputs("\n.br\n", out);
    print_roff(o->help ? o->help : "", out);
}

void options_print(const struct option *options, const char *prefix, const char *format, FILE *out)
{
    bool man = strcmp(format, "man") == 0;

    for (const struct option *o = options; o->key; o++) {
        if (man)
            print_man_option(o, prefix, out);
        else
            print_text_option(o, prefix, out);
    }
}
