/* Which addresses a URL of the configuration may lead to: the public ones. Everything else (this machine, the
 * local network, what only routers use) is refused unless the request says that it may, so that a URL, a name
 * that changes its address, or a redirect reaches nothing that only this machine can. */
#ifndef NET_HTTP_GUARD_H
#define NET_HTTP_GUARD_H

#include <stdbool.h>

#include <curl/curl.h>

struct sockaddr;

/* IPv4 and IPv6, also IPv4 within IPv6 (mapped, NAT64, 6to4, Teredo). Other families are not public. */
bool http_address_is_public(const struct sockaddr *address);
/* The same of an address as text, "::1" or "127.0.0.1". Not an address: not public. */
bool http_address_text_is_public(const char *text);

/* What a transfer's guard knows: the proxy of the environment, if there is one, and whether it
 * refused. The proxy is the operator's own choice and may be anywhere; where it leads to is for it to
 * decide, as names are its to resolve. */
struct http_guard {
    char proxy_address[64]; /* "" when there is no proxy, or it goes by a name */
    int proxy_port;         /* 0: no proxy */
    bool refused;
};

/* Checks each connection of this transfer before it is made, and once more before the request is
 * sent on it, as it may be one that another transfer left open. The guard must stay where it is.
 * `scheme` is "http" or "https". */
void http_guard_set(CURL *easy, struct http_guard *guard, const char *scheme);

#endif
