/* Any bytes as a post: the promises of struct text_normal hold. */
#include "mentiond/text.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check(bool holds)
{
    if (!holds)
        __builtin_trap();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct str text = {(const char *)data, size};
    struct text_normal n;
    struct arena arena;
    uint32_t start, end;

    arena_init(&arena, 1 << 22);
    check(text_normalise(text, &arena, &n) == 0);
    check(n.normal.len > 0 && n.normal.s[0] == ' ' && n.normal.s[n.normal.len - 1] == ' ');
    check(text_is_utf8(n.normal) && text_is_utf8(n.plain));
    check(str_find(n.normal, STR("  ")) == SIZE_MAX);
    for (size_t i = 0; i < n.normal.len; i++) {
        check(n.offsets[i] <= n.offsets[i + 1]);
        text_original_span(&n, i, i + 1, &start, &end);
        check(start <= end && end <= n.original.len);
    }
    check(text_sentence(&n, (uint32_t)n.original.len) == n.n_breaks);
    text_language(text);
    arena_finish(&arena);
    return 0;
}
