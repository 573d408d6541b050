/* The HTTP client: transfers, their limits, redirects and errors. curl's sockets and timer are
 * http_loop.c's.
 *
 * A transfer is in one of three places: running (its easy handle is in curl's multi handle),
 * finished (about to be told) or, during its callback, in neither list. Callbacks are only called
 * by on_finished(), from the loop, outside curl; they may start and cancel transfers and destroy
 * the client, so on_finished() looks at the lists anew after each.
 *
 * Redirects are ours, not curl's: curl would send every header of ours to the next host, and would
 * go from https to http. A hop is the same transfer started again with what is left of its time.
 *
 * Bodies are counted as the write callback gets them, which is after decompression: a small gzip
 * that becomes gigabytes ends at max_body. curl hands over at most 16 KiB at once. */
#include "mentiond/http.h"

#include <ctype.h>
#include <errno.h>
#include <sys/queue.h>

#include <curl/curl.h>
#include <event2/util.h>

#include "http_error.h"
#include "http_guard.h"
#include "http_loop.h"
#include "http_trust.h"
#include "http_url.h"
#include "mentiond/buf.h"
#include "mentiond/clock.h"

#define EASY_POOL_MAX 16   /* idle easy handles kept */
#define CONNECTIONS_MAX 64 /* idle and busy */
#define METHOD_MAX 16      /* bytes */

/* Where a header of the reply lies in reply_headers. */
struct field {
    size_t name_at, name_len, value_at, value_len;
};

struct http_transfer {
    TAILQ_ENTRY(http_transfer) entry;
    struct http_client *client;
    bool is_running, is_told; /* see the top; is_told: its callback runs */

    char method[METHOD_MAX + 1];
    CURLU *url; /* owned */
    bool is_path_secret, is_body_cut;
    bool allow_private;
    struct http_guard guard;
    struct curl_slist *headers;        /* owned; what is sent */
    struct curl_slist *public_headers; /* owned; those that may go to another origin */
    struct buf body;                   /* what is sent */
    bool has_body;
    int64_t started_ms, end_ms; /* monotonic */
    unsigned n_redirects;

    CURL *easy; /* owned; NULL when not running */
    struct buf reply_body, reply_headers;
    struct field fields[HTTP_HEADERS_MAX];
    size_t n_fields;
    bool headers_ended; /* by an empty line: curl takes a connection closed before it for a reply */
    bool body_begun;    /* headers after this are trailers, and dropped */
    bool is_too_big;
    char curl_text[CURL_ERROR_SIZE];
    long status;
    struct error err; /* code 0: answered */

    http_done_fn *done;
    void *user;
};

TAILQ_HEAD(transfer_list, http_transfer);

struct http_client {
    struct http_loop loop;
    struct http_options options; /* its texts are owned */
    struct transfer_list running, finished;
    size_t n_transfers;
    CURL *idle[EASY_POOL_MAX]; /* owned */
    size_t n_idle;
    bool *gone; /* set by http_client_destroy() when a callback runs */
    bool has_curl;
    bool has_ca_folder; /* http_trust_has_folder() */
    struct http_counters counters;
};

/* ---- what curl calls ------------------------------------------------------------------------ */

static size_t on_body(char *data, size_t size, size_t n, void *user)
{
    struct http_transfer *t = user;

    size_t room = t->reply_body.max_len - t->reply_body.len;

    t->body_begun = true;
    if (buf_append(&t->reply_body, data, t->is_body_cut && size * n > room ? room : size * n))
        return size * n;
    t->is_too_big = true;
    return 0;
}

static void reply_reset(struct http_transfer *t)
{
    buf_reset(&t->reply_body);
    buf_reset(&t->reply_headers);
    t->n_fields = 0;
    t->headers_ended = t->body_begun = false;
}

static void field_add(struct http_transfer *t, struct str line, size_t line_at)
{
    struct str value;
    struct str name = str_split(line, ':', &value);
    struct field *field = &t->fields[t->n_fields];

    if (!value.s || name.len == 0 || isspace((unsigned char)name.s[0]) ||
        t->n_fields == HTTP_HEADERS_MAX)
        return;
    name = str_trim(name);
    value = str_trim(value);
    field->name_at = line_at + (size_t)(name.s - line.s);
    field->name_len = name.len;
    field->value_at = line_at + (size_t)(value.s - line.s);
    field->value_len = value.len;
    t->n_fields++;
}

/* One line at a time, status lines and trailers too. A status line begins a new reply (after a
 * 1xx). */
static size_t on_header(char *data, size_t size, size_t n, void *user)
{
    struct http_transfer *t = user;
    struct str line = {data, size * n};
    size_t at;

    if (t->body_begun)
        return line.len;
    if (str_starts_with(line, STR("HTTP/"))) {
        reply_reset(t);
        return line.len;
    }
    if (str_trim(line).len == 0) {
        t->headers_ended = true;
        return line.len;
    }
    at = t->reply_headers.len;
    if (!buf_append_str(&t->reply_headers, line)) {
        t->is_too_big = true;
        return 0;
    }
    field_add(t, line, at);
    return line.len;
}

/* curl opens its sockets without close-on-exec: programs that we run would get them. */
static int on_socket_made(void *user, curl_socket_t fd, curlsocktype purpose)
{
    (void)user;
    (void)purpose;
    return evutil_make_socket_closeonexec(fd) == 0 ? CURL_SOCKOPT_OK : CURL_SOCKOPT_ERROR;
}

/* ---- a hop ---------------------------------------------------------------------------------- */

static CURL *easy_take(struct http_client *client)
{
    return client->n_idle > 0 ? client->idle[--client->n_idle] : curl_easy_init();
}

static void easy_give(struct http_client *client, CURL *easy)
{
    if (!easy)
        return;
    curl_easy_reset(easy); /* connections are not lost by it: they are the multi handle's */
    if (client->n_idle < EASY_POOL_MAX)
        client->idle[client->n_idle++] = easy;
    else
        curl_easy_cleanup(easy);
}

static void easy_set_limits(CURL *easy, const struct http_client *client, int64_t left_ms)
{
    const curl_off_t max_body = (curl_off_t)client->options.max_body;

    curl_easy_setopt(easy, CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(easy, CURLOPT_TIMEOUT_MS, (long)left_ms);
    curl_easy_setopt(easy, CURLOPT_CONNECTTIMEOUT_MS, (long)client->options.connect_timeout_ms);
    curl_easy_setopt(easy, CURLOPT_LOW_SPEED_LIMIT, (long)HTTP_SPEED_MIN);
    curl_easy_setopt(easy, CURLOPT_LOW_SPEED_TIME, (long)HTTP_SPEED_SECONDS);
    curl_easy_setopt(easy, CURLOPT_MAXFILESIZE_LARGE, max_body);
    curl_easy_setopt(easy, CURLOPT_PROTOCOLS_STR, "http,https");
    curl_easy_setopt(easy, CURLOPT_FOLLOWLOCATION, 0L);
#if LIBCURL_VERSION_NUM >= 0x075700
    /* else a cancelled transfer waits for its getaddrinfo() thread, and the loop with it */
    curl_easy_setopt(easy, CURLOPT_QUICK_EXIT, 1L);
#endif
}

static void easy_set_tls(CURL *easy, const struct http_client *client)
{
    curl_easy_setopt(easy, CURLOPT_SSL_VERIFYPEER, 1L);
    curl_easy_setopt(easy, CURLOPT_SSL_VERIFYHOST, 2L);
    curl_easy_setopt(easy, CURLOPT_SSLVERSION, (long)CURL_SSLVERSION_TLSv1_2);
    http_trust_set(easy, client->options.ca_file, client->has_ca_folder);
}

static void easy_set_request(CURL *easy, struct http_transfer *t)
{
    const bool is_head = strcmp(t->method, "HEAD") == 0;

    curl_easy_setopt(easy, CURLOPT_CURLU, t->url);
    curl_easy_setopt(easy, CURLOPT_HTTPHEADER, t->headers);
    curl_easy_setopt(easy, CURLOPT_SUPPRESS_CONNECT_HEADERS, 1L);
    curl_easy_setopt(easy, CURLOPT_ACCEPT_ENCODING, "");
    curl_easy_setopt(easy, CURLOPT_TCP_KEEPALIVE, 1L);
    if (t->has_body) {
        curl_easy_setopt(easy, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)t->body.len);
        curl_easy_setopt(easy, CURLOPT_POSTFIELDS, buf_str(&t->body).s);
    }
    if (is_head || t->is_body_cut) /* a length is no body, or is no matter */
        curl_easy_setopt(easy, CURLOPT_MAXFILESIZE_LARGE, (curl_off_t)0);
    if (is_head)
        curl_easy_setopt(easy, CURLOPT_NOBODY, 1L);
    else
        curl_easy_setopt(easy, CURLOPT_CUSTOMREQUEST, t->method);
}

static void easy_set_reply(CURL *easy, struct http_transfer *t)
{
    t->curl_text[0] = '\0';
    curl_easy_setopt(easy, CURLOPT_ERRORBUFFER, t->curl_text);
    curl_easy_setopt(easy, CURLOPT_PRIVATE, t);
    curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, on_body);
    curl_easy_setopt(easy, CURLOPT_WRITEDATA, t);
    curl_easy_setopt(easy, CURLOPT_HEADERFUNCTION, on_header);
    curl_easy_setopt(easy, CURLOPT_HEADERDATA, t);
    curl_easy_setopt(easy, CURLOPT_SOCKOPTFUNCTION, on_socket_made);
}

static void guard_set(struct http_transfer *t)
{
    char *scheme = NULL;

    curl_url_get(t->url, CURLUPART_SCHEME, &scheme, 0);
    http_guard_set(t->easy, &t->guard, scheme ? scheme : "https");
    curl_free(scheme);
}

/* Hands the transfer to curl, for the first or the next hop. */
static int transfer_run(struct http_transfer *t, struct error *err)
{
    struct http_client *client = t->client;
    int64_t left_ms = t->end_ms - clock_monotonic_ms();
    int r;

    if (left_ms <= 0)
        return error_set(err, -ETIMEDOUT, "no time left after %u redirects", t->n_redirects);
    t->easy = easy_take(client);
    if (!t->easy)
        return error_oom(err);
    reply_reset(t);
    easy_set_limits(t->easy, client, left_ms);
    easy_set_tls(t->easy, client);
    easy_set_request(t->easy, t);
    easy_set_reply(t->easy, t);
    t->guard.refused = false;
    if (!t->allow_private)
        guard_set(t);
    if (client->options.user_agent)
        curl_easy_setopt(t->easy, CURLOPT_USERAGENT, client->options.user_agent);
    r = http_loop_add(&client->loop, t->easy, err);
    if (r < 0) {
        easy_give(client, TAKE(t->easy));
        return r;
    }
    TAILQ_INSERT_TAIL(&client->running, t, entry);
    t->is_running = true;
    return 0;
}

/* ---- the end of a hop ----------------------------------------------------------------------- */

static struct str transfer_header(const struct http_transfer *t, const char *name)
{
    struct str text = buf_str(&t->reply_headers);

    for (size_t i = t->n_fields; i > 0; i--) {
        const struct field *f = &t->fields[i - 1];

        if (str_eq_nocase(str_slice(text, f->name_at, f->name_at + f->name_len), str_from(name)))
            return str_slice(text, f->value_at, f->value_at + f->value_len);
    }
    return (struct str){NULL, 0};
}

static bool is_redirect(const struct http_transfer *t)
{
    const bool is_safe = strcmp(t->method, "GET") == 0 || strcmp(t->method, "HEAD") == 0;
    const bool is_moved =
        (t->status >= 301 && t->status <= 303) || t->status == 307 || t->status == 308;

    return is_safe && is_moved && transfer_header(t, "location").len > 0;
}

static int transfer_follow(struct http_transfer *t, struct error *err)
{
    bool is_other_origin;
    CURLU *url;
    int r;

    if (t->n_redirects == HTTP_REDIRECTS_MAX)
        return error_set(err, -ELOOP, "redirected more than %d times", HTTP_REDIRECTS_MAX);
    r = http_url_follow(t->url, transfer_header(t, "location"), &url, &is_other_origin, err);
    if (r < 0)
        return r;
    curl_url_cleanup(t->url);
    t->url = url;
    t->n_redirects++;
    t->client->counters.redirects++;
    if (is_other_origin) {
        curl_slist_free_all(t->headers);
        t->headers = TAKE(t->public_headers);
        t->has_body = false; /* a GET with a body is rare; where it is meant to go, nobody said */
    }
    return transfer_run(t, err);
}

static struct str without_path(struct str url)
{
    size_t host_at = str_find(url, STR("://"));
    size_t len = host_at == SIZE_MAX ? url.len : host_at + 3;

    while (len < url.len && url.s[len] != '/')
        len++;
    return str_slice(url, 0, len);
}

static int transfer_prefix(const struct http_transfer *t, int code, struct error *err)
{
    char *url = NULL;
    char storage[512];
    struct str shown = STR("(no URL)");

    if (curl_url_get(t->url, CURLUPART_URL, &url, 0) == CURLUE_OK)
        shown = http_url_for_log(str_from(url), storage, sizeof storage);
    curl_free(url);
    if (t->is_path_secret)
        shown = without_path(shown);
    return error_prefix(err, code, "%s %.*s", t->method, STR_FMT(shown));
}

static int transfer_check(struct http_transfer *t, CURLcode code, struct error *err)
{
    long os_error = 0;

    if (t->is_too_big) {
        t->client->counters.too_big++;
        return error_set(err, -EFBIG,
                         t->reply_headers.failed ? "headers over %lld bytes"
                                                 : "body over %lld bytes",
                         t->reply_headers.failed ? (long long)HTTP_HEADER_BYTES_MAX
                                                 : (long long)t->client->options.max_body);
    }
    if (code != CURLE_OK && t->guard.refused)
        return error_set(err, -EPERM,
                         "the address is not public; allow_private: true of the source permits it");
    if (code != CURLE_OK) {
        curl_easy_getinfo(t->easy, CURLINFO_OS_ERRNO, &os_error);
        t->client->counters.too_big += code == CURLE_FILESIZE_EXCEEDED;
        return http_error_from_curl(code, os_error, t->curl_text, t->reply_body.len, err);
    }
    if (!t->headers_ended)
        return error_set(err, -EPROTO, "cut off in the headers");
    curl_easy_getinfo(t->easy, CURLINFO_RESPONSE_CODE, &t->status);
    if (t->status < 100 || t->status > 599)
        return error_set(err, -EPROTO, "status %ld, which is none", t->status);
    return 0;
}

/* curl is done with the hop: another one follows, or the transfer is finished. */
static void transfer_end_hop(struct http_transfer *t, CURLcode code)
{
    struct http_client *client = t->client;
    int r = transfer_check(t, code, &t->err);

    TAILQ_REMOVE(&client->running, t, entry);
    t->is_running = false;
    easy_give(client, TAKE(t->easy));
    if (r == 0 && is_redirect(t)) {
        r = transfer_follow(t, &t->err);
        if (r == 0)
            return;
    }
    if (r < 0)
        transfer_prefix(t, r, &t->err);
    TAILQ_INSERT_TAIL(&client->finished, t, entry);
}

/* ---- telling -------------------------------------------------------------------------------- */

static void transfer_free(struct http_transfer *t)
{
    curl_slist_free_all(t->headers);
    curl_slist_free_all(t->public_headers);
    curl_url_cleanup(t->url);
    buf_finish(&t->body);
    buf_finish(&t->reply_body);
    buf_finish(&t->reply_headers);
    free(t);
}

static void response_fill(const struct http_transfer *t, struct http_response *response)
{
    struct str text = buf_str(&t->reply_headers);

    response->status = (int)t->status;
    response->body = buf_str(&t->reply_body);
    response->elapsed_ms = clock_monotonic_ms() - t->started_ms;
    response->n_headers = t->n_fields;
    for (size_t i = 0; i < t->n_fields; i++) {
        const struct field *f = &t->fields[i];

        response->headers[i] = (struct http_header){
            .name = str_slice(text, f->name_at, f->name_at + f->name_len),
            .value = str_slice(text, f->value_at, f->value_at + f->value_len),
        };
    }
}

/* Calls back for one finished transfer, which is in no list any more, and frees it. False: the
 * client is gone. */
static bool transfer_tell(struct http_transfer *t)
{
    struct http_client *client = t->client;
    struct http_response response = {0};
    bool gone = false;

    client->gone = &gone;
    client->n_transfers--;
    t->is_told = true;
    if (t->err.code < 0) {
        client->counters.failed++;
        t->done(t->user, NULL, &t->err);
    } else {
        client->counters.answered++;
        client->counters.bodies_bytes += t->reply_body.len;
        response_fill(t, &response);
        t->done(t->user, &response, NULL);
    }
    transfer_free(t);
    if (!gone)
        client->gone = NULL;
    return !gone;
}

static void on_finished(void *user)
{
    struct http_client *client = user;
    struct http_transfer *t;
    CURL *easy;
    CURLcode code;

    while (http_loop_next(&client->loop, &easy, &code)) {
        curl_easy_getinfo(easy, CURLINFO_PRIVATE, &t);
        transfer_end_hop(t, code);
    }
    while ((t = TAILQ_FIRST(&client->finished))) {
        TAILQ_REMOVE(&client->finished, t, entry);
        if (!transfer_tell(t))
            return;
    }
}

/* ---- requests ------------------------------------------------------------------------------- */

static bool is_token(struct str text)
{
    static const char marks[] = "!#$%&'*+-.^_`|~";

    for (size_t i = 0; i < text.len; i++) {
        if (!isalnum((unsigned char)text.s[i]) && !memchr(marks, text.s[i], sizeof marks - 1))
            return false;
    }
    return text.len > 0;
}

static bool is_field_value(struct str text)
{
    for (size_t i = 0; i < text.len; i++) {
        if (iscntrl((unsigned char)text.s[i]) && text.s[i] != '\t')
            return false;
    }
    return true;
}

static int slist_add(struct curl_slist **list, const char *line, struct error *err)
{
    struct curl_slist *longer = curl_slist_append(*list, line);

    if (!longer)
        return error_oom(err);
    *list = longer;
    return 0;
}

static int header_add(struct http_transfer *t, const struct http_header *header, struct error *err)
{
    struct buf line = BUF_INIT(HTTP_HEADER_BYTES_MAX);
    int r;

    if (!is_token(header->name) || !is_field_value(header->value))
        return error_set(err, -EINVAL, "header '%.*s' has a character that cannot be sent",
                         is_token(header->name) ? (int)header->name.len : 1,
                         is_token(header->name) ? header->name.s : "?");
    /* for curl "Name;" is a header without value, "Name:" one that is not sent */
    buf_append_str(&line, header->name);
    buf_append_str(&line, header->value.len > 0 ? STR(": ") : STR(";"));
    buf_append_str(&line, header->value);
    if (line.failed)
        r = error_set(err, -EINVAL, "header '%.*s' is too long", STR_FMT(header->name));
    else
        r = slist_add(&t->headers, line.data, err);
    if (r == 0 && !header->secret)
        r = slist_add(&t->public_headers, line.data, err);
    buf_finish(&line);
    return r;
}

static int headers_copy(struct http_transfer *t, const struct http_request *request,
                        struct error *err)
{
    bool has_type = false;
    int r = 0;

    if (request->n_headers > HTTP_HEADERS_MAX)
        return error_set(err, -EINVAL, "over %d headers", HTTP_HEADERS_MAX);
    for (size_t i = 0; r == 0 && i < request->n_headers; i++) {
        has_type |= str_eq_nocase(request->headers[i].name, STR("content-type"));
        r = header_add(t, &request->headers[i], err);
    }
    /* neither curl's guess of a form, nor its wait for "100 Continue" */
    if (r == 0 && t->has_body && !has_type)
        r = slist_add(&t->headers, "Content-Type:", err);
    if (r == 0 && t->has_body)
        r = slist_add(&t->headers, "Expect:", err);
    return r;
}

static int request_copy(struct http_transfer *t, const struct http_request *request,
                        struct error *err)
{
    struct str method = str_from(request->method);
    int r;

    if (!is_token(method) || method.len > METHOD_MAX)
        return error_set(err, -EINVAL, "the method is none");
    memcpy(t->method, method.s, method.len);
    r = http_url_parse(request->url, &t->url, err);
    if (r < 0)
        return r;
    t->is_path_secret = request->is_path_secret;
    t->is_body_cut = request->is_body_cut;
    t->allow_private = request->allow_private || t->client->options.allow_private;
    t->has_body = request->has_body || str_eq(method, STR("POST")); /* else: 411 Length Required */
    if (request->has_body && !buf_append_str(&t->body, request->body))
        return error_oom(err);
    r = headers_copy(t, request, err);
    return r < 0 ? transfer_prefix(t, r, err) : 0;
}

int http_start(struct http_client *client, const struct http_request *request, http_done_fn *done,
               void *user, struct http_transfer **ret_transfer, struct error *err)
{
    const int64_t now_ms = clock_monotonic_ms();
    struct http_transfer *t;
    int r;

    if (client->n_transfers >= HTTP_TRANSFERS_MAX)
        return error_set(err, -EBUSY, "%d transfers are running already", HTTP_TRANSFERS_MAX);
    t = calloc(1, sizeof *t);
    if (!t)
        return error_oom(err);
    client->n_transfers++;
    t->client = client;
    t->done = done;
    t->user = user;
    t->started_ms = now_ms;
    t->end_ms =
        now_ms + (request->timeout_ms > 0 ? request->timeout_ms : client->options.timeout_ms);
    buf_init(&t->body, request->body.len);
    buf_init(&t->reply_body, (size_t)client->options.max_body);
    buf_init(&t->reply_headers, HTTP_HEADER_BYTES_MAX);
    r = request_copy(t, request, err);
    if (r == 0)
        r = transfer_run(t, err);
    if (r < 0) {
        client->n_transfers--;
        transfer_free(t);
        return r;
    }
    client->counters.started++;
    if (ret_transfer)
        *ret_transfer = t;
    return 0;
}

void http_cancel(struct http_transfer *transfer)
{
    if (!transfer || transfer->is_told)
        return;
    if (transfer->is_running) {
        TAILQ_REMOVE(&transfer->client->running, transfer, entry);
        http_loop_remove(&transfer->client->loop, transfer->easy);
        easy_give(transfer->client, transfer->easy);
    } else {
        TAILQ_REMOVE(&transfer->client->finished, transfer, entry);
    }
    transfer->client->n_transfers--;
    transfer_free(transfer);
}

/* ---- the client ----------------------------------------------------------------------------- */

static int options_copy(struct http_client *client, const struct http_options *options,
                        struct error *err)
{
    client->options = *options;
    client->options.user_agent = NULL;
    client->options.ca_file = NULL;
    if (options->timeout_ms <= 0 || options->connect_timeout_ms <= 0 || options->max_body <= 0)
        return error_set(err, -EINVAL, "HTTP client: time-outs and max_body must be positive");
    if (options->user_agent && !(client->options.user_agent = strdup(options->user_agent)))
        return error_oom(err);
    if (options->ca_file && !(client->options.ca_file = strdup(options->ca_file)))
        return error_oom(err);
    return 0;
}

static int client_init(struct http_client *client, struct event_base *base,
                       const struct http_options *options, struct error *err)
{
    int r = options_copy(client, options, err);

    if (r < 0)
        return r;
    if (curl_global_init(CURL_GLOBAL_DEFAULT) != CURLE_OK)
        return error_set(err, -ENOMEM, "libcurl cannot be initialised");
    client->has_curl = true;
    client->has_ca_folder = http_trust_has_folder();
    r = http_loop_init(&client->loop, base, on_finished, client, err);
    if (r < 0)
        return r;
    curl_multi_setopt(client->loop.multi, CURLMOPT_MAX_HOST_CONNECTIONS,
                      (long)HTTP_HOST_CONNECTIONS_MAX);
    curl_multi_setopt(client->loop.multi, CURLMOPT_MAXCONNECTS, (long)CONNECTIONS_MAX);
    return 0;
}

int http_client_create(struct event_base *base, const struct http_options *options,
                       struct http_client **ret_client, struct error *err)
{
    struct http_client *client = calloc(1, sizeof *client);
    int r;

    if (!client)
        return error_oom(err);
    TAILQ_INIT(&client->running);
    TAILQ_INIT(&client->finished);
    r = client_init(client, base, options, err);
    if (r < 0) {
        http_client_destroy(client);
        return r;
    }
    *ret_client = client;
    return 0;
}

static void list_cancel(struct transfer_list *list)
{
    struct http_transfer *t, *next;

    for (t = TAILQ_FIRST(list); t; t = next) {
        next = TAILQ_NEXT(t, entry);
        http_cancel(t);
    }
}

void http_client_destroy(struct http_client *client)
{
    if (!client)
        return;
    if (client->gone)
        *client->gone = true;
    list_cancel(&client->running);
    list_cancel(&client->finished);
    while (client->n_idle > 0)
        curl_easy_cleanup(client->idle[--client->n_idle]);
    http_loop_finish(&client->loop);
    if (client->has_curl)
        curl_global_cleanup();
    free((char *)(uintptr_t)client->options.user_agent);
    free((char *)(uintptr_t)client->options.ca_file);
    free(client);
}

void http_counters_get(const struct http_client *client, struct http_counters *ret)
{
    *ret = client->counters;
}

struct str http_response_header(const struct http_response *response, const char *name)
{
    for (size_t i = response->n_headers; i > 0; i--) {
        if (str_eq_nocase(response->headers[i - 1].name, str_from(name)))
            return response->headers[i - 1].value;
    }
    return (struct str){NULL, 0};
}
