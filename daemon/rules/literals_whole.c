/* Sources that are one literal, and nothing else: what phrases of plain words become. */
#include <ctype.h>

#include "rules/literals.h"

/* Copies the literal's bytes to `out` unless that is NULL; false if the source is more than a
 * literal. */
static bool whole_copy(struct str source, char *out)
{
    for (size_t i = 0; i < source.len; i++) {
        unsigned char c = (unsigned char)source.s[i];
        if (c == '\\' && i + 1 < source.len) {
            c = (unsigned char)source.s[++i];
            if ((c < 0x80 && isalnum(c)) || c == '\0')
                return false;
        } else if (strchr("\\^$.[|()?*+{", c)) {
            return false;
        }
        if (out)
            *out++ = (char)c;
    }
    return source.len > 0;
}

static bool whole_cut(struct str *source)
{
    static const struct str ahead = {"(?= )", 5};

    if (!str_ends_with(*source, ahead))
        return false;
    source->len -= ahead.len;
    return true;
}

bool literals_are_whole(struct str source)
{
    return whole_cut(&source) && whole_copy(source, NULL);
}

struct str literals_whole(struct str source, struct arena *arena)
{
    char *text;
    size_t escapes_len = 0;

    if (!whole_cut(&source) || !whole_copy(source, NULL))
        return (struct str){0};
    text = arena_alloc(arena, source.len + 1);
    if (!text)
        return (struct str){0};
    whole_copy(source, text);
    for (size_t i = 0; i < source.len; i++)
        if (source.s[i] == '\\') {
            escapes_len++;
            i++;
        }
    text[source.len - escapes_len] = ' ';
    return (struct str){text, source.len - escapes_len + 1};
}
