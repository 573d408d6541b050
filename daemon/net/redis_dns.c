/* The resolver: libevent's evdns, which reads /etc/hosts and /etc/resolv.conf and knows no
 * nsswitch, so that nothing blocks.
 *
 * evdns answers a cancelled request later, from the loop, and uses its base for that. So neither a
 * lookup nor the base is freed before that answer, though whoever asked is gone: the base counts
 * its lookups. It is freed from an event of its own, not from below its own callback. */
#include "redis_dns.h"

#include <stdbool.h>
#include <sys/socket.h>

#include <netinet/in.h>

#include <event2/dns.h>

struct redis_dns {
    struct event_base *base;  /* borrowed */
    struct evdns_base *evdns; /* owned; NULL before the first lookup */
    unsigned n_lookups;       /* that evdns still owes an answer */
    bool is_released;
};

struct redis_lookup {
    struct redis_dns *dns;
    struct evdns_getaddrinfo_request *request; /* NULL while evdns_getaddrinfo() runs */
    redis_dns_fn *done;                        /* NULL: cancelled */
    void *user;
};

struct redis_dns *redis_dns_create(struct event_base *base)
{
    struct redis_dns *dns = calloc(1, sizeof *dns);

    if (dns)
        dns->base = base;
    return dns;
}

static void dns_free(struct redis_dns *dns)
{
    if (dns->evdns)
        evdns_base_free(dns->evdns, 0);
    free(dns);
}

static void on_free(evutil_socket_t fd, short what, void *user)
{
    (void)fd;
    (void)what;
    dns_free(user);
}

void redis_dns_release(struct redis_dns *dns)
{
    if (!dns)
        return;
    dns->is_released = true;
    if (dns->n_lookups == 0)
        dns_free(dns);
}

static void on_answer(int result, struct evutil_addrinfo *addresses, void *user)
{
    static const struct timeval at_once;
    struct redis_lookup *lookup = user;
    struct redis_dns *dns = lookup->dns;

    if (lookup->done)
        lookup->done(lookup->user, result, addresses);
    else if (addresses)
        evutil_freeaddrinfo(addresses);
    free(lookup);
    if (--dns->n_lookups == 0 && dns->is_released)
        event_base_once(dns->base, -1, EV_TIMEOUT, on_free, dns, &at_once);
}

/* Reads resolv.conf anew each time, as no lookup is under way; the hosts file only once, because
 * evdns would append it to what it has. */
static int dns_prepare(struct redis_dns *dns, struct error *err)
{
    const int flags = dns->evdns ? DNS_OPTIONS_ALL & ~DNS_OPTION_HOSTSFILE : DNS_OPTIONS_ALL;

    if (dns->n_lookups > 0)
        return 0;
    if (!dns->evdns)
        dns->evdns = evdns_base_new(dns->base, EVDNS_BASE_DISABLE_WHEN_INACTIVE);
    if (!dns->evdns)
        return error_oom(err);
    evdns_base_clear_nameservers_and_suspend(dns->evdns);
    evdns_base_search_clear(dns->evdns);
    evdns_base_resolv_conf_parse(dns->evdns, flags, "/etc/resolv.conf");
    evdns_base_resume(dns->evdns);
    return 0;
}

int redis_dns_lookup(struct redis_dns *dns, const char *host, const char *port, redis_dns_fn *done,
                     void *user, struct redis_lookup **ret_lookup, struct error *err)
{
    const struct evutil_addrinfo hints = {
        .ai_family = AF_UNSPEC, .ai_socktype = SOCK_STREAM, .ai_protocol = IPPROTO_TCP};
    struct evdns_getaddrinfo_request *request;
    struct redis_lookup *lookup;
    int r = dns_prepare(dns, err);

    if (r < 0)
        return r;
    lookup = calloc(1, sizeof *lookup);
    if (!lookup)
        return error_oom(err);
    *lookup = (struct redis_lookup){.dns = dns, .done = done, .user = user};
    *ret_lookup = lookup;
    dns->n_lookups++;
    request = evdns_getaddrinfo(dns->evdns, host, port, &hints, on_answer, lookup);
    if (request) /* else on_answer() has been called, and the lookup is gone */
        lookup->request = request;
    return 0;
}

void redis_lookup_cancel(struct redis_lookup *lookup)
{
    lookup->done = NULL;
    if (lookup->request)
        evdns_getaddrinfo_cancel(lookup->request);
}
