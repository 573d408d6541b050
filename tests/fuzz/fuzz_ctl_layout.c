/* What is laid out says the same (layout_format() proves that itself), and is laid out already. */
#include <stdlib.h>

#include "ctl/layout.h"

int LLVMFuzzerTestOneInput(const unsigned char *data, size_t size);

int LLVMFuzzerTestOneInput(const unsigned char *data, size_t size)
{
    struct buf once = BUF_INIT(2 * LAYOUT_TEXT_MAX), twice = BUF_INIT(2 * LAYOUT_TEXT_MAX);
    struct str text = {(const char *)data, size};
    struct error err;

    if (layout_format(text, &once, &err) == 0) {
        if (layout_format(buf_str(&once), &twice, &err) < 0 || !str_eq(buf_str(&once), buf_str(&twice)))
            abort();
    }
    buf_finish(&once);
    buf_finish(&twice);
    return 0;
}
