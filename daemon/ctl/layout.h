/* The canonical layout of a YAML file: white space and nothing else. */
#ifndef CTL_LAYOUT_H
#define CTL_LAYOUT_H

#include "mentiond/buf.h"
#include "mentiond/error.h"

#define LAYOUT_TEXT_MAX (4 * 1024 * 1024)
#define LAYOUT_DEPTH_MAX 32

/* Appends `text` laid out: each level of lists and maps two columns further in, also a list below
 * its key; one space after "-" and ":" (but in flow collections, which stay as they are, as do
 * quotes and the order of keys); no space at the ends of lines, one blank line where there were
 * several, none at the ends of the file. Comments go with what follows them, or with what stood in
 * their column. Twice is the same as once. Errors: -EINVAL: it is no YAML, or could not be laid out
 * without changing what it says; -E2BIG, -ENOMEM. `ret` is unusable then. */
int layout_format(struct str text, struct buf *ret, struct error *err);

#endif
