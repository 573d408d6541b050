/* The kinds of options: a table of names and of functions that turn the text of a scalar into a
 * value, or say why not in words that speak the option's own unit.
 */
#include "config/option_kinds.h"

#include <ctype.h>
#include <inttypes.h>

static bool refuse(char reason[OPTION_REASON_MAX], const char *fmt, ...) PRINTF_LIKE(2, 3);

static bool refuse(char reason[OPTION_REASON_MAX], const char *fmt, ...)
{
    va_list args;

    va_start(args, fmt);
    vsnprintf(reason, OPTION_REASON_MAX, fmt, args);
    va_end(args);
    return false;
}

static const char *shown(struct str text, char storage[CONFIG_SHOWN_MAX])
{
    struct config_node node = {.kind = CONFIG_SCALAR, .quoted = true, .value = text};

    return config_shown(&node, storage);
}

static bool refuse_kind(const struct option *option, struct str text,
                        char reason[OPTION_REASON_MAX])
{
    char storage[CONFIG_SHOWN_MAX];

    return refuse(reason, "expected %s, got %s", option_kind_info(option->kind)->expected,
                  shown(text, storage));
}

/* ---- bounds -------------------------------------------------------------------------------- */

static bool has_min(const struct option *option)
{
    return option->min != 0 || option->max != 0;
}

static bool has_max(const struct option *option)
{
    return option->max != 0 || option->min < 0;
}

static void format_amount(enum option_kind kind, int64_t amount, char ret_text[CONFIG_AMOUNT_MAX])
{
    if (kind == OPTION_DURATION)
        config_format_duration(amount, ret_text);
    else if (kind == OPTION_SIZE)
        config_format_size(amount, ret_text);
    else
        snprintf(ret_text, CONFIG_AMOUNT_MAX, "%" PRId64, amount);
}

void option_format_bounds(const struct option *option, char ret_text[2 * CONFIG_AMOUNT_MAX + 8])
{
    char min[CONFIG_AMOUNT_MAX], max[CONFIG_AMOUNT_MAX];

    format_amount(option->kind, option->min, min);
    format_amount(option->kind, option->max, max);
    ret_text[0] = '\0';
    if (has_min(option) && has_max(option))
        snprintf(ret_text, 2 * CONFIG_AMOUNT_MAX + 8, "%s to %s", min, max);
    else if (has_min(option))
        snprintf(ret_text, 2 * CONFIG_AMOUNT_MAX + 8, "at least %s", min);
}

static bool check_amount(const struct option *option, int64_t amount, struct str text,
                         char reason[OPTION_REASON_MAX])
{
    char storage[CONFIG_SHOWN_MAX], bound[CONFIG_AMOUNT_MAX];

    if (has_min(option) && amount < option->min) {
        format_amount(option->kind, option->min, bound);
        return refuse(reason, "%s is below the minimum of %s", shown(text, storage), bound);
    }
    if (has_max(option) && amount > option->max) {
        format_amount(option->kind, option->max, bound);
        return refuse(reason, "%s is above the maximum of %s", shown(text, storage), bound);
    }
    return true;
}

bool option_check_count(const struct option *option, size_t n, const char *what,
                        char reason[OPTION_REASON_MAX])
{
    if (has_min(option) && n == 0 && option->min > 0)
        return refuse(reason, "is empty");
    if (has_min(option) && (int64_t)n < option->min)
        return refuse(reason, "has %zu %s, the minimum is %" PRId64, n, what, option->min);
    if (has_max(option) && (int64_t)n > option->max)
        return refuse(reason, "has %zu %s, the maximum is %" PRId64, n, what, option->max);
    return true;
}

/* ---- text ---------------------------------------------------------------------------------- */

/* The length of "${NAME}" at the start of text, or 0. */
static size_t variable_len(struct str text)
{
    size_t at = 2;

    if (!str_starts_with(text, STR("${")))
        return 0;
    while (at < text.len && (isalnum((unsigned char)text.s[at]) || text.s[at] == '_'))
        at++;
    if (at == 2 || at == text.len || text.s[at] != '}' || isdigit((unsigned char)text.s[2]))
        return 0;
    return at + 1;
}

static bool holds_variable(struct str text)
{
    for (size_t at = 0; at < text.len; at++) {
        if (variable_len(str_slice(text, at, text.len)) > 0)
            return true;
    }
    return false;
}

static bool refuse_variable(struct str text, char reason[OPTION_REASON_MAX])
{
    char storage[CONFIG_SHOWN_MAX];

    return refuse(reason,
                  "%s is not expanded here: only secrets and credentials are taken from "
                  "the environment",
                  shown(text, storage));
}

static bool parse_string(const struct option *option, struct str text, struct config_doc *doc,
                         void *field, char reason[OPTION_REASON_MAX])
{
    (void)doc;
    if (holds_variable(text))
        return refuse_variable(text, reason);
    if (!option_check_count(option, text.len, "bytes", reason))
        return false;
    *(struct str *)field = text;
    return true;
}

/* One item. A program's arguments may well hold "${HOME}" for a shell, so only a whole one is
 * refused. */
static bool parse_item(const struct option *option, struct str text, struct config_doc *doc,
                       void *field, char reason[OPTION_REASON_MAX])
{
    (void)option;
    (void)doc;
    if (text.len == 0)
        return refuse(reason, "is empty");
    if (variable_len(text) == text.len)
        return refuse_variable(text, reason);
    *(struct str *)field = text;
    return true;
}

/* ---- numbers ------------------------------------------------------------------------------- */

static bool parse_int(const struct option *option, struct str text, struct config_doc *doc,
                      void *field, char reason[OPTION_REASON_MAX])
{
    int64_t number;

    (void)doc;
    if (!str_to_i64(text, INT64_MIN, INT64_MAX, &number))
        return refuse_kind(option, text, reason);
    if (!check_amount(option, number, text, reason))
        return false;
    *(int64_t *)field = number;
    return true;
}

static bool parse_duration(const struct option *option, struct str text, struct config_doc *doc,
                           void *field, char reason[OPTION_REASON_MAX])
{
    char storage[CONFIG_SHOWN_MAX];
    int64_t ms;

    (void)doc;
    if (!config_parse_duration(text, &ms)) {
        if (str_to_i64(text, 0, INT64_MAX, &ms))
            return refuse(reason, "%s has no unit: %" PRId64 "s would be seconds",
                          shown(text, storage), ms);
        return refuse_kind(option, text, reason);
    }
    if (!check_amount(option, ms, text, reason))
        return false;
    *(int64_t *)field = ms;
    return true;
}

static bool parse_size(const struct option *option, struct str text, struct config_doc *doc,
                       void *field, char reason[OPTION_REASON_MAX])
{
    int64_t bytes;

    (void)doc;
    if (!config_parse_size(text, &bytes))
        return refuse_kind(option, text, reason);
    if (!check_amount(option, bytes, text, reason))
        return false;
    *(int64_t *)field = bytes;
    return true;
}

/* ---- words --------------------------------------------------------------------------------- */

static bool parse_bool(const struct option *option, struct str text, struct config_doc *doc,
                       void *field, char reason[OPTION_REASON_MAX])
{
    static const struct {
        struct str word;
        bool value;
    } words[] = {
        {{"true", 4}, true},   {{"yes", 3}, true}, {{"on", 2}, true},
        {{"false", 5}, false}, {{"no", 2}, false}, {{"off", 3}, false},
    };

    (void)doc;
    for (size_t i = 0; i < ARRAY_LEN(words); i++) {
        if (str_eq_nocase(text, words[i].word)) {
            *(bool *)field = words[i].value;
            return true;
        }
    }
    return refuse_kind(option, text, reason);
}

static bool refuse_choice(const struct option *option, struct str text,
                          char reason[OPTION_REASON_MAX])
{
    const char *nearest = str_nearest(text, option->choices, sizeof(*option->choices));
    char storage[CONFIG_SHOWN_MAX];
    size_t len =
        (size_t)snprintf(reason, OPTION_REASON_MAX, "%s is not one of ", shown(text, storage));

    for (size_t i = 0; option->choices[i] && len < OPTION_REASON_MAX; i++)
        len += (size_t)snprintf(reason + len, OPTION_REASON_MAX - len, "%s%s", i ? ", " : "",
                                option->choices[i]);
    if (nearest && len < OPTION_REASON_MAX)
        snprintf(reason + len, OPTION_REASON_MAX - len, " (did you mean '%s'?)", nearest);
    return false;
}

static bool parse_enum(const struct option *option, struct str text, struct config_doc *doc,
                       void *field, char reason[OPTION_REASON_MAX])
{
    (void)doc;
    for (int i = 0; option->choices[i]; i++) {
        if (str_eq(text, str_from(option->choices[i]))) {
            *(int *)field = i;
            return true;
        }
    }
    return refuse_choice(option, text, reason);
}

/* ---- URLs ---------------------------------------------------------------------------------- */

static bool is_host_byte(char c)
{
    return isalnum((unsigned char)c) || c == '.' || c == '-' || c == '_';
}

/* "host", "host:port" or "[address]:port". */
static bool is_authority(struct str text)
{
    size_t end = 0;
    int64_t port;

    if (str_starts_with(text, STR("["))) {
        while (end < text.len && (end == 0 || isxdigit((unsigned char)text.s[end]) ||
                                  text.s[end] == ':' || text.s[end] == '.'))
            end++;
        if (end < 3 || end == text.len || text.s[end] != ']')
            return false;
        end++;
    } else {
        while (end < text.len && is_host_byte(text.s[end]))
            end++;
    }
    if (end == 0)
        return false;
    return end == text.len ||
           (text.s[end] == ':' && str_to_i64(str_slice(text, end + 1, text.len), 1, 65535, &port));
}

static bool holds_blank(struct str text)
{
    for (size_t i = 0; i < text.len; i++) {
        if ((unsigned char)text.s[i] <= ' ')
            return true;
    }
    return false;
}

/* What stands between "://" and the path, "" without "://". */
static struct str authority_of(struct str url)
{
    size_t start = str_find(url, STR("://"));
    size_t end;

    if (start == SIZE_MAX)
        return (struct str){0};
    start += 3;
    for (end = start; end < url.len && !strchr("/?#", url.s[end]); end++)
        ;
    return str_slice(url, start, end);
}

static bool parse_url(const struct option *option, struct str text, struct config_doc *doc,
                      void *field, char reason[OPTION_REASON_MAX])
{
    struct str authority = authority_of(text);

    (void)doc;
    if (holds_variable(text))
        return refuse_variable(text, reason);
    if (str_find(authority, STR("@")) != SIZE_MAX) /* first of all: then nothing below shows it */
        return refuse(reason, "a URL must not hold a user name or password");
    if ((!str_starts_with(text, STR("https://")) && !str_starts_with(text, STR("http://"))) ||
        !is_authority(authority) || holds_blank(text))
        return refuse_kind(option, text, reason);
    if (!option_check_count(option, text.len, "bytes", reason))
        return false;
    *(struct str *)field = text;
    return true;
}

/* ---- secrets ------------------------------------------------------------------------------- */

bool option_is_secret_spec(struct str text)
{
    size_t len = variable_len(text);

    return (len > 0 && len == text.len) || (str_starts_with(text, STR("file:")) && text.len > 5);
}

/* "file:key" beside the config file, wherever the program was started. */
static struct str secret_spec_absolute(struct config_doc *doc, struct str spec)
{
    size_t dir_len = doc->path.len;

    if (!str_starts_with(spec, STR("file:")) || spec.s[5] == '/')
        return spec;
    while (dir_len > 0 && doc->path.s[dir_len - 1] != '/')
        dir_len--;
    return arena_printf(&doc->arena, "file:%.*s%.*s", (int)dir_len, doc->path.s,
                        (int)(spec.len - 5), spec.s + 5);
}

static bool parse_secret(const struct option *option, struct str text, struct config_doc *doc,
                         void *field, char reason[OPTION_REASON_MAX])
{
    (void)option;
    if (!option_is_secret_spec(text))
        return refuse(reason, "a secret is not written into this file: use \"${NAME}\" for an "
                              "environment variable or file:PATH");
    ((struct secret *)field)->spec = secret_spec_absolute(doc, text);
    return true;
}

static bool parse_credential(const struct option *option, struct str text, struct config_doc *doc,
                             void *field, char reason[OPTION_REASON_MAX])
{
    if (option_is_secret_spec(text))
        return parse_secret(option, text, doc, field, reason);
    if (str_starts_with(text, STR("${")) || str_starts_with(text, STR("file:")))
        return refuse(reason, "expected a value, \"${NAME}\" or file:PATH");
    if (!option_check_count(option, text.len, "bytes", reason))
        return false;
    ((struct secret *)field)->spec = text;
    return true;
}

/* ---- the table ----------------------------------------------------------------------------- */

static const struct option_kind_info kinds[] = {
    [OPTION_STRING] = {"text", "text", sizeof(struct str), parse_string},
    [OPTION_INT] = {"number", "a whole number", sizeof(int64_t), parse_int},
    [OPTION_BOOL] = {"true or false", "true or false", sizeof(bool), parse_bool},
    [OPTION_DURATION] = {"duration", "a duration such as 30s, 5m or 1h30m", sizeof(int64_t),
                         parse_duration},
    [OPTION_SIZE] = {"size", "a size such as 64k, 16M or 2G", sizeof(int64_t), parse_size},
    [OPTION_URL] = {"URL", "an http or https URL", sizeof(struct str), parse_url},
    [OPTION_ENUM] = {"word", "a word", sizeof(int), parse_enum},
    [OPTION_LIST] = {"list", "a list", sizeof(struct str_list), parse_item},
    [OPTION_SECRET] = {"secret", "\"${NAME}\" or file:PATH", sizeof(struct secret), parse_secret},
    [OPTION_NODE] = {"section", "a section", sizeof(const struct config_node *), NULL},
    [OPTION_CREDENTIAL] = {"text or secret", "text, \"${NAME}\" or file:PATH",
                           sizeof(struct secret), parse_credential},
};

const struct option_kind_info *option_kind_info(enum option_kind kind)
{
    return &kinds[kind];
}
