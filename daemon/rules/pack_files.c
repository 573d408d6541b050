/* Finding the files of packs: folders, and what packs include.
 *
 * A pack comes after those it includes, so that its thresholds and overrides are later than
 * theirs. A file is known by its real path, so that packs which include each other end, and one
 * that is named in two ways is there once. */
#include "rules/pack_files.h"

#include <dirent.h>
#include <errno.h>
#include <sys/stat.h>

#include "mentiond/rules.h"

#define FOLDER_DEPTH_MAX 4
#define PATHS_MAX (16 * 1024 * 1024) /* bytes of all real paths */

/* ---- names of files -------------------------------------------------------------------------- */

struct files {
    char **paths; /* owned */
    size_t n;
    struct diag *d;
};

static void files_finish(struct files *f)
{
    for (size_t i = 0; i < f->n; i++)
        free(f->paths[i]);
    free(f->paths);
}

/* Takes ownership of `path`. A file that is named twice is loaded once. */
static void files_add(struct files *f, char *path)
{
    for (size_t i = 0; path && i < f->n; i++) {
        if (strcmp(f->paths[i], path) == 0) {
            free(path);
            return;
        }
    }
    char **moved = f->n < RULES_FILES_MAX ? realloc(f->paths, (f->n + 1) * sizeof(*moved)) : NULL;
    if (moved)
        f->paths = moved;
    if (!moved || !path) {
        diag_error(f->d, NULL, (struct config_mark){0},
                   "rules: more than %d files, or out of memory", RULES_FILES_MAX);
        free(path);
        return;
    }
    f->paths[f->n++] = path;
}

static int is_visible(const struct dirent *entry)
{
    return entry->d_name[0] != '.';
}

static int by_name(const struct dirent **a, const struct dirent **b)
{
    return strcmp((*a)->d_name, (*b)->d_name);
}

static bool is_pack_file(struct str name)
{
    return str_ends_with(name, STR(".yaml")) || str_ends_with(name, STR(".yml"));
}

static bool is_folder(const char *path)
{
    struct stat info;

    return path && stat(path, &info) == 0 && S_ISDIR(info.st_mode);
}

static void add_folder(struct files *f, const char *folder, unsigned depth);

/* The entry if it is of the kind that is wanted now: a pack file, or a folder of them. */
static void add_entry(struct files *f, const char *folder, const char *name, bool folders,
                      unsigned depth)
{
    char *path = NULL;

    if (asprintf(&path, "%s/%s", folder, name) < 0)
        path = NULL;
    if (is_folder(path) != folders) {
        free(path);
    } else if (folders) {
        if (depth < FOLDER_DEPTH_MAX)
            add_folder(f, path, depth + 1);
        free(path);
    } else if (is_pack_file(str_from(name))) {
        files_add(f, path);
    } else {
        free(path);
    }
}

/* The packs of a folder, then those of the folders in it. Nothing is deeper than
 * FOLDER_DEPTH_MAX, so that links in a circle end. */
static void add_folder(struct files *f, const char *folder, unsigned depth)
{
    struct dirent **entries = NULL;
    int n = scandir(folder, &entries, is_visible, by_name);
    size_t before = f->n;

    if (n < 0)
        diag_error(f->d, NULL, (struct config_mark){0}, "rules: %s: %s", folder, strerror(errno));
    for (int folders = 0; folders < 2; folders++)
        for (int i = 0; i < n; i++)
            add_entry(f, folder, entries[i]->d_name, folders == 1, depth);
    for (int i = 0; i < n; i++)
        free(entries[i]);
    free(entries);
    if (n >= 0 && depth == 0 && f->n == before)
        diag_error(f->d, NULL, (struct config_mark){0}, "rules: %s: holds no *.yaml", folder);
}

/* A file, or those of a folder. */
static void files_find(struct files *f, struct str name)
{
    char *path = str_dup(name);

    while (path && strlen(path) > 1 && path[strlen(path) - 1] == '/')
        path[strlen(path) - 1] = '\0';
    if (is_folder(path)) {
        add_folder(f, path, 0);
        free(path);
    } else {
        files_add(f, path);
    }
}

/* ---- loading --------------------------------------------------------------------------------- */

static void load_path(struct pack_files *x, struct str path, unsigned depth);

/* True the first time that a file is seen. */
static bool is_new(struct pack_files *x, const char *path)
{
    CLEANUP(free_p) char *real = realpath(path, NULL);
    struct str name = arena_str(&x->arena, str_from(real ? real : path));
    uint32_t unused;

    return !name_index_find(&x->known, name, &unused) && name_index_add(&x->known, name, 0);
}

static bool doc_add(struct pack_files *x, struct config_doc *doc)
{
    struct config_doc **moved = x->docs;

    if (x->n == x->cap) {
        moved = realloc(x->docs, (x->cap + 64) * sizeof(struct config_doc *));
        x->cap += moved ? 64 : 0;
    }
    if (!moved || x->n == RULES_FILES_MAX) {
        x->docs = moved ? moved : x->docs;
        diag_error(x->d, NULL, (struct config_mark){0},
                   "rules: more than %d files, or out of memory", RULES_FILES_MAX);
        config_doc_destroy(doc);
        return false;
    }
    x->docs = moved;
    x->docs[x->n++] = doc;
    return true;
}

/* Relative to the folder of the pack that says it. */
static void include(struct pack_files *x, const struct config_doc *doc,
                    const struct config_node *node, unsigned depth)
{
    CLEANUP(free_p) char *path = NULL;
    char shown[CONFIG_SHOWN_MAX];
    struct str folder = doc->path;
    struct stat info;

    if (node->kind != CONFIG_SCALAR || node->value.len == 0) {
        diag_error(x->d, doc, node->mark, "include: expected a path, got %s",
                   config_shown(node, shown));
        return;
    }
    while (folder.len > 0 && folder.s[folder.len - 1] != '/')
        folder.len--;
    if (node->value.s[0] == '/')
        folder.len = 0;
    if (asprintf(&path, "%.*s%.*s", STR_FMT(folder), STR_FMT(node->value)) < 0)
        path = NULL;
    if (!path || stat(path, &info) < 0)
        diag_error(x->d, doc, node->mark, "include: %s: %s", path ? path : "path",
                   path ? strerror(errno) : "out of memory");
    else if (depth == INCLUDE_DEPTH_MAX)
        diag_error(x->d, doc, node->mark, "include: more than %d packs deep", INCLUDE_DEPTH_MAX);
    else
        load_path(x, str_from(path), depth + 1);
}

static void load_includes(struct pack_files *x, const struct config_doc *doc, unsigned depth)
{
    const struct config_node *node = config_get(doc->root, "include");

    if (!node)
        return;
    if (node->kind != CONFIG_LIST) {
        include(x, doc, node, depth);
        return;
    }
    for (size_t i = 0; i < node->n; i++)
        include(x, doc, node->items[i], depth);
}

static void load_file(struct pack_files *x, const char *path, unsigned depth)
{
    struct config_doc *doc;

    if (!is_new(x, path))
        return;
    doc = config_doc_load(path, x->d);
    if (!doc) {
        x->sound = false;
        return;
    }
    x->sound &= !doc->flawed;
    load_includes(x, doc, depth);
    x->sound &= doc_add(x, doc);
}

static void load_path(struct pack_files *x, struct str path, unsigned depth)
{
    struct files found = {.d = x->d};

    files_find(&found, path);
    for (size_t i = 0; i < found.n; i++)
        load_file(x, found.paths[i], depth);
    files_finish(&found);
}

bool pack_files_load(struct pack_files *x, const struct str *paths, size_t n_paths)
{
    x->sound = true;
    arena_init(&x->arena, PATHS_MAX);
    for (size_t i = 0; i < n_paths; i++)
        load_path(x, paths[i], 0);
    return !x->arena.failed;
}

void pack_files_finish(struct pack_files *x)
{
    free(x->docs);
    name_index_finish(&x->known);
    arena_finish(&x->arena);
}
