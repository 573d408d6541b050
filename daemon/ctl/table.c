/* Tables. Cells are collected first, because a column's width is known only when all are there. */
#include "table.h"

#include <stdarg.h>
#include <stdio.h>

#include "mentiond/text.h"

#define GAP 2 /* columns between two columns */
#define ARENA_MAX (32 * 1024 * 1024)

void table_init(struct table *t, const struct column *columns, size_t n_columns)
{
    *t = (struct table){.columns = columns, .n_columns = n_columns};
    arena_init(&t->arena, ARENA_MAX);
}

void table_finish(struct table *t)
{
    arena_finish(&t->arena);
    free(t->cells);
    t->cells = NULL;
}

static bool make_room(struct table *t)
{
    size_t cap = t->cap ? 2 * t->cap : 64;
    struct cell *cells;

    if (t->n_cells < t->cap)
        return true;
    if (t->n_cells >= TABLE_CELLS_MAX)
        return false;
    cells = reallocarray(t->cells, cap, sizeof(*cells));
    if (!cells)
        return false;
    t->cells = cells;
    t->cap = cap;
    return true;
}

void table_cell(struct table *t, enum style style, struct str text)
{
    CLEANUP(buf_finish) struct buf clean = BUF_INIT(16 * TABLE_CELL_MAX);
    struct str kept;

    text_for_terminal(str_cut_utf8(text, TABLE_CELL_MAX), &clean);
    kept = arena_str(&t->arena, buf_str(&clean));
    if (clean.failed || !kept.s || !make_room(t)) {
        t->failed = true;
        return;
    }
    t->cells[t->n_cells++] = (struct cell){kept, style};
}

void table_cell_printf(struct table *t, enum style style, const char *fmt, ...)
{
    char text[TABLE_CELL_MAX];
    va_list args;

    va_start(args, fmt);
    vsnprintf(text, sizeof(text), fmt, args);
    va_end(args);
    table_cell(t, style, str_from(text));
}

static void natural_widths(const struct table *t, size_t *ret_widths)
{
    for (size_t c = 0; c < t->n_columns; c++)
        ret_widths[c] = text_width(str_from(t->columns[c].title));
    for (size_t i = 0; t->n_columns && i < t->n_cells; i++) {
        size_t width = text_width(t->cells[i].text);

        if (width > ret_widths[i % t->n_columns])
            ret_widths[i % t->n_columns] = width;
    }
}

/* Takes single columns from the widest flexible one until the line fits or nothing can give any
 * more. */
static void squeeze(const struct table *t, size_t limit, size_t *widths)
{
    size_t sum = GAP * (t->n_columns - 1);

    for (size_t c = 0; c < t->n_columns; c++)
        sum += widths[c];
    for (; sum > limit; sum--) {
        size_t widest = SIZE_MAX;

        for (size_t c = 0; c < t->n_columns; c++) {
            size_t least = t->columns[c].flexible;

            if (least && widths[c] > least && (widest == SIZE_MAX || widths[c] > widths[widest]))
                widest = c;
        }
        if (widest == SIZE_MAX)
            return;
        widths[widest]--;
    }
}

static void print_cell(const struct cell *cell, size_t width, bool right, bool last,
                       struct out *out)
{
    CLEANUP(buf_finish) struct buf fitted = BUF_INIT(16 * TABLE_CELL_MAX);
    size_t used = out_fit(cell->text, width, &fitted);
    int pad = (int)(width - used);

    if (right)
        out_printf(out, "%*s", pad, "");
    if (cell->style != STYLE_PLAIN)
        out_style(out, cell->style);
    buf_append_str(&out->buf, buf_str(&fitted));
    if (cell->style != STYLE_PLAIN)
        out_style(out, STYLE_PLAIN);
    if (!right && !last)
        out_printf(out, "%*s", pad, "");
}

/* Columns that do not fit even squeezed are left out from the right, but the first always shows. */
static void print_row(const struct table *t, const struct cell *cells, const size_t *widths,
                      struct out *out)
{
    size_t left = out->width ? out->width : SIZE_MAX;

    for (size_t c = 0; c < t->n_columns; c++) {
        size_t gap = c ? GAP : 0;
        size_t width = widths[c];

        if (left <= gap || (c && t->columns[c].flexible == 0 && left < gap + width))
            break;
        left -= gap;
        if (width > left)
            width = left;
        left -= width;
        out_printf(out, "%*s", (int)gap, "");
        print_cell(&cells[c], width, t->columns[c].right, c + 1 == t->n_columns, out);
    }
    while (out->buf.len > 0 && out->buf.data[out->buf.len - 1] == ' ')
        out->buf.len--;
    out_printf(out, "\n");
}

void table_print(struct table *t, struct out *out)
{
    struct cell titles[TABLE_COLUMNS_MAX];
    size_t widths[TABLE_COLUMNS_MAX];

    natural_widths(t, widths);
    if (out->width)
        squeeze(t, out->width, widths);
    for (size_t c = 0; c < t->n_columns; c++)
        titles[c] = (struct cell){str_from(t->columns[c].title), STYLE_BOLD};
    print_row(t, titles, widths, out);
    for (size_t i = 0; i + t->n_columns <= t->n_cells; i += t->n_columns)
        print_row(t, t->cells + i, widths, out);
    if (t->failed)
        out_printf(out, "(cut off: more than fits into memory)\n");
}
