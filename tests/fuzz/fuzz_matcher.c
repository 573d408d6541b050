/* Lines of patterns ("/" before a regex, else a phrase), an empty line, a text: both engines find
 * the same. */
#include "../unit/matcher_support.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static struct pair pair;

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct str rest = {(const char *)data, size};
    struct arena arena;

    pair_init(&pair);
    arena_init(&arena, 8 << 20);
    for (;;) {
        struct str line = str_split(rest, '\n', &rest);
        if (line.len == 0)
            break;
        if (line.s[0] == '/')
            text_is_utf8(line) && pair_add_regex(&pair, str_slice(line, 1, line.len));
        else
            pair_add_phrase(&pair, line);
    }
    if (pair_start(&pair) < 0)
        __builtin_trap();
    if (!pair_agrees(&pair, rest, &arena)) {
        pair_explain(&pair, rest);
        __builtin_trap();
    }
    arena_finish(&arena);
    pair_finish(&pair);
    return 0;
}
