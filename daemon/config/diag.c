/* Collects what is wrong with a configuration. A message is made complete (place, words, excerpt)
 * when it is reported, because the file's text may be gone when it is printed; printing only puts
 * them in order. Secrets and control characters are kept out by excerpt.c.
 */
#include <stdarg.h>

#include "config/excerpt.h"
#include "mentiond/buf.h"
#include "mentiond/config.h"

#define MESSAGE_MAX 1024 /* bytes; a longer one is cut */
#define ITEM_MAX (16 * 1024)

void diag_init(struct diag *d)
{
    *d = (struct diag){0};
}

void diag_finish(struct diag *d)
{
    for (size_t i = 0; i < d->n_items; i++)
        free(d->items[i].text);
    diag_init(d);
}

static struct str path_of(const char *text)
{
    const char *end = strchr(text, ':');

    return end ? (struct str){text, (size_t)(end - text)} : str_from(text);
}

/* Files are printed in the order of their first message. */
static unsigned file_order(const struct diag *d, const char *text)
{
    for (size_t i = 0; i < d->n_items; i++) {
        if (d->items[i].text && str_eq(path_of(d->items[i].text), path_of(text)))
            return d->items[i].file;
    }
    return (unsigned)d->n_items;
}

static void append_place(struct buf *out, const struct config_doc *doc, struct config_mark mark)
{
    if (!doc)
        return;
    excerpt_append_harmless(out, doc->path);
    if (mark.line > 0)
        buf_printf(out, ":%u:%u", mark.line, mark.column);
    buf_append_str(out, STR(": "));
}

/* The text up to and with "what it is about: ". */
static struct str subject_of(const char *text, const struct config_doc *doc)
{
    size_t start = 0, len;

    if (doc) {
        const char *place_end = strstr(text, ": ");

        start = place_end ? (size_t)(place_end + 2 - text) : 0;
    }
    len = str_find(str_from(text + start), STR(": "));
    return len == SIZE_MAX ? str_from(text) : (struct str){text, start + len + 2};
}

static bool is_consequence(const struct diag *d, const struct config_doc *doc, const char *text)
{
    struct str subject = subject_of(text, doc);

    for (size_t i = 0; i < d->n_items; i++) {
        if (!d->items[i].warning && str_starts_with(str_from(d->items[i].text), subject))
            return true;
    }
    return false;
}

/* Whether it counts. */
static bool diag_add(struct diag *d, bool warning, const struct config_doc *doc,
                     struct config_mark mark, const char *fmt, va_list args)
{
    CLEANUP(buf_finish) struct buf text = BUF_INIT(ITEM_MAX);
    struct diag_item *item = &d->items[d->n_items];
    char message[MESSAGE_MAX];

    if (d->n_items == DIAG_MAX)
        return true;
    vsnprintf(message, sizeof(message), fmt, args);
    append_place(&text, doc, mark);
    if (warning)
        buf_append_str(&text, STR("warning: "));
    excerpt_append_harmless(&text, str_from(message));
    if (mark.line > 0 && is_consequence(d, doc, buf_str(&text).s)) {
        d->n_dropped++;
        return false;
    }
    if (doc)
        excerpt_append(&text, doc, mark);
    *item = (struct diag_item){.warning = warning, .line = mark.line, .column = mark.column};
    item->text = buf_take(&text);
    if (item->text) {
        item->file = file_order(d, item->text);
        d->n_items++;
    }
    return true;
}

void diag_error(struct diag *d, const struct config_doc *doc, struct config_mark mark,
                const char *fmt, ...)
{
    va_list args;

    va_start(args, fmt);
    d->n_errors += diag_add(d, false, doc, mark, fmt, args);
    va_end(args);
}

void diag_warning(struct diag *d, const struct config_doc *doc, struct config_mark mark,
                  const char *fmt, ...)
{
    va_list args;

    va_start(args, fmt);
    d->n_warnings += diag_add(d, true, doc, mark, fmt, args);
    va_end(args);
}

static int item_compare(const struct diag_item *a, const struct diag_item *b)
{
    if (a->file != b->file)
        return a->file < b->file ? -1 : 1;
    if (a->line != b->line)
        return a->line < b->line ? -1 : 1;
    if (a->column != b->column)
        return a->column < b->column ? -1 : 1;
    return 0;
}

/* Insertion sort: stable, and there are at most DIAG_MAX. */
static void items_sort(const struct diag *d, const struct diag_item *ret_order[DIAG_MAX])
{
    for (size_t i = 0; i < d->n_items; i++) {
        size_t at = i;

        for (; at > 0 && item_compare(&d->items[i], ret_order[at - 1]) < 0; at--)
            ret_order[at] = ret_order[at - 1];
        ret_order[at] = &d->items[i];
    }
}

static const char *plural(size_t n)
{
    return n == 1 ? "" : "s";
}

void diag_print(const struct diag *d, const char *name, FILE *out)
{
    const struct diag_item *order[DIAG_MAX];
    size_t n_all = d->n_errors + d->n_warnings;

    items_sort(d, order);
    for (size_t i = 0; i < d->n_items; i++)
        fprintf(out, "%s\n", order[i]->text);
    if (n_all > d->n_items)
        fprintf(out, "%s: %zu more not shown\n", name, n_all - d->n_items);
    if (d->n_errors > 0 && d->n_warnings > 0)
        fprintf(out, "%s: %zu error%s, %zu warning%s\n", name, d->n_errors, plural(d->n_errors),
                d->n_warnings, plural(d->n_warnings));
    else if (n_all > 0)
        fprintf(out, "%s: %zu %s%s\n", name, n_all, d->n_errors ? "error" : "warning",
                plural(n_all));
}
