/* Digests, signatures and names for machines, against values of others. */
#include "alert_rig.h"
#include "alerts/signing.h"

static struct arena arena;

static int make_arena(void **state)
{
    (void)state;
    arena_init(&arena, 1024 * 1024);
    return 0;
}

static int free_arena(void **state)
{
    (void)state;
    arena_finish(&arena);
    return 0;
}

static void check(struct str got, const char *want)
{
    if (!str_eq(got, str_from(want)))
        fail_msg("got '%.*s', wanted '%s'", STR_FMT(got), want);
}

static void test_digests(void **state)
{
    (void)state;
    check(alert_sha256_hex(STR(""), &arena),
          "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
    check(alert_sha256_hex(STR("abc"), &arena),
          "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
    /* RFC 4231, case 2 */
    check(alert_hmac_base64(STR("Jefe"), STR("what do ya want for nothing?"), &arena),
          "W9zBRr9gdU5qBCQmCJV1x1oAPwidJzmDnexYuWTsOEM=");
}

static void test_base64(void **state)
{
    static const char *const wrong[] = {"", "a", "abc", "ab!d", "abcde", "\xff\xff\xff\xff"};
    struct str bytes = {NULL, 0};

    (void)state;
    check(alert_base64(STR(""), &arena), "");
    check(alert_base64(STR("ops:secret"), &arena), "b3BzOnNlY3JldA==");
    assert_true(alert_base64_decode(STR("b3BzOnNlY3JldA=="), &arena, &bytes));
    check(bytes, "ops:secret");
    for (size_t i = 0; i < ARRAY_LEN(wrong); i++)
        assert_false(alert_base64_decode(str_from(wrong[i]), &arena, &bytes));
    check(bytes, "ops:secret");
}

static void test_names_for_machines(void **state)
{
    static const char *const odd[] = {"",       "a b",    "a.b", "@everyone",
                                      "a\r\nb", "\u00e9", "<x>", "0123456789/x"};

    (void)state;
    check(alert_plain_key(STR("acme/outage/o-1_2"), 100, &arena), "acme/outage/o-1_2");
    for (size_t i = 0; i < ARRAY_LEN(odd); i++)
        assert_int_equal(alert_plain_key(str_from(odd[i]), 11, &arena).len, 64);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_digests),
        cmocka_unit_test(test_base64),
        cmocka_unit_test(test_names_for_machines),
    };

    return cmocka_run_group_tests(tests, make_arena, free_arena);
}
