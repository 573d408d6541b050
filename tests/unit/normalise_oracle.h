/* The slow, plain normaliser that the quick one is held against. */
#ifndef TESTS_NORMALISE_ORACLE_H
#define TESTS_NORMALISE_ORACLE_H

#include "mentiond/text.h"

int oracle_normalise_with(struct str text, unsigned flags, struct arena *arena,
                          struct text_normal *ret);

#endif
