/* Any bytes as the head of an HTTP request, and as an address to listen on. */
#include <stdlib.h>

#include "net/http_head.h"
#include "net/http_listen.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct str text = {(const char *)data, size};
    char shown[HTTP_LISTEN_TEXT_MAX];
    struct http_listen where;
    struct http_head head;
    const char *why = NULL;
    int status = http_head_parse(text, &head, &why);

    if (status != 0 && (status < 400 || !why))
        abort();
    if (status == 0 && (http_head_path(&head).s[0] != '/' || memchr(head.path_text, '\0', head.path_len) ||
                        head.content_length < -1))
        abort();
    if (http_listen_parse(text, &where, NULL) == 0)
        http_listen_format(&where, shown);
    return 0;
}
