/* jansson on arenas, pages from strangers, and reading without surprises.
 *
 * jansson has one pair of allocation hooks for the process. Ours allocate from the arena that the
 * calling thread has chosen, or from malloc(), and tell the two apart at free() by the address:
 * what lies in the arena dies with it. So a value is released the same way as it was made as long
 * as its arena is the current one; outside of it, values of an arena are only read. */
#include "mentiond/json.h"

#include <errno.h>
#include <stdlib.h>

#include "json_repair.h"

#define REPAIR_GROWTH 6 /* the longest replacement of a byte: a control character's \u00XX */
#define OVERDRAFT_SLACK 64 /* for alignment */

/* jansson 2.14's lexer reads past its buffer when that could not grow. So while it parses, an arena
 * at its limit gives a little more, and the text is made to end there instead: see read_some(). */
struct overdraft {
    bool allowed, used;
};

static _Thread_local struct arena *current_arena;
static _Thread_local struct overdraft overdraft;

static void *overdraw(size_t size)
{
    struct arena *a = current_arena;

    overdraft.used = true;
    a->max = a->used + size + OVERDRAFT_SLACK;
    return arena_alloc(a, size);
}

static void *hook_malloc(size_t size)
{
    void *memory;

    if (!current_arena)
        return malloc(size);
    memory = arena_alloc(current_arena, size);
    return memory || !overdraft.allowed ? memory : overdraw(size);
}

static void hook_free(void *p)
{
    if (current_arena && arena_owns(current_arena, p))
        return;
    free(p);
}

void json_init(void)
{
    json_set_alloc_funcs(hook_malloc, hook_free);
}

struct arena *json_use_arena(struct arena *arena)
{
    struct arena *before = current_arena;

    current_arena = arena;
    return before;
}

/* ---- parsing ------------------------------------------------------------------------------- */

static int refuse_odd(struct str body, struct error *err)
{
    struct str text = str_trim(body);

    if (text.len == 0)
        return error_set(err, -EBADMSG, "empty body instead of JSON");
    if (text.s[0] == '<')
        return error_set(err, -EBADMSG, "HTML instead of JSON");
    return 0;
}

/* Feeds jansson in its small portions, and ends the text as soon as the arena is at its limit. */
static size_t read_some(void *buffer, size_t size, void *user)
{
    struct str *left = user;
    size_t len = left->len < size ? left->len : size;

    if (overdraft.used)
        return 0;
    memcpy(buffer, left->s, len);
    *left = str_slice(*left, len, left->len);
    return len;
}

static int parse(struct str text, json_t **ret_value, struct error *err)
{
    size_t max = current_arena ? current_arena->max : 0;
    json_error_t why;
    json_t *value;

    overdraft = (struct overdraft){.allowed = true};
    value = json_load_callback(read_some, &text, 0, &why);
    overdraft.allowed = false;
    if (overdraft.used) {
        current_arena->max = max;
        current_arena->used = max;
        return error_set(err, -ENOMEM, "JSON needs more than %zu bytes of memory", max);
    }
    if (!value)
        return error_set(err, -EBADMSG, "bad JSON in line %d, column %d: %s", why.line, why.column,
                         why.text);
    *ret_value = value;
    return 0;
}

int json_page_parse(struct str body, struct json_faults *faults, json_t **ret_value, struct error *err)
{
    struct buf mended = BUF_INIT(body.len * REPAIR_GROWTH + 16);
    bool is_mended = false;
    int code = refuse_odd(body, err);

    if (code < 0)
        return code;
    code = json_repair_lazily(body, &mended, faults, &is_mended);
    if (code == -EBADMSG)
        error_set(err, code, "JSON nested deeper than %d", JSON_DEPTH_MAX);
    else if (code < 0)
        error_oom(err);
    else
        code = parse(is_mended ? buf_str(&mended) : body, ret_value, err);
    buf_finish(&mended);
    return code;
}

/* ---- reading ------------------------------------------------------------------------------- */

struct str json_text(const json_t *value)
{
    if (!json_is_string(value))
        return STR("");
    return (struct str){json_string_value(value), json_string_length(value)};
}

const json_t *json_get(const json_t *object, const char *key)
{
    const json_t *value = json_object_get(object, key);

    return json_is_null(value) ? NULL : value;
}

struct str json_get_text(const json_t *object, const char *key)
{
    return json_text(json_get(object, key));
}

int64_t json_to_i64(const json_t *value, int64_t otherwise)
{
    int64_t number = otherwise;

    if (json_is_integer(value))
        return json_integer_value(value);
    if (json_is_real(value)) {
        double real = json_real_value(value);

        return real > -9.2e18 && real < 9.2e18 ? (int64_t)real : otherwise;
    }
    str_to_i64(json_text(value), INT64_MIN, INT64_MAX, &number);
    return number;
}

int64_t json_get_i64(const json_t *object, const char *key, int64_t otherwise)
{
    return json_to_i64(json_get(object, key), otherwise);
}

bool json_get_bool(const json_t *object, const char *key)
{
    return json_is_true(json_get(object, key));
}

const json_t *json_path(const json_t *object, const char *path)
{
    while (object && *path) {
        size_t len = strcspn(path, ".");

        object = json_object_getn(object, path, len);
        path += len + (path[len] == '.');
    }
    return json_is_null(object) ? NULL : object;
}
