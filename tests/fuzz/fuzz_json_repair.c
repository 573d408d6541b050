/* Any bytes: what is repaired needs no second repair, and parses if it parsed before. */
#include <stdlib.h>

#include "mentiond/json.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct str text = {(const char *)data, size};
    struct buf once = BUF_INIT(size * 6 + 16), twice = BUF_INIT(size * 36 + 96);
    struct json_faults faults = {0};
    json_t *before = json_loadb(text.s, text.len, 0, NULL), *after = NULL;

    if (json_repair(text, &once, NULL) == 0) {
        if (json_repair(buf_str(&once), &twice, &faults) < 0)
            abort();
        if (faults.surrogates || faults.nuls || faults.controls || faults.numbers)
            abort();
        after = json_loadb(buf_str(&once).s, once.len, 0, NULL);
        if (before && !after)
            abort();
    }
    json_decref(before);
    json_decref(after);
    buf_finish(&once);
    buf_finish(&twice);
    return 0;
}
