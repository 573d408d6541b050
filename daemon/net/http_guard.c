/* The private-network guard. It looks at the address that is connected to, not at the name: a name may
 * resolve to another address a second later, and a redirect may name any. */
#include "http_guard.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

struct range4 {
    uint32_t base;
    unsigned bits;
};

/* IANA's special-purpose registry: what is not globally reachable. */
static const struct range4 not_public4[] = {
    {0x00000000, 8},  /* this network */
    {0x0a000000, 8},  /* private */
    {0x64400000, 10}, /* carrier-grade NAT */
    {0x7f000000, 8},  /* loopback */
    {0xa9fe0000, 16}, /* link-local, with the clouds' metadata */
    {0xac100000, 12}, /* private */
    {0xc0000000, 24}, /* protocol assignments */
    {0xc0000200, 24}, /* documentation */
    {0xc0586300, 24}, /* 6to4 relays */
    {0xc0a80000, 16}, /* private */
    {0xc6120000, 15}, /* benchmarks */
    {0xc6336400, 24}, /* documentation */
    {0xcb007100, 24}, /* documentation */
    {0xe0000000, 4},  /* multicast */
    {0xf0000000, 4},  /* reserved, broadcast */
};

struct range6 {
    uint8_t base[16];
    unsigned bits;
};

/* Only 2000::/3 is given out; of that, what is special. */
static const struct range6 not_public6[] = {
    {{0x20, 0x01, 0x0d, 0xb8}, 32}, /* documentation */
    {{0x20, 0x01, 0x00, 0x00}, 23}, /* protocol assignments, Teredo */
    {{0x3f, 0xff, 0x00}, 20},       /* documentation */
};

static bool is_public4(uint32_t address)
{
    for (size_t i = 0; i < sizeof(not_public4) / sizeof(*not_public4); i++) {
        uint32_t mask = ~UINT32_C(0) << (32 - not_public4[i].bits);

        if ((address & mask) == not_public4[i].base)
            return false;
    }
    return true;
}

static bool begins_with(const uint8_t *address, const uint8_t *base, unsigned bits)
{
    unsigned bytes = bits / 8, rest = bits % 8;
    uint8_t mask = (uint8_t)(0xff00 >> rest);

    return memcmp(address, base, bytes) == 0 && (address[bytes] & mask) == (base[bytes] & mask);
}

static uint32_t ipv4_at(const uint8_t *bytes)
{
    return (uint32_t)bytes[0] << 24 | (uint32_t)bytes[1] << 16 | (uint32_t)bytes[2] << 8 | bytes[3];
}

static bool is_public6(const uint8_t *address)
{
    static const uint8_t mapped[16] = {[10] = 0xff, [11] = 0xff}, nat64[16] = {0x00, 0x64, 0xff, 0x9b},
                         to4[16] = {0x20, 0x02}, global[16] = {0x20};

    if (begins_with(address, mapped, 96) || begins_with(address, nat64, 96))
        return is_public4(ipv4_at(address + 12));
    if (begins_with(address, to4, 16))
        return is_public4(ipv4_at(address + 2));
    if (!begins_with(address, global, 3))
        return false;
    for (size_t i = 0; i < sizeof(not_public6) / sizeof(*not_public6); i++) {
        if (begins_with(address, not_public6[i].base, not_public6[i].bits))
            return false;
    }
    return true;
}

bool http_address_is_public(const struct sockaddr *address)
{
    struct sockaddr_in v4;
    struct sockaddr_in6 v6;

    if (address->sa_family == AF_INET) {
        memcpy(&v4, address, sizeof(v4));
        return is_public4(ntohl(v4.sin_addr.s_addr));
    }
    if (address->sa_family == AF_INET6) {
        memcpy(&v6, address, sizeof(v6));
        return is_public6(v6.sin6_addr.s6_addr);
    }
    return false;
}

bool http_address_text_is_public(const char *text)
{
    struct in6_addr v6;
    struct in_addr v4;

    if (inet_pton(AF_INET, text, &v4) == 1)
        return is_public4(ntohl(v4.s_addr));
    return inet_pton(AF_INET6, text, &v6) == 1 && is_public6(v6.s6_addr);
}

/* ---- the proxy ----------------------------------------------------------------------------- */

#define PROXY_PORT_DEFAULT 1080 /* curl's own, of a proxy without a port */
#define PROXY_PORT_HTTPS 443

/* As curl looks for it: HTTP_PROXY in capitals is left out, since CGI programs get it from strangers. */
static const char *proxy_of_environment(const char *scheme)
{
    static const char *const http[] = {"http_proxy", "all_proxy", "ALL_PROXY", NULL};
    static const char *const https[] = {"https_proxy", "HTTPS_PROXY", "all_proxy", "ALL_PROXY", NULL};

    for (const char *const *name = strcmp(scheme, "https") == 0 ? https : http; *name; name++) {
        const char *value = getenv(*name);

        if (value && value[0])
            return value;
    }
    return NULL;
}

static int proxy_port(CURLU *url)
{
    char *port = NULL, *scheme = NULL;
    int number = PROXY_PORT_DEFAULT;

    if (curl_url_get(url, CURLUPART_PORT, &port, 0) == CURLUE_OK)
        number = atoi(port);
    else if (curl_url_get(url, CURLUPART_SCHEME, &scheme, 0) == CURLUE_OK && strcmp(scheme, "https") == 0)
        number = PROXY_PORT_HTTPS;
    curl_free(port);
    curl_free(scheme);
    return number;
}

static void read_proxy(struct http_guard *guard, const char *scheme)
{
    const char *proxy = proxy_of_environment(scheme);
    CURLU *url = proxy ? curl_url() : NULL;
    char *host = NULL;

    if (url &&
        curl_url_set(url, CURLUPART_URL, proxy, CURLU_NON_SUPPORT_SCHEME | CURLU_GUESS_SCHEME) == CURLUE_OK &&
        curl_url_get(url, CURLUPART_HOST, &host, 0) == CURLUE_OK) {
        struct in_addr v4;

        guard->proxy_port = proxy_port(url);
        if (inet_pton(AF_INET, host, &v4) == 1 || host[0] == '[')
            snprintf(guard->proxy_address, sizeof(guard->proxy_address), "%.*s",
                     host[0] == '[' ? (int)strcspn(host + 1, "]") : (int)strlen(host),
                     host + (host[0] == '['));
    }
    curl_free(host);
    curl_url_cleanup(url);
}

/* A proxy that goes by a name is known by its port alone. */
static bool is_proxy(const struct http_guard *guard, const char *address, int port)
{
    return guard->proxy_port != 0 && port == guard->proxy_port &&
           (!guard->proxy_address[0] || strcmp(address, guard->proxy_address) == 0);
}

/* ---- what curl asks ------------------------------------------------------------------------ */

static bool is_proxy_socket(const struct http_guard *guard, const struct sockaddr *address)
{
    char text[INET6_ADDRSTRLEN] = "";
    struct sockaddr_in v4;
    struct sockaddr_in6 v6;

    if (address->sa_family == AF_INET) {
        memcpy(&v4, address, sizeof(v4));
        inet_ntop(AF_INET, &v4.sin_addr, text, sizeof(text));
        return is_proxy(guard, text, ntohs(v4.sin_port));
    }
    if (address->sa_family != AF_INET6)
        return false;
    memcpy(&v6, address, sizeof(v6));
    inet_ntop(AF_INET6, &v6.sin6_addr, text, sizeof(text));
    return is_proxy(guard, text, ntohs(v6.sin6_port));
}

static curl_socket_t on_open_socket(void *user, curlsocktype purpose, struct curl_sockaddr *address)
{
    struct http_guard *guard = user;

    if (purpose != CURLSOCKTYPE_IPCXN ||
        !(http_address_is_public(&address->addr) || is_proxy_socket(guard, &address->addr))) {
        guard->refused = true;
        return CURL_SOCKET_BAD;
    }
    return socket(address->family, address->socktype | SOCK_CLOEXEC, address->protocol);
}

static int on_request(void *user, char *to, char *from, int to_port, int from_port)
{
    struct http_guard *guard = user;

    (void)from;
    (void)from_port;
    if (http_address_text_is_public(to) || is_proxy(guard, to, to_port))
        return CURL_PREREQFUNC_OK;
    guard->refused = true;
    return CURL_PREREQFUNC_ABORT;
}

void http_guard_set(CURL *easy, struct http_guard *guard, const char *scheme)
{
    *guard = (struct http_guard){0};
    read_proxy(guard, scheme);
    curl_easy_setopt(easy, CURLOPT_OPENSOCKETFUNCTION, on_open_socket);
    curl_easy_setopt(easy, CURLOPT_OPENSOCKETDATA, guard);
    curl_easy_setopt(easy, CURLOPT_PREREQFUNCTION, on_request);
    curl_easy_setopt(easy, CURLOPT_PREREQDATA, guard);
}
