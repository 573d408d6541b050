/* Strangers' text on a terminal.
 *
 * Whatever could move the cursor, change colours, set a title or turn the reading direction is
 * shown instead of obeyed. Width is for tables: what the terminal will need, by Unicode's East
 * Asian width. */
#include <utf8proc.h>

#include "mentiond/text.h"
#include "utf8.h"

#define REPLACEMENT 0xFFFD
#define JOINER 0x200D

/* Invisible, or turning what follows around; joiners stay, emoji and Indic scripts need them. */
static bool misleads(uint32_t c)
{
    return (c >= 0x202A && c <= 0x202E) || (c >= 0x2066 && c <= 0x2069) || c == 0x200E ||
           c == 0x200F || c == 0x061C || c == 0xFEFF || (c >= 0xE0000 && c <= 0xE0FFF) ||
           (c >= 0xFFF9 && c <= 0xFFFB);
}

static bool breaks_line(uint32_t c)
{
    return c == '\n' || c == '\r' || c == '\t' || c == 0x85 || c == 0x2028 || c == 0x2029;
}

bool text_for_terminal(struct str text, struct buf *out)
{
    size_t len;

    for (size_t pos = 0; pos < text.len; pos += len) {
        uint32_t c = utf8_decode(text, pos, &len);
        if (c == UTF8_BAD || misleads(c))
            buf_append_utf8(out, REPLACEMENT);
        else if (breaks_line(c))
            buf_append_char(out, ' ');
        else if (c < 0x20 || (c >= 0x7F && c < 0xA0))
            buf_printf(out, "\\x%02x", (unsigned)c);
        else
            buf_append(out, text.s + pos, len);
    }
    return !out->failed;
}

size_t text_width(struct str text)
{
    size_t columns = 0, len;

    for (size_t pos = 0; pos < text.len; pos += len) {
        uint32_t c = utf8_decode(text, pos, &len);
        int width = c == UTF8_BAD ? 1 : c == JOINER ? 0 : utf8proc_charwidth((utf8proc_int32_t)c);
        columns += width > 0 ? (size_t)width : 0;
    }
    return columns;
}
