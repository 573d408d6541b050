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
#define CONFIG_ANCHORS_MAX 256
#define CONFIG_MASKS_MAX 1024 /* secrets that excerpts must not show, see config_doc */

struct config_mark {
    unsigned line, column; /* from 1; line 0 means "the file as a whole" */
    unsigned width;        /* characters to underline, at least 1 */
};

enum config_kind { CONFIG_SCALAR, CONFIG_MAP, CONFIG_LIST };

struct config_node {
    enum config_kind kind;
    struct config_mark mark;
    struct str value; /* scalars */
    bool quoted;      /* written in quotes or as a block: "" is text, ~ and nothing are null */
    size_t n;         /* entries of a map, items of a list */
    struct config_node **keys;  /* maps: scalar nodes */
    struct config_node **items; /* maps: the values; lists: the items */
};

/* A file, its text (kept for error excerpts) and its tree. All of it lives in its arena. */
struct config_doc {
    struct str path;
    struct str text;
    struct config_node *root;
    int64_t mtime_ms; /* of the file; 0 when parsed from memory */
    bool flawed;      /* the tree is usable, but something about it was reported */
    struct config_mark masks[CONFIG_MASKS_MAX]; /* shown as *** in excerpts */
    size_t n_masks;
    struct arena arena;
};

/* ---- what is wrong ------------------------------------------------------------------------- */

#define DIAG_MAX 200 /* further ones are only counted */

struct diag_item {
    bool warning;
    char *text;                  /* owned: the whole message with excerpt, no newline at its end */
    unsigned file, line, column; /* order of printing; `file`: place of its first message */
};

struct diag {
    struct diag_item items[DIAG_MAX];
    size_t n_items;
    size_t n_errors, n_warnings; /* all, also those beyond DIAG_MAX */
    size_t n_dropped;            /* what only followed from another, see diag_error() */
};

void diag_init(struct diag *d);
void diag_finish(struct diag *d);
/* A second complaint about the same thing (the text up to ": ") at the same place follows from the
 * first and is dropped: so checks may be made twice, in the order of how well they explain. doc may
 * be NULL (no path and no excerpt then). The text begins with the path of keys: "http.listen: …".
 * Control characters in it are made harmless. Excerpts never show what looks like a secret. */
void diag_error(struct diag *d, const struct config_doc *doc, struct config_mark mark,
                const char *fmt, ...) PRINTF_LIKE(4, 5);
void diag_warning(struct diag *d, const struct config_doc *doc, struct config_mark mark,
                  const char *fmt, ...) PRINTF_LIKE(4, 5);
/* All of it, file by file in the order of lines, then "<name>: 2 errors, 1 warning"; nothing when
 * there is nothing to say. */
void diag_print(const struct diag *d, const char *name, FILE *out);

/* ---- the tree ------------------------------------------------------------------------------ */

/* Reads and parses. Everything wrong goes to `d`. NULL when there is no tree (missing, a directory,
 * too large, not UTF-8, a YAML error, an alias bomb). Mistakes that leave the rest readable
 * (duplicate keys, an unknown alias, a second document) only mark the tree `flawed`, so that all
 * else that is wrong is found in the same run; options_decode() on a flawed tree returns false. */
struct config_doc *config_doc_load(const char *path, struct diag *d);
/* The same from memory; `path` is what messages call it. */
struct config_doc *config_doc_parse(const char *path, struct str text, struct diag *d);
void config_doc_destroy(struct config_doc *doc);

/* The value, or NULL: no such key, or `map` is NULL or no map. */
const struct config_node *config_get(const struct config_node *map, const char *key);

/* ~, null, or nothing at all. */
bool config_is_null(const struct config_node *node);

/* "a map", "a list", "nothing" or "text": for messages. */
const char *config_kind_shown(const struct config_node *node);

/* The same, but of text the value itself in quotes, cut to fit. Not for what may be a secret. */
#define CONFIG_SHOWN_MAX 96
const char *config_shown(const struct config_node *node, char storage[CONFIG_SHOWN_MAX]);

/* ---- option tables ------------------------------------------------------------------------- */

enum option_kind {
    OPTION_STRING,     /* struct str */
    OPTION_INT,        /* int64_t, min..max */
    OPTION_BOOL,       /* bool */
    OPTION_DURATION,   /* int64_t ms: 500ms 30s 5m 4h 35d, sums like 1h30m */
    OPTION_SIZE,       /* int64_t bytes: 512 64k 16M 2G (powers of 1024) */
    OPTION_URL,        /* struct str, http or https with a host */
    OPTION_ENUM,       /* int: index into choices */
    OPTION_LIST,       /* struct str_list; one scalar is a list of one */
    OPTION_SECRET,     /* struct secret: "${ENV}" or "file:PATH", anything else is refused */
    OPTION_NODE,       /* const struct config_node *: decoded by somebody else */
    OPTION_CREDENTIAL, /* struct secret: as SECRET, or the plain value (user names, ids) */
};

/* "${NAME}" is expanded in SECRET and CREDENTIAL only. In a STRING or URL, or as a whole item of a
 * LIST, it is an error: taken literally it would be a surprise. */

struct str_list {
    struct str *items;
    size_t n;
};

/* Its value is found when it is used, so that who needs none may lack the right to read it. */
struct secret {
    struct str spec; /* "${NAME}", "file:PATH" (relative to the config's folder when decoded) or, of
                      * a CREDENTIAL, the value; empty when not given */
};

struct option {
    const char *key; /* NULL ends a table */
    enum option_kind kind;
    size_t offset;    /* in the target struct */
    const char *def;  /* as one would write it in YAML; NULL: zero or empty */
    int64_t min, max; /* INT, DURATION, SIZE; LIST and STRING: length. Both 0: no bounds */
    const char *const *choices; /* ENUM: NULL-terminated */
    bool required;
    const char *help; /* one or two sentences, for --help-config and the man page */
};

struct option_target {
    const struct option *options;
    void *base; /* NULL: these keys may be there and are left alone */
};

/* Decodes one map into one or more structs (the tables' keys together are what the map may hold).
 * Defaults are filled in even where the map is NULL or wrong. `where` is the path for messages
 * ("brands.acme"). Text is borrowed from the doc, lists live in its arena. Returns false if it
 * reported. */
bool options_decode(const struct option_target *targets, size_t n_targets, const char *where,
                    const struct config_node *map, struct config_doc *doc, struct diag *d);
/* The same where others own further keys of the map: unknown ones are no error. */
bool options_decode_known(const struct option_target *targets, size_t n_targets, const char *where,
                          const struct config_node *map, struct config_doc *doc, struct diag *d);

/* The value. Errors (variable unset, file unreadable, larger than 8 KiB, empty) name the spec,
 * never the value. The caller frees it (secret_free wipes it first). One trailing newline of a file
 * is dropped. */
int secret_resolve(const struct secret *secret, char **ret_value, struct error *err);
void secret_free(char *value);

/* False, and *ret untouched, for anything else. A bare 0 is a duration too. Units go from large to
 * small, each once: 1d12h, 1h30m. */
bool config_parse_duration(struct str text, int64_t *ret_ms);
bool config_parse_size(struct str text, int64_t *ret_bytes);

/* The shortest text that parses back: "1h30m", "64k". */
#define CONFIG_AMOUNT_MAX 64
void config_format_duration(int64_t ms, char ret_text[CONFIG_AMOUNT_MAX]);
void config_format_size(int64_t bytes, char ret_text[CONFIG_AMOUNT_MAX]);

/* Prints a table for people: key, kind, default, bounds, help. `format` "text" or "man" (roff). */
void options_print(const struct option *options, const char *prefix, const char *format, FILE *out);

#endif
