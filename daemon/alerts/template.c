/* Templates: {field}, {field|filter:argument}. Nothing else: no logic, so nothing to get
 * wrong at three in the morning. */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>

#include "alerts/text.h"
#include "mentiond/alert_route.h"
#include "mentiond/buf.h"
#include "mentiond/clock.h"

#define FILTERS_MAX 8 /* of one field */
#define MINUTE_MS 60000
#define HOUR_MS (60 * MINUTE_MS)
#define DAY_MS (24 * HOUR_MS)

/* ---- filters ------------------------------------------------------------------------------- */

struct filtering {
    const struct alert_event *event;
    struct arena *arena;
};

typedef struct str filter_fn(const struct filtering *f, struct str value, struct str argument);

static struct str changed_case(const struct filtering *f, struct str value, char from, char to, int by)
{
    char *copy = arena_alloc(f->arena, value.len + 1);

    for (size_t i = 0; copy && i < value.len; i++)
        copy[i] = value.s[i] >= from && value.s[i] <= to ? (char)(value.s[i] + by) : value.s[i];
    return copy ? (struct str){copy, value.len} : STR("");
}

static struct str upper(const struct filtering *f, struct str value, struct str argument)
{
    (void)argument;
    return changed_case(f, value, 'a', 'z', 'A' - 'a');
}

static struct str lower(const struct filtering *f, struct str value, struct str argument)
{
    (void)argument;
    return changed_case(f, value, 'A', 'Z', 'a' - 'A');
}

static struct str cut(const struct filtering *f, struct str value, struct str argument)
{
    int64_t max = 0;

    str_to_i64(argument, 0, ALERT_TEXT_MAX, &max);
    return alert_cut(value, (size_t)max, ALERT_CHARACTERS, f->arena);
}

/* 37000 as 37,000; what is no number stays as it is. */
static struct str number(const struct filtering *f, struct str value, struct str argument)
{
    struct buf b = BUF_INIT(64);
    int64_t n;
    char digits[24];
    int len;
    struct str text;

    (void)argument;
    if (!str_to_i64(value, 0, INT64_MAX, &n))
        return value;
    len = snprintf(digits, sizeof(digits), "%" PRId64, n);
    for (int i = 0; i < len; i++) {
        if (i > 0 && (len - i) % 3 == 0)
            buf_append_char(&b, ',');
        buf_append_char(&b, digits[i]);
    }
    text = arena_str(f->arena, buf_str(&b));
    buf_finish(&b);
    return text;
}

/* "2026-11-21 17:30 UTC" */
static struct str at_time(const struct filtering *f, struct str value, struct str argument)
{
    char iso[CLOCK_ISO_LEN + 1];
    int64_t at_ms;

    (void)argument;
    if (!str_to_i64(value, 0, INT64_MAX / 2, &at_ms))
        return value;
    clock_format_iso(at_ms, iso);
    return arena_printf(f->arena, "%.10s %.5s UTC", iso, iso + 11);
}

/* How long before the event: "12 min". */
static struct str ago(const struct filtering *f, struct str value, struct str argument)
{
    int64_t at_ms, gone_ms;

    (void)argument;
    if (!str_to_i64(value, 0, INT64_MAX / 2, &at_ms))
        return value;
    gone_ms = f->event->at_ms > at_ms ? f->event->at_ms - at_ms : 0;
    if (gone_ms < HOUR_MS)
        return arena_printf(f->arena, "%" PRId64 " min", gone_ms / MINUTE_MS);
    if (gone_ms < 2 * DAY_MS)
        return arena_printf(f->arena, "%" PRId64 " h", gone_ms / HOUR_MS);
    return arena_printf(f->arena, "%" PRId64 " days", gone_ms / DAY_MS);
}

/* "a,b" as "a, b". */
static struct str list(const struct filtering *f, struct str value, struct str argument)
{
    struct str text = STR("");

    (void)argument;
    while (value.len > 0 && text.s) {
        struct str item = str_trim(str_split(value, ',', &value));

        text = text.len ? arena_printf(f->arena, "%.*s, %.*s", STR_FMT(text), STR_FMT(item)) : item;
    }
    return text;
}

static struct str or_else(const struct filtering *f, struct str value, struct str argument)
{
    (void)f;
    return value.len ? value : argument;
}

/* The argument in front of what is not empty. */
static struct str before(const struct filtering *f, struct str value, struct str argument)
{
    return value.len ? arena_printf(f->arena, "%.*s%.*s", STR_FMT(argument), STR_FMT(value)) : value;
}

struct filter {
    const char *name;
    filter_fn *run;
    bool argument; /* takes one */
};

static const struct filter filters[] = {
    {"upper", upper, false},   {"lower", lower, false},  {"cut", cut, true},
    {"number", number, false}, {"time", at_time, false}, {"ago", ago, false},
    {"list", list, false},     {"or", or_else, true},    {"before", before, true},
};

static const struct filter *find_filter(struct str name)
{
    for (size_t i = 0; i < ARRAY_LEN(filters); i++) {
        if (str_eq(name, str_from(filters[i].name)))
            return &filters[i];
    }
    return NULL;
}

/* ---- parts --------------------------------------------------------------------------------- */

/* A piece of a template: text, or what is between braces. */
struct part {
    struct str text;
    bool is_field;
};

/* False at the end. An open brace is a field that is not closed: `ret->text.s` is NULL. */
static bool next_part(struct str *rest, struct part *ret)
{
    size_t brace;

    if (rest->len == 0)
        return false;
    if (str_starts_with(*rest, STR("{{")) || str_starts_with(*rest, STR("}}"))) {
        *ret = (struct part){str_slice(*rest, 0, 1), false};
        *rest = str_slice(*rest, 2, rest->len);
        return true;
    }
    if (rest->s[0] == '{') {
        brace = str_find(*rest, STR("}"));
        if (brace == SIZE_MAX) {
            *ret = (struct part){{NULL, 0}, true};
            *rest = STR("");
            return true;
        }
        *ret = (struct part){str_slice(*rest, 1, brace), true};
        *rest = str_slice(*rest, brace + 1, rest->len);
        return true;
    }
    for (brace = 1; brace < rest->len && rest->s[brace] != '{' && rest->s[brace] != '}'; brace++)
        ;
    *ret = (struct part){str_slice(*rest, 0, brace), false};
    *rest = str_slice(*rest, brace, rest->len);
    return true;
}

/* ---- checking ------------------------------------------------------------------------------ */

static bool kind_has(const struct alert_kind *kind, struct str name)
{
    if (str_eq(name, STR("brand")) || str_eq(name, STR("type")) || str_eq(name, STR("events")))
        return true;
    for (size_t i = 0; kind->fields[i]; i++) {
        if (str_eq(name, str_from(kind->fields[i])))
            return true;
    }
    return false;
}

static bool is_known(const struct alert_kind *kind, struct str name)
{
    if (kind)
        return kind_has(kind, name);
    for (kind = alert_kinds; kind->type; kind++) {
        if (kind_has(kind, name))
            return true;
    }
    return false;
}

static int check_field(struct str text, const struct alert_kind *kind, struct error *err)
{
    struct str rest, name = str_trim(str_split(text, '|', &rest));
    unsigned n = 0;

    if (!is_known(kind, name))
        return error_set(err, -EINVAL, "{%.*s}: %s%s has no field '%.*s'", STR_FMT(text),
                         kind ? kind->type : "no event", kind ? "" : " at all", STR_FMT(name));
    while (rest.len > 0) {
        struct str argument, filter = str_split(str_split(rest, '|', &rest), ':', &argument);
        const struct filter *f = find_filter(str_trim(filter));

        if (!f)
            return error_set(err, -EINVAL, "{%.*s}: there is no filter '%.*s'", STR_FMT(text),
                             STR_FMT(filter));
        if (f->argument != (argument.s != NULL))
            return error_set(err, -EINVAL, "{%.*s}: '%s' %s", STR_FMT(text), f->name,
                             f->argument ? "needs an argument: or:TEXT" : "takes no argument");
        if (++n > FILTERS_MAX)
            return error_set(err, -EINVAL, "{%.*s}: more than %d filters", STR_FMT(text), FILTERS_MAX);
    }
    return 0;
}

int alert_template_check(struct str template, const struct alert_kind *kind, struct error *err)
{
    struct part part;
    int code = 0;

    if (template.len > ALERT_TEMPLATE_MAX)
        return error_set(err, -EINVAL, "longer than %d bytes", ALERT_TEMPLATE_MAX);
    while (code == 0 && next_part(&template, &part)) {
        if (part.is_field && !part.text.s)
            return error_set(err, -EINVAL, "a '{' is not closed (a brace as such is '{{')");
        if (part.is_field)
            code = check_field(part.text, kind, err);
    }
    return code;
}

/* ---- filling in ---------------------------------------------------------------------------- */

static struct str field_value(const struct filtering *f, struct str text)
{
    struct str rest, name = str_trim(str_split(text, '|', &rest)), value = STR("");
    char key[64];

    if (name.len > 0 && name.len < sizeof(key)) {
        memcpy(key, name.s, name.len);
        key[name.len] = '\0';
        value = alert_event_get(f->event, key);
    }
    for (unsigned n = 0; rest.len > 0 && n < FILTERS_MAX; n++) {
        struct str argument, filter = str_split(str_split(rest, '|', &rest), ':', &argument);
        const struct filter *found = find_filter(str_trim(filter));

        if (found)
            value = found->run(f, value, argument);
    }
    return value;
}

int alert_template_expand(struct str template, const struct alert_event *event, struct arena *arena,
                          struct str *ret, struct error *err)
{
    const struct filtering f = {event, arena};
    struct buf b = BUF_INIT(ALERT_TEXT_MAX);
    struct part part;
    struct str text;

    while (next_part(&template, &part)) {
        struct str piece = part.is_field ? field_value(&f, part.text) : part.text;

        buf_append_str(&b, str_cut_utf8(piece, ALERT_TEXT_MAX - b.len - 1));
    }
    text = arena_str(arena, buf_str(&b));
    buf_finish(&b);
    if (!text.s)
        return error_oom(err);
    *ret = text;
    return 0;
}
