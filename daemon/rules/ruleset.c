/* Rule sets: finding the files, building the whole, sharing it by reference.
 *
 * A set is built from nothing each time and is complete when ruleset_load() returns it;
 * whoever judges holds a reference, so a reload never changes a set under anybody. */
#include <dirent.h>
#include <errno.h>
#include <limits.h>
#include <sys/stat.h>

#include "rules/ruleset.h"

#define FOLDER_DEPTH_MAX 4

static const struct matcher_engine *const engines[] = {
    [RULE_ENGINE_FAST] = &matcher_reference,
    [RULE_ENGINE_REFERENCE] = &matcher_reference,
};

/* ---- files ---------------------------------------------------------------------------------- */

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

static void files_find(struct files *f, const struct str *paths, size_t n_paths)
{
    for (size_t i = 0; i < n_paths; i++) {
        char *path = str_dup(paths[i]);
        while (path && strlen(path) > 1 && path[strlen(path) - 1] == '/')
            path[strlen(path) - 1] = '\0';
        if (is_folder(path)) {
            add_folder(f, path, 0);
            free(path);
        } else {
            files_add(f, path);
        }
    }
}

/* ---- building ------------------------------------------------------------------------------- */

static struct ruleset *ruleset_alloc(size_t n_packs, enum rule_engine engine)
{
    struct ruleset *set = calloc(1, sizeof(*set));

    if (!set)
        return NULL;
    set->refs = 1;
    set->engine = engines[engine];
    arena_init(&set->arena, RULES_ARENA_MAX);
    set->packs = calloc(n_packs + 1, sizeof(*set->packs));
    if (set->packs)
        return set;
    ruleset_unref(set);
    return NULL;
}

static void read_all(struct ruleset *set, struct diag *d)
{
    static void (*const steps[])(struct ruleset *, uint32_t, struct diag *) = {
        pack_read_head, pack_read_lists, pack_read_guards, pack_read_groups,
        pack_read_windows, pack_read_rules, pack_read_needs,
    };

    for (size_t s = 0; s < ARRAY_LEN(steps); s++)
        for (uint32_t i = 0; i < set->n_packs; i++)
            steps[s](set, i, d);
    ruleset_order_needs(set, d);
}

/* Takes the docs over. NULL when anything is wrong. */
static struct ruleset *ruleset_build(struct config_doc **docs, size_t n, enum rule_engine engine,
                                     struct diag *d)
{
    struct ruleset *set = ruleset_alloc(n, engine);
    size_t errors = d->n_errors;
    struct error err = {0};

    if (!set) {
        diag_error(d, NULL, (struct config_mark){0}, "rules: out of memory");
        for (size_t i = 0; i < n; i++)
            config_doc_destroy(docs[i]);
        return NULL;
    }
    for (size_t i = 0; i < n; i++)
        set->packs[set->n_packs++].doc = docs[i];
    read_all(set, d);
    if (set->arena.failed)
        diag_error(d, NULL, (struct config_mark){0}, "rules: out of memory");
    if (d->n_errors == errors &&
        set->engine->create(set->patterns, set->n_patterns, &set->matcher, &err) < 0)
        diag_error(d, NULL, (struct config_mark){0}, "rules: %s", err.text);
    if (d->n_errors == errors)
        return set;
    ruleset_unref(set);
    return NULL;
}

static bool docs_sound(struct config_doc **docs, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (docs[i]->flawed)
            return false;
    return true;
}

struct ruleset *ruleset_load(const struct str *paths, size_t n_paths, enum rule_engine engine,
                             struct diag *d)
{
    struct files files = {.d = d};
    size_t errors = d->n_errors, n = 0;
    struct ruleset *set = NULL;

    files_find(&files, paths, n_paths);
    struct config_doc **docs = calloc(files.n + 1, sizeof(struct config_doc *));
    for (size_t i = 0; docs && i < files.n; i++) {
        docs[n] = config_doc_load(files.paths[i], d);
        n += docs[n] != NULL;
    }
    bool sound = docs && n == files.n && docs_sound(docs, n);
    if (docs)
        set = ruleset_build(docs, n, engine, d);
    else
        diag_error(d, NULL, (struct config_mark){0}, "rules: out of memory");
    if (!sound || d->n_errors > errors) {
        ruleset_unref(set);
        set = NULL;
    }
    free(docs);
    files_finish(&files);
    return set;
}

struct ruleset *ruleset_parse(const char *path, struct str text, enum rule_engine engine,
                              struct diag *d)
{
    size_t errors = d->n_errors;
    struct config_doc *doc = config_doc_parse(path, text, d);
    struct ruleset *set = doc ? ruleset_build(&doc, 1, engine, d) : NULL;

    if (d->n_errors == errors)
        return set;
    ruleset_unref(set);
    return NULL;
}

/* ---- sharing -------------------------------------------------------------------------------- */

struct ruleset *ruleset_ref(struct ruleset *set)
{
    set->refs++;
    return set;
}

void ruleset_unref(struct ruleset *set)
{
    if (!set || --set->refs > 0)
        return;
    if (set->engine && set->matcher)
        set->engine->destroy(set->matcher);
    for (size_t i = 0; i < set->n_patterns; i++)
        regex_destroy(set->patterns[i].regex);
    for (size_t i = 0; i < set->n_packs; i++)
        config_doc_destroy(set->packs[i].doc);
    free(set->patterns);
    free(set->conditions);
    free(set->windows);
    free(set->origins);
    free(set->guards);
    free(set->rules);
    name_index_finish(&set->names);
    free(set->packs);
    arena_finish(&set->arena);
    free(set);
}

size_t ruleset_count(const struct ruleset *set)
{
    return set->n_rules;
}

struct rule_info ruleset_rule(const struct ruleset *set, size_t index)
{
    const struct rule *rule = &set->rules[index];

    return (struct rule_info){rule->name, set->packs[rule->pack].lang, rule->class, rule->signal,
                              rule->scores[rule->class], rule->scores, rule->priority,
                              rule->experimental, rule->owner, rule->since, rule->note};
}

uint64_t ruleset_limited(const struct ruleset *set)
{
    return set->limited;
}
