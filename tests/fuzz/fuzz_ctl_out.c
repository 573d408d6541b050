/* Whatever a stranger wrote: nothing that a terminal acts on comes out, in words or in JSON. The first byte
 * is the width and the next four are marks. */
#include <stdlib.h>

#include "ctl/out.h"
#include "ctl/table.h"

int LLVMFuzzerTestOneInput(const unsigned char *data, size_t size);

/* Control characters but the newline, DEL, C1, direction marks and overrides. */
static bool acts(struct str text)
{
    for (size_t i = 0; i < text.len; i++) {
        const unsigned char *s = (const unsigned char *)text.s + i;
        size_t left = text.len - i;

        if ((s[0] < 0x20 && s[0] != '\n') || s[0] == 0x7F)
            return true;
        if (left >= 2 && s[0] == 0xC2 && s[1] >= 0x80 && s[1] < 0xA0)
            return true;
        if (left >= 3 && s[0] == 0xE2 && s[1] == 0x80 && s[2] >= 0xA8 && s[2] <= 0xAE)
            return true;
        if (left >= 3 && s[0] == 0xE2 && s[1] == 0x81 && s[2] >= 0xA6 && s[2] <= 0xA9)
            return true;
    }
    return false;
}

static void check(struct out *out)
{
    if (acts(buf_str(&out->buf)))
        abort();
    buf_reset(&out->buf);
}

int LLVMFuzzerTestOneInput(const unsigned char *data, size_t size)
{
    static const struct column columns[] = {{"A", false, 3}, {"B", true, 0}, {"C", false, 4}};
    struct out out = {.buf = BUF_INIT(OUT_MAX), .fd = -1, .tty = true};
    struct span marks[2];
    struct str text;
    struct table t;

    if (size < 5)
        return 0;
    out.width = data[0];
    marks[0] = (struct span){data[1], data[2]};
    marks[1] = (struct span){data[3], data[4]};
    text = (struct str){(const char *)data + 5, size - 5};
    out_post(&out, "", 2, text, marks, ARRAY_LEN(marks));
    check(&out);
    out_json(&out, text);
    check(&out);
    out_text(&out, text);
    check(&out);
    table_init(&t, columns, ARRAY_LEN(columns));
    for (size_t i = 0; i < ARRAY_LEN(columns); i++)
        table_cell(&t, STYLE_BOLD, text);
    table_print(&t, &out);
    check(&out);
    table_finish(&t);
    out_finish(&out);
    return 0;
}
