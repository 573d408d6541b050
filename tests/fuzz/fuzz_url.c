/* Texts as URLs: of a Redis, of a request, of a redirect, and for the log, where no password may
 * show up. */
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include "mentiond/http.h"
#include "net/http_url.h"
#include "net/redis_url.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void follow(struct str from, struct str location)
{
    struct error err = {0};
    bool other_origin;
    CURLU *url, *next;

    if (http_url_parse(from, &url, &err) < 0)
        return;
    if (http_url_follow(url, location, &next, &other_origin, &err) == 0)
        curl_url_cleanup(next);
    curl_url_cleanup(url);
}

/* "https://u:SECRET@rest": SECRET has no character that ends the part it stands in. */
static void log_hides_password(struct str rest)
{
    static const char secret[] = "hunter2";
    char text[600], shown[256];
    int n = snprintf(text, sizeof text, "https://u:%s@%.*s", secret, STR_FMT(rest));

    http_url_for_log((struct str){text, (size_t)n < sizeof text ? (size_t)n : sizeof text - 1},
                     shown, sizeof shown);
    if (strstr(shown, secret) && !strstr(text + 8 + sizeof secret, secret))
        abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct str text = {(const char *)data, size};
    struct redis_address address;
    struct error err = {0};
    struct str location;
    struct str from = str_split(text, '\n', &location);
    char shown[64];

    if (redis_address_parse(text, &address, &err) == 0)
        redis_address_finish(&address);
    if (http_url_for_log(text, shown, sizeof shown).len >= sizeof shown)
        abort();
    follow(from, location);
    follow(STR("https://user:pw@host.example/a/b?c"), text);
    log_hides_password(text);
    return 0;
}
