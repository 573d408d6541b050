/* Any headers over any body: lines of the input are Mentiond-Signature, the three of Standard
 * Webhooks, the secret; the rest is the body. Nobody gets in without having signed. */
#include <stdlib.h>

#include "sources/push_signature.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define NOW_MS INT64_C(1795282200000)

struct headers {
    struct str own, id, time, signature;
};

static struct str find(const void *request, struct str name)
{
    const struct headers *h = request;

    if (str_eq(name, STR("Mentiond-Signature")))
        return h->own;
    if (str_eq(name, STR("webhook-id")))
        return h->id;
    return str_eq(name, STR("webhook-timestamp")) ? h->time : h->signature;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct str rest = {(const char *)data, size};
    struct headers headers;
    struct str secret;
    struct error err = {0};

    headers.own = str_split(rest, '\n', &rest);
    headers.id = str_split(rest, '\n', &rest);
    headers.time = str_split(rest, '\n', &rest);
    headers.signature = str_split(rest, '\n', &rest);
    secret = str_split(rest, '\n', &rest);
    push_signature_check(&(struct source_push){rest, &headers, find, NOW_MS}, secret, 300000, &err);
    if (push_signature_check(&(struct source_push){rest, &headers, find, NOW_MS},
                             STR("a secret nobody has guessed"), 300000, &err) == 0)
        abort();
    return 0;
}
