/* From paths to the trees of all packs. Internal to rules/. */
#ifndef MENTIOND_RULES_PACK_FILES_H
#define MENTIOND_RULES_PACK_FILES_H

#include "mentiond/config.h"
#include "rules/names.h"

#define INCLUDE_DEPTH_MAX 8

struct pack_files {
    struct config_doc **docs; /* the array is owned, what is in it goes to who takes it */
    size_t n, cap;
    bool sound;  /* all could be read, and none is flawed */
    struct diag *d;
    struct arena arena;      /* owned: real paths */
    struct name_index known; /* owned: real paths of what was loaded */
};

/* `files` zeroed but for `d`. Each path is a file, or a folder whose packs are all taken; what a
 * pack includes comes before it. A file is loaded once, by whatever name. What is wrong goes to
 * `d`. False when out of memory. */
bool pack_files_load(struct pack_files *files, const struct str *paths, size_t n_paths);
void pack_files_finish(struct pack_files *files);

#endif
