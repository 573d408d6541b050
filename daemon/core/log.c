/* The log: one write() a line to standard error, so that lines of several processes never mix. Text
 * lines are `2026-11-21T18:32:00.000Z info poller: poll done source=tags new=12`; JSON lines hold the same.
 * Which lines are wanted is process-wide: set at start and on reload, read everywhere. */
#include "mentiond/log.h"

#include <unistd.h>

#include "mentiond/buf.h"
#include "mentiond/clock.h"

#define LOG_LINE_MAX 8192
#define LOG_VALUE_MAX 2048 /* bytes of a value; longer ones are cut */

static const char *const level_names[] = {"error", "warn", "info", "debug"};
static const char *const systemd_prefixes[] = {"<3>", "<4>", "<6>", "<7>"};

static enum log_format log_format = LOG_TEXT;
static enum log_level log_level = LOG_INFO;
static bool log_systemd;
static const char *debug_modules[LOG_DEBUG_MODULES_MAX];
static size_t n_debug_modules;

void log_set_format(enum log_format format)
{
    log_format = format;
}

void log_set_level(enum log_level level)
{
    log_level = level;
}

void log_set_systemd(bool systemd)
{
    log_systemd = systemd;
}

void log_set_debug_modules(const char *const *names, size_t n_names)
{
    n_debug_modules = n_names < LOG_DEBUG_MODULES_MAX ? n_names : LOG_DEBUG_MODULES_MAX;
    for (size_t i = 0; i < n_debug_modules; i++)
        debug_modules[i] = names[i];
}

bool log_enabled(enum log_level level, const char *module)
{
    if (level <= log_level)
        return true;
    for (size_t i = 0; i < n_debug_modules; i++) {
        if (strcmp(debug_modules[i], module) == 0 || strcmp(debug_modules[i], "all") == 0)
            return true;
    }
    return false;
}

static bool needs_quotes(struct str value)
{
    if (value.len == 0)
        return true;
    for (size_t i = 0; i < value.len; i++) {
        unsigned char c = (unsigned char)value.s[i];

        if (c <= ' ' || c >= 0x7F || c == '"' || c == '=' || c == '\\')
            return true;
    }
    return false;
}

static void append_text_field(struct buf *line, const struct log_field *field)
{
    struct str value = str_cut_utf8(field->text, LOG_VALUE_MAX);

    buf_printf(line, " %s=", field->key);
    if (field->is_number)
        buf_append_i64(line, field->number);
    else if (needs_quotes(value))
        buf_append_json(line, value);
    else
        buf_append_str(line, value);
}

static void append_json_field(struct buf *line, const struct log_field *field)
{
    buf_append_char(line, ',');
    buf_append_json(line, str_from(field->key));
    buf_append_char(line, ':');
    if (field->is_number)
        buf_append_i64(line, field->number);
    else
        buf_append_json(line, str_cut_utf8(field->text, LOG_VALUE_MAX));
}

static void append_head(struct buf *line, enum log_level level, const char *module,
                        const char *message)
{
    char now[CLOCK_ISO_LEN + 1];

    clock_format_iso(clock_now_ms(), now);
    if (log_format == LOG_JSON) {
        buf_printf(line, "{\"time\":\"%s\",\"level\":\"%s\",\"module\":\"%s\",\"message\":", now,
                   level_names[level], module);
        buf_append_json(line, str_from(message));
    } else if (log_systemd) {
        buf_printf(line, "%s%s: %s", systemd_prefixes[level], module, message);
    } else {
        buf_printf(line, "%s %s %s: %s", now, level_names[level], module, message);
    }
}

void log_write(enum log_level level, const char *module, const char *message,
               const struct log_field *fields, size_t n_fields)
{
    struct buf line = BUF_INIT(LOG_LINE_MAX);
    ssize_t written;

    append_head(&line, level, module, message);
    for (size_t i = 0; i < n_fields; i++) {
        if (!fields[i].key)
            continue;
        if (log_format == LOG_JSON)
            append_json_field(&line, &fields[i]);
        else
            append_text_field(&line, &fields[i]);
    }
    if (log_format == LOG_JSON)
        buf_append_char(&line, '}');
    buf_append_char(&line, '\n');
    if (line.failed) { /* larger than a line may be: the message alone still says something */
        buf_reset(&line);
        append_head(&line, level, module, message);
        buf_append_str(&line, log_format == LOG_JSON ? STR("}\n") : STR(" (fields too long)\n"));
    }
    written = write(STDERR_FILENO, line.data, line.len);
    (void)written; /* nobody is left to be told */
    buf_finish(&line);
}

bool log_repeat_due(struct log_repeat *repeat)
{
    repeat->times++;
    if (repeat->times < repeat->next)
        return false;
    repeat->next = repeat->times * 2;
    return true;
}

uint64_t log_repeat_over(struct log_repeat *repeat)
{
    uint64_t times = repeat->times;

    *repeat = (struct log_repeat){0};
    return times;
}
