/* Any bytes as a post's HTML: no crash, and no more text than came in. */
#include "mentiond/text.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct buf out = BUF_INIT(8 * size + 64), again = BUF_INIT(8 * size + 64);
    struct str html = {(const char *)data, size};

    if (!text_from_html(html, &out) || !text_unescape(html, &again) || out.len > 2 * size)
        __builtin_trap();
    buf_finish(&out);
    buf_finish(&again);
    return 0;
}
