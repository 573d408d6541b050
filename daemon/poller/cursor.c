/* Cursors as JSON: {"low":"…","walk":{"high":"…","next":"…","floor":"…"}}. Empty members are left out. */
#include <errno.h>

#include "mentiond/poller.h"

static void member(struct buf *out, const char *separator, const char *name, struct str value)
{
    buf_printf(out, "%s\"%s\":", separator, name);
    buf_append_json(out, value);
}

bool source_cursor_to_json(const struct source_cursor *cursor, struct buf *out)
{
    member(out, "{", "low", cursor->low);
    if (cursor->walking) {
        member(out, ",\"walk\":{", "high", cursor->high);
        member(out, ",", "next", cursor->next);
        member(out, ",", "floor", cursor->floor);
        buf_append_char(out, '}');
    }
    return buf_append_char(out, '}');
}

int source_cursor_from_json(struct str text, struct arena *arena, struct source_cursor *ret,
                            struct error *err)
{
    struct source_cursor cursor = {0};
    json_t *value = NULL;
    const json_t *walk;

    if (text.len == 0) {
        *ret = cursor;
        return 0;
    }
    value = json_loadb(text.s, text.len, 0, NULL);
    if (!json_is_object(value)) {
        json_decref(value);
        return error_set(err, -EBADMSG, "stored cursor is not a JSON object: '%.*s'",
                         STR_FMT(str_cut_utf8(text, 100)));
    }
    cursor.low = arena_str(arena, json_get_text(value, "low"));
    walk = json_get(value, "walk");
    if (walk) {
        cursor.walking = true;
        cursor.high = arena_str(arena, json_get_text(walk, "high"));
        cursor.next = arena_str(arena, json_get_text(walk, "next"));
        cursor.floor = arena_str(arena, json_get_text(walk, "floor"));
    }
    json_decref(value);
    if (arena->failed)
        return error_oom(err);
    *ret = cursor;
    return 0;
}
