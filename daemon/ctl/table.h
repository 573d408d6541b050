/* Tables for people: columns as wide as what is in them, made narrower where the terminal is. */
#ifndef CTL_TABLE_H
#define CTL_TABLE_H

#include "mentiond/arena.h"
#include "out.h"

#define TABLE_COLUMNS_MAX 16
#define TABLE_CELLS_MAX 65536
#define TABLE_CELL_MAX 1024 /* bytes that a cell looks at */

struct column {
    const char *title;
    bool right;      /* numbers */
    size_t flexible; /* 0: never cut, else the least columns it may be cut to */
};

struct cell {
    struct str text; /* harmless */
    enum style style;
};

struct table {
    const struct column *columns;
    size_t n_columns;
    struct arena arena; /* of the cells' text */
    struct cell *cells; /* owned, row by row */
    size_t n_cells, cap;
    bool failed; /* out of memory, or beyond a limit: said when printing */
};

void table_init(struct table *t, const struct column *columns, size_t n_columns);
void table_finish(struct table *t);

/* The next cell, row by row. Any text: it is made harmless here. */
void table_cell(struct table *t, enum style style, struct str text);
void table_cell_printf(struct table *t, enum style style, const char *fmt, ...) PRINTF_LIKE(3, 4);

/* Titles and rows; a line is never wider than the terminal. Into a pipe nothing is cut. */
void table_print(struct table *t, struct out *out);

#endif
