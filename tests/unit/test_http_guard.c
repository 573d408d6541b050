/* The private-network guard: which addresses are public. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/socket.h>
#include <sys/un.h>

#include <cmocka.h>

#include "mentiond/base.h"
#include "net/http_guard.h"

static void test_addresses(void **state)
{
    static const struct {
        const char *text;
        bool is_public;
    } cases[] = {
        {"93.184.216.34", true},
        {"8.8.8.8", true},
        {"100.63.255.255", true},
        {"100.128.0.0", true},
        {"172.15.255.255", true},
        {"172.32.0.0", true},
        {"198.17.255.255", true},
        {"223.255.255.255", true},
        {"0.0.0.0", false},
        {"0.1.2.3", false},
        {"10.0.0.1", false},
        {"100.64.0.1", false},
        {"100.127.255.255", false},
        {"127.0.0.1", false},
        {"127.255.255.254", false},
        {"169.254.169.254", false},
        {"172.16.0.1", false},
        {"172.31.255.255", false},
        {"192.0.0.8", false},
        {"192.0.2.1", false},
        {"192.168.1.1", false},
        {"198.18.0.1", false},
        {"198.19.255.255", false},
        {"198.51.100.7", false},
        {"203.0.113.9", false},
        {"224.0.0.1", false},
        {"240.0.0.1", false},
        {"255.255.255.255", false},
        {"2606:2800:220:1:248:1893:25c8:1946", true},
        {"2a00:1450:4001:829::200e", true},
        {"::", false},
        {"::1", false},
        {"::127.0.0.1", false},
        {"::ffff:127.0.0.1", false},
        {"::ffff:10.0.0.1", false},
        {"::ffff:8.8.8.8", true},
        {"64:ff9b::7f00:1", false},
        {"64:ff9b::a9fe:a9fe", false},
        {"64:ff9b::808:808", true},
        {"64:ff9b:1::1", false},
        {"2002:7f00:1::", false},
        {"2002:c0a8:101::1", false},
        {"2002:808:808::", true},
        {"2001::1", false},
        {"2001:db8::1", false},
        {"3fff::1", false},
        {"fc00::1", false},
        {"fd12:3456::1", false},
        {"fe80::1", false},
        {"fec0::1", false},
        {"ff02::1", false},
        {"100::1", false},
        {"4000::1", false},
        {"localhost", false},
        {"", false},
        {"127.1", false},
        {"8.8.8.8 ", false},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        if (http_address_text_is_public(cases[i].text) != cases[i].is_public)
            fail_msg("%s", cases[i].text);
    }
}

static void test_other_families(void **state)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};

    (void)state;
    assert_false(http_address_is_public((const struct sockaddr *)&address));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_addresses),
        cmocka_unit_test(test_other_families),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
