/* How rare four bytes in a row are in posts. Internal to rules/.
 *
 * A guess, good enough to choose by: it decides where the literal filter looks, never what it
 * finds. It starts as a model of English prose and learns from the texts it is shown; all rule sets
 * of the process share it, so a reload profits from what the set before it saw. Any thread may use
 * it at any time. */
#ifndef MENTIOND_RULES_RARITY_H
#define MENTIOND_RULES_RARITY_H

#include "mentiond/str.h"

#define RARITY_WINDOW 4 /* bytes */

/* How often the window is expected at a byte of a text, from 0 to 1. */
double rarity_window(const char *window);

/* Where in `literal` (longer than RARITY_WINDOW) two windows side by side are rarest together; the
 * first of equals. */
size_t rarity_best_windows(struct str literal);

/* For literals of any length. */
double rarity_literal(struct str literal);

void rarity_learn(struct str text);
void rarity_forget(void); /* for tests and benchmarks: back to the built-in model */

#endif
