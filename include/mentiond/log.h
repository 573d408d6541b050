/* The log: lines for people (text) or for machines (JSON) on standard error.
 *
 *   error: an operator must act    warn: we coped    info: state changes, a few an hour
 *   debug: each request; switched on for single modules (log.debug: [net, poller])
 *
 * A line is a message and fields: `poll failed source=tags wait_ms=4000 error="..."`. Each .c file
 * names its module once: `static const char log_module[] = "poller";`. Control characters in values are
 * escaped, so no post and no server can forge a line. */
#ifndef MENTIOND_LOG_H
#define MENTIOND_LOG_H

#include <stdbool.h>
#include <stdint.h>

#include "mentiond/str.h"

enum log_level { LOG_ERROR, LOG_WARN, LOG_INFO, LOG_DEBUG };
enum log_format { LOG_TEXT, LOG_JSON };

struct log_field {
    const char *key; /* NULL: not printed */
    bool is_number;
    struct str text;
    int64_t number;
};

static inline struct log_field field_str(const char *key, struct str value)
{
    return (struct log_field){.key = key, .text = value};
}

static inline struct log_field field_text(const char *key, const char *value)
{
    return (struct log_field){.key = key, .text = str_from(value)};
}

static inline struct log_field field_int(const char *key, int64_t value)
{
    return (struct log_field){.key = key, .is_number = true, .number = value};
}

/* Defaults before any call: text, info, standard error. `systemd` prefixes lines with <3>..<7>. */
void log_set_format(enum log_format format);
void log_set_level(enum log_level level);
void log_set_systemd(bool systemd);

/* Modules whose debug lines are wanted: borrowed names, at most LOG_DEBUG_MODULES_MAX; "all" is all. */
#define LOG_DEBUG_MODULES_MAX 16
void log_set_debug_modules(const char *const *names, size_t n_names);

bool log_enabled(enum log_level level, const char *module);
void log_write(enum log_level level, const char *module, const char *message,
               const struct log_field *fields, size_t n_fields);

#define LOG_AT(level, message, ...)                                                                \
    do {                                                                                           \
        if (log_enabled((level), log_module)) {                                                    \
            const struct log_field log_fields[] = {{0}, ##__VA_ARGS__};                            \
            log_write((level), log_module, (message), log_fields + 1, ARRAY_LEN(log_fields) - 1);  \
        }                                                                                          \
    } while (0)
#define log_error(message, ...) LOG_AT(LOG_ERROR, message, ##__VA_ARGS__)
#define log_warn(message, ...) LOG_AT(LOG_WARN, message, ##__VA_ARGS__)
#define log_info(message, ...) LOG_AT(LOG_INFO, message, ##__VA_ARGS__)
#define log_debug(message, ...) LOG_AT(LOG_DEBUG, message, ##__VA_ARGS__)

/* One recurring failure of one thing (a source, a server): zero-initialise, keep beside the thing.
 *     if (log_repeat_due(&s->failing)) log_warn("poll failed, retrying", ..., field_int("times", ..));
 * is true for the 1st, 2nd, 4th, 8th ... failure in a row. log_repeat_over() ends the row and returns
 * how many there were, so that the end can be said once. */
struct log_repeat {
    uint64_t times;
    uint64_t next;
};
bool log_repeat_due(struct log_repeat *repeat);
uint64_t log_repeat_over(struct log_repeat *repeat);

#endif
