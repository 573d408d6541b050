/* digest: against the values of FIPS 180 and RFC 4231. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "mentiond/codec.h"
#include "mentiond/digest.h"

static void test_known_values(void **state)
{
    static const struct {
        struct str key, text; /* without a key: no HMAC */
        const char *want;
    } cases[] = {
        {{NULL, 0}, STR(""), "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"},
        {{NULL, 0}, STR("abc"), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"},
        {STR("Jefe"), STR("what do ya want for nothing?"),
         "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843"},
        {STR(""), STR(""), "b613679a0814d9ec772f95d778c35fc5ff1697c493715653c6c712144292c5ad"},
    };
    struct arena arena;

    (void)state;
    arena_init(&arena, 64 * 1024);
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct str sum = cases[i].key.s ? digest_hmac_sha256(cases[i].key, cases[i].text, &arena)
                                        : digest_sha256(cases[i].text, &arena);
        struct str hex = hex_encode(sum, &arena);

        if (!str_eq(hex, str_from(cases[i].want)))
            fail_msg("case %zu: got %.*s", i, STR_FMT(hex));
    }
    arena_finish(&arena);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_known_values),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
