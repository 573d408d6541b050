/* YAML to checked structs, with a place for every complaint.
 *
 * Three steps: config_doc_load() turns a file into a tree that keeps marks; options_decode() fills
 * structs from tables of options; diag collects everything that is wrong, so that people see all of
 * it at once:
 *
 *     config.yaml:14:15: brands.acme.sources.tags.interval: '5s' is below the minimum of 30s
 *       14 |     interval: 5s
 *          |               ^~
 */
#ifndef MENTIOND_CONFIG_H
#define MENTIOND_CONFIG_H

#include <stdio.h>

#include "mentiond/arena.h"
#include "mentiond/error.h"

#define CONFIG_FILE_MAX (4 * 1024 * 1024) /* bytes */
#define CONFIG_NODES_MAX 200000           /* also counts each use of an alias: no bombs */
#define CONFIG_DEPTH_MAX 32

struct config_mark {
    unsigned line, column; /* from 1; line 0 means "the file as a whole" */
    unsigned width;        /* characters to underline, at least 1 */
};

enum config_kind { CONFIG_SCALAR, CONFIG_MAP, CONFIG_LIST };

struct config_node {
    enum config_kind kind;
    struct config_mark mark;
    struct str value; /* scalars */
    bool quoted;      /* '5' is text, 5 is a number, ~ and empty are null */
    size_t n;         /* entries of a map, items of a list */
    struct config_node **keys;  /* maps: scalar nodes */
    struct config_node **items; /* maps: the values; lists: the items */
};

/* A file, its text (kept for error excerpts) and its tree. All of it lives in its arena. */
struct config_doc {
    struct str path;
    struct str text;
    struct config_node *root;
    struct arena arena;
};

/* ---- what is wrong ------------------------------------------------------------------------- */

#define DIAG_MAX 200 /* further ones are only counted */

struct diag_item {
    bool warning;
    char *text; /* owned: the whole message with excerpt */
};

struct diag {
    struct diag_item items[DIAG_MAX];
    size_t n_items;
    size_t n_errors, n_warnings; /* all, also those beyond DIAG_MAX */
};

void diag_init(struct diag *d);
void diag_finish(struct diag *d);
/* doc may be NULL (no excerpt then). The text begins with the path of keys: "http.listen: …". */
void diag_error(struct diag *d, const struct config_doc *doc, struct config_mark mark,
                const char *fmt, ...) PRINTF_LIKE(4, 5);
void diag_warning(struct diag *d, const struct config_doc *doc, struct config_mark mark,
                  const char *fmt, ...) PRINTF_LIKE(4, 5);
/* All of it, then "<name>: 2 errors, 1 warning". */
void diag_print(const struct diag *d, const char *name, FILE *out);

/* ---- the tree ------------------------------------------------------------------------------ */

/* Reads and parses. Everything wrong (missing, a directory, too large, not UTF-8, YAML errors, duplicate
 * keys, alias bombs, more than one document) goes to `d`; returns NULL then. */
struct config_doc *config_doc_load(const char *path, struct diag *d);
/* The same from memory; `path` is what messages call it. */
struct config_doc *config_doc_parse(const char *path, struct str text, struct diag *d);
void config_doc_destroy(struct config_doc *doc);

const struct config_node *config_get(const struct config_node *map, const char *key);

/* ---- option tables ------------------------------------------------------------------------- */

enum option_kind {
    OPTION_STRING,   /* struct str */
    OPTION_INT,      /* int64_t, min..max */
    OPTION_BOOL,     /* bool */
    OPTION_DURATION, /* int64_t ms: 500ms 30s 5m 4h 35d, sums like 1h30m */
    OPTION_SIZE,     /* int64_t bytes: 512 64k 16M 2G (powers of 1024) */
    OPTION_URL,      /* struct str, http or https with a host */
    OPTION_ENUM,     /* int: index into choices */
    OPTION_LIST,     /* struct str_list; one scalar is a list of one */
    OPTION_SECRET,   /* struct secret: "${ENV}" or "file:PATH", anything else is refused */
    OPTION_NODE,     /* const struct config_node *: decoded by somebody else */
};

struct str_list {
    struct str *items;
    size_t n;
};

/* What a secret's value is: found when used, so that who needs none may lack the right to read it. */
struct secret {
    struct str spec; /* "${NAME}" or "file:PATH"; empty when not given */
};

struct option {
    const char *key; /* NULL ends a table */
    enum option_kind kind;
    size_t offset;            /* in the target struct */
    const char *def;          /* as one would write it in YAML; NULL: zero or empty */
    int64_t min, max;         /* INT, DURATION, SIZE; LIST and STRING: length. Both 0: no bounds */
    const char *const *choices; /* ENUM: NULL-terminated */
    bool required;
    const char *help; /* one or two sentences, for --help-config and the man page */
};

struct option_target {
    const struct option *options;
    void *base;
};

/* Decodes one map into one or more structs (the tables' keys together are what the map may hold).
 * Defaults are filled in even where the map is NULL or wrong. `where` is the path for messages
 * ("brands.acme"). Text is borrowed from the doc, lists live in its arena. Returns false if it reported. */
bool options_decode(const struct option_target *targets, size_t n_targets, const char *where,
                    const struct config_node *map, struct config_doc *doc, struct diag *d);

/* The value. Errors (variable unset, file unreadable, larger than 8 KiB, empty) name the spec, never the
 * value. The caller frees it (secret_free wipes it first). One trailing newline of a file is dropped. */
int secret_resolve(const struct secret *secret, char **ret_value, struct error *err);
void secret_free(char *value);

bool config_parse_duration(struct str text, int64_t *ret_ms);
bool config_parse_size(struct str text, int64_t *ret_bytes);

/* Prints a table for people: key, kind, default, bounds, help. `format` "text" or "man" (roff). */
void options_print(const struct option *options, const char *prefix, const char *format, FILE *out);

#endif
