/* JSON Pointers. Nothing is copied but a key with "~0" or "~1" in it. */
#include "sources/json_pointer.h"

#define KEY_MAX 256
#define STEPS_MAX 32

/* "~1" is '/', "~0" is '~'. */
static struct str unescape(struct str key, char storage[KEY_MAX])
{
    size_t n = 0;

    if (str_find(key, STR("~")) == SIZE_MAX || key.len > KEY_MAX)
        return key;
    for (size_t i = 0; i < key.len; i++) {
        char c = key.s[i];

        if (c == '~' && i + 1 < key.len && (key.s[i + 1] == '0' || key.s[i + 1] == '1'))
            c = key.s[++i] == '1' ? '/' : '~';
        storage[n++] = c;
    }
    return (struct str){storage, n};
}

static const json_t *step_into(const json_t *value, struct str raw)
{
    char storage[KEY_MAX];
    struct str key;
    int64_t index = (int64_t)json_array_size(value) - 1;

    if (json_is_object(value)) {
        key = unescape(raw, storage);
        return json_object_getn(value, key.s ? key.s : "", key.len);
    }
    if (!json_is_array(value) || (!str_eq(raw, STR("-")) && !str_to_i64(raw, 0, INT32_MAX, &index)) ||
        index < 0)
        return NULL;
    return json_array_get(value, (size_t)index);
}

const json_t *json_pointer_get(const json_t *value, struct str pointer)
{
    struct str rest = pointer.len > 0 ? str_slice(pointer, 1, pointer.len) : (struct str){0};

    for (int i = 0; value && pointer.len > 0 && rest.s && i < STEPS_MAX; i++)
        value = step_into(value, str_split(rest, '/', &rest));
    return value;
}

const char *json_pointer_fault(struct str pointer)
{
    unsigned steps = 0;

    for (size_t i = 0; i < pointer.len; i++)
        steps += pointer.s[i] == '/';
    if (pointer.len > 0 && pointer.s[0] != '/')
        return "a JSON Pointer begins with '/', as /data/items";
    return steps > STEPS_MAX ? "a JSON Pointer of more than 32 steps" : NULL;
}
