/* /healthz and /readyz, for service managers and load balancers: they say yes or no and nothing else,
 * as anybody who reaches the server may ask. What else it serves is added by who serves it: the
 * poller's inboxes. */
#include "endpoints.h"

#include "mentiond/log.h"

static const char log_module[] = "mentiond";

static void on_healthz(void *user, struct http_call *call)
{
    (void)user;
    http_call_answer(call, &(struct http_answer){.status = 200, .body = STR("{\"status\":\"ok\"}\n")});
}

static void on_readyz(void *user, struct http_call *call)
{
    const struct endpoints *endpoints = user;
    const char *why = endpoints->why_not_ready(endpoints->user);

    if (why)
        http_call_refuse(call, 503, 1, why);
    else
        on_healthz(user, call);
}

int endpoints_create(struct event_base *base, struct str listen, struct endpoints *endpoints,
                     struct http_server **ret, struct error *err)
{
    static const struct {
        const char *path;
        http_call_fn *handle;
    } served[] = {{"/healthz", on_healthz}, {"/readyz", on_readyz}};
    struct http_server *server;
    int r = http_server_create(base, listen, &server, err);

    if (r < 0)
        return error_prefix(err, r, "http.listen");
    for (size_t i = 0; r == 0 && i < ARRAY_LEN(served); i++) {
        const struct http_route route = {
            .method = "GET", .path = str_from(served[i].path), .handle = served[i].handle, .user = endpoints};

        r = http_server_add_route(server, &route, err);
    }
    if (r < 0) {
        http_server_destroy(server);
        return r;
    }
    log_info("answering by HTTP", field_text("at", http_server_address(server)));
    *ret = server;
    return 0;
}
