/* What libyaml found, said to people: its words, what was probably meant, and the place to look at,
 * which is not always the place where libyaml noticed. Marks of libyaml count from 0.
 */
#include "config/yaml_error.h"

#include <errno.h>

static const struct {
    const char *problem; /* libyaml's words */
    const char *hint;
} yaml_hints[] = {
    {"mapping values are not allowed in this context",
     "wrong indentation, or text with ': ' in it that needs quotes"},
    {"did not find expected key", "wrong indentation, or a quote or bracket too many"},
    {"did not find expected ',' or ']'", "a list that is not closed? text with '#' needs quotes"},
    {"did not find expected ',' or '}'", "a map that is not closed? text with '#' needs quotes"},
    {"did not find expected '-' indicator", "the items of a list stand in one column"},
    {"could not find expected ':'", "a key without ':' after it, or text that needs quotes"},
    {"found unexpected end of stream", "a quote that is never closed"},
    {"did not find expected alphabetic or numeric character",
     "text that begins with '*' or '&' needs quotes"},
};

static const char *hint_for_character(const yaml_parser_t *p, const struct config_doc *doc)
{
    size_t at = 0;
    struct str text = doc->text;

    for (size_t i = 0; i < p->problem_mark.index && at < text.len; i++) {
        at++;
        while (at < text.len && ((unsigned char)text.s[at] & 0xc0) == 0x80)
            at++;
    }
    if (at < text.len && text.s[at] == '\t')
        return "a tab cannot indent YAML: use spaces";
    return "text that begins with '@', '%' or '`' needs quotes";
}

static const char *hint_for(const yaml_parser_t *p, const struct config_doc *doc)
{
    if (strcmp(p->problem, "found character that cannot start any token") == 0)
        return hint_for_character(p, doc);
    for (size_t i = 0; i < ARRAY_LEN(yaml_hints); i++) {
        if (strcmp(p->problem, yaml_hints[i].problem) == 0)
            return yaml_hints[i].hint;
    }
    return NULL;
}

/* What was opened and never closed is noticed lines later: then the place to look at is where it
 * began. */
static bool is_left_open(const yaml_parser_t *p)
{
    return p->context && p->context_mark.line != p->problem_mark.line &&
           (strncmp(p->context, "while parsing a flow", 20) == 0 ||
            strcmp(p->context, "while scanning a quoted scalar") == 0);
}

static struct config_mark mark_at(yaml_mark_t at)
{
    return (struct config_mark){(unsigned)at.line + 1, (unsigned)at.column + 1, 1};
}

int yaml_error_report(const yaml_parser_t *p, const struct config_doc *doc, struct diag *d)
{
    const char *hint;
    char more[160] = "";

    if (p->error == YAML_MEMORY_ERROR || !p->problem) {
        diag_error(d, doc, (struct config_mark){0}, "out of memory");
        return -ENOMEM;
    }
    hint = hint_for(p, doc);
    if (hint)
        snprintf(more, sizeof(more), " (%s)", hint);
    if (is_left_open(p))
        diag_error(d, doc, mark_at(p->context_mark), "not YAML: %s up to line %zu%s", p->problem,
                   p->problem_mark.line + 1, more);
    else
        diag_error(d, doc, mark_at(p->problem_mark), "not YAML: %s%s", p->problem, more);
    return -EBADMSG;
}
