/* Any JSON: what reads as a mention writes and reads again as the same, also after its limits were
 * enforced. */
#include <stdlib.h>

#include "mentiond/mention.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void write_and_compare(const struct mention *m, struct arena *arena)
{
    struct buf first = BUF_INIT(8 * 1024 * 1024), second = BUF_INIT(8 * 1024 * 1024);
    struct mention again;
    json_t *value = NULL;

    if (mention_to_json(m, &first)) {
        if (json_page_parse(buf_str(&first), NULL, &value, NULL) < 0 ||
            mention_from_json(value, arena, &again, NULL) < 0 || !mention_to_json(&again, &second) ||
            !str_eq(buf_str(&first), buf_str(&second)))
            abort();
    }
    buf_finish(&first);
    buf_finish(&second);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static bool ready;
    struct arena arena, *before;
    struct mention m;
    json_t *value = NULL;

    if (!ready)
        json_init();
    ready = true;
    arena_init(&arena, 16 * 1024 * 1024);
    before = json_use_arena(&arena);
    if (json_page_parse((struct str){(const char *)data, size}, NULL, &value, NULL) == 0 &&
        mention_from_json(value, &arena, &m, NULL) == 0) {
        write_and_compare(&m, &arena);
        if (mention_check(&m, NULL) == 0)
            write_and_compare(&m, &arena);
    }
    json_use_arena(before);
    arena_finish(&arena);
    return 0;
}
