/* Mail: one easy handle a message on a multi handle of its own. */
#include "mentiond/mail.h"

#include <errno.h>
#include <stdio.h>
#include <sys/queue.h>

#include "http_loop.h"
#include "mentiond/buf.h"

#define LINE_MAX_LEN 512
#define CONNECT_TIMEOUT_MS 15000L

struct mail_transfer {
    TAILQ_ENTRY(mail_transfer) entry;
    struct mail_client *client;
    CURL *easy;                   /* owned */
    struct curl_slist *recipients; /* owned */
    struct buf text;
    size_t n_sent;
    char line[LINE_MAX_LEN]; /* the server's last one */
    size_t line_len;
    char curl_text[CURL_ERROR_SIZE];
    char server[256]; /* for errors */
    mail_done_fn *done;
    void *user;
};

TAILQ_HEAD(mail_list, mail_transfer);

struct mail_client {
    struct http_loop loop;
    char *ca_file; /* owned, may be NULL */
    struct mail_list running;
    size_t n_running;
    bool *gone; /* set by mail_client_destroy() when a callback runs */
};

/* ---- what curl calls ----------------------------------------------------------------------- */

static size_t on_read(char *room, size_t size, size_t n, void *user)
{
    struct mail_transfer *t = user;
    size_t left = t->text.len - t->n_sent, take = size * n < left ? size * n : left;

    memcpy(room, t->text.data + t->n_sent, take);
    t->n_sent += take;
    return take;
}

/* One line of the server at a time. */
static size_t on_line(char *data, size_t size, size_t n, void *user)
{
    struct mail_transfer *t = user;
    struct str line = str_trim((struct str){data, size * n});

    t->line_len = line.len < sizeof(t->line) ? line.len : sizeof(t->line);
    memcpy(t->line, line.s, t->line_len);
    return size * n;
}

/* ---- the end of a transfer ----------------------------------------------------------------- */

static void transfer_destroy(struct mail_transfer *t)
{
    if (t->easy) {
        http_loop_remove(&t->client->loop, t->easy);
        curl_easy_cleanup(t->easy);
    }
    curl_slist_free_all(t->recipients);
    buf_finish(&t->text);
    free(t);
}

void mail_cancel(struct mail_transfer *t)
{
    if (!t)
        return;
    TAILQ_REMOVE(&t->client->running, t, entry);
    t->client->n_running--;
    transfer_destroy(t);
}

static int code_of(CURLcode code)
{
    if (code == CURLE_LOGIN_DENIED)
        return -EACCES;
    return code == CURLE_OPERATION_TIMEDOUT ? -ETIMEDOUT : -EIO;
}

static void tell(struct mail_transfer *t, CURLcode code)
{
    struct error err = {0};
    long status = 0;

    curl_easy_getinfo(t->easy, CURLINFO_RESPONSE_CODE, &status);
    if (code != CURLE_OK)
        error_set(&err, code_of(code), "mail by %s: %s", t->server,
                  t->curl_text[0] ? t->curl_text : curl_easy_strerror(code));
    /* a refused recipient or text is an answer, too: the status says which kind */
    t->done(t->user, status >= 200 && status < 600 && code != CURLE_LOGIN_DENIED ? (int)status : 0,
            (struct str){t->line, t->line_len}, code == CURLE_OK ? NULL : &err);
}

static struct mail_transfer *transfer_of(CURL *easy)
{
    void *transfer = NULL;

    curl_easy_getinfo(easy, CURLINFO_PRIVATE, &transfer);
    return transfer;
}

/* False if the callback destroyed the client. */
static bool finish(struct mail_client *client, CURL *easy, CURLcode code)
{
    struct mail_transfer *t = transfer_of(easy);
    bool gone = false;

    TAILQ_REMOVE(&client->running, t, entry);
    client->n_running--;
    /* cppcheck-suppress autoVariables ; taken back below, unless the client is gone itself */
    client->gone = &gone;
    tell(t, code);
    curl_easy_cleanup(TAKE(t->easy)); /* the loop has let it go already */
    transfer_destroy(t);
    if (!gone)
        client->gone = NULL;
    return !gone;
}

static void on_finished(void *user)
{
    struct mail_client *client = user;
    CURLcode code;
    CURL *easy;

    while (http_loop_next(&client->loop, &easy, &code)) {
        if (!finish(client, easy, code))
            return;
    }
}

/* ---- the start ----------------------------------------------------------------------------- */

static bool is_one_line(struct str text)
{
    for (size_t i = 0; i < text.len; i++) {
        if ((unsigned char)text.s[i] < ' ' || text.s[i] == '<' || text.s[i] == '>')
            return false;
    }
    return true;
}

static int check(const struct mail_client *client, const struct mail_request *request, struct error *err)
{
    bool ok = is_one_line(request->from) && request->from.len > 0 && request->n_to > 0 &&
              request->n_to <= MAIL_RECIPIENTS_MAX && request->text.len > 0 &&
              request->text.len <= MAIL_TEXT_MAX;

    for (size_t i = 0; ok && i < request->n_to; i++)
        ok = is_one_line(request->to[i]) && request->to[i].len > 0;
    if (!ok)
        return error_set(err, -EINVAL, "mail: an address or the text is empty, too long or has a line end");
    if (client->n_running >= MAIL_TRANSFERS_MAX)
        return error_set(err, -EBUSY, "mail: %d messages are under way", MAIL_TRANSFERS_MAX);
    return 0;
}

static bool set_text(CURL *easy, CURLoption option, struct str text)
{
    CLEANUP(free_p) char *copy = str_dup(text);

    return copy && curl_easy_setopt(easy, option, copy) == CURLE_OK;
}

static bool set_addresses(struct mail_transfer *t, const struct mail_request *request)
{
    for (size_t i = 0; i < request->n_to; i++) {
        CLEANUP(free_p) char *copy = str_dup(request->to[i]);
        struct curl_slist *longer = copy ? curl_slist_append(t->recipients, copy) : NULL;

        if (!longer)
            return false;
        t->recipients = longer;
    }
    return set_text(t->easy, CURLOPT_MAIL_FROM, request->from) &&
           curl_easy_setopt(t->easy, CURLOPT_MAIL_RCPT, t->recipients) == CURLE_OK;
}

static bool set_limits(struct mail_transfer *t, const struct mail_request *request)
{
    CURL *easy = t->easy;

    return curl_easy_setopt(easy, CURLOPT_TIMEOUT_MS, (long)request->timeout_ms) == CURLE_OK &&
           curl_easy_setopt(easy, CURLOPT_CONNECTTIMEOUT_MS, CONNECT_TIMEOUT_MS) == CURLE_OK &&
           curl_easy_setopt(easy, CURLOPT_NOSIGNAL, 1L) == CURLE_OK &&
           curl_easy_setopt(easy, CURLOPT_PROTOCOLS_STR, "smtp,smtps") == CURLE_OK &&
           curl_easy_setopt(easy, CURLOPT_USE_SSL,
                            request->plain ? (long)CURLUSESSL_NONE : (long)CURLUSESSL_ALL) == CURLE_OK &&
           (!t->client->ca_file || curl_easy_setopt(easy, CURLOPT_CAINFO, t->client->ca_file) == CURLE_OK);
}

static bool set_callbacks(struct mail_transfer *t)
{
    CURL *easy = t->easy;

    return curl_easy_setopt(easy, CURLOPT_PRIVATE, t) == CURLE_OK &&
           curl_easy_setopt(easy, CURLOPT_ERRORBUFFER, t->curl_text) == CURLE_OK &&
           curl_easy_setopt(easy, CURLOPT_UPLOAD, 1L) == CURLE_OK &&
           curl_easy_setopt(easy, CURLOPT_READFUNCTION, on_read) == CURLE_OK &&
           curl_easy_setopt(easy, CURLOPT_READDATA, t) == CURLE_OK &&
           curl_easy_setopt(easy, CURLOPT_HEADERFUNCTION, on_line) == CURLE_OK &&
           curl_easy_setopt(easy, CURLOPT_HEADERDATA, t) == CURLE_OK &&
           curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, on_line) == CURLE_OK &&
           curl_easy_setopt(easy, CURLOPT_WRITEDATA, t) == CURLE_OK;
}

static bool set_login(CURL *easy, const struct mail_request *request)
{
    return request->user.len == 0 || (set_text(easy, CURLOPT_USERNAME, request->user) &&
                                      set_text(easy, CURLOPT_PASSWORD, request->password));
}

/* "smtp://host:25" without what may stand before an @. */
static void name_server(struct mail_transfer *t, struct str url)
{
    size_t at = str_find(url, STR("@"));

    if (at != SIZE_MAX)
        url = str_slice(url, at + 1, url.len);
    snprintf(t->server, sizeof(t->server), "%.*s", STR_FMT(url));
}

int mail_start(struct mail_client *client, const struct mail_request *request, mail_done_fn *done, void *user,
               struct mail_transfer **ret, struct error *err)
{
    struct mail_transfer *t;
    int code = check(client, request, err);

    if (code < 0)
        return code;
    t = calloc(1, sizeof(*t));
    if (!t)
        return error_oom(err);
    t->client = client;
    t->done = done;
    t->user = user;
    buf_init(&t->text, MAIL_TEXT_MAX);
    name_server(t, request->url);
    t->easy = curl_easy_init();
    if (!t->easy || !buf_append_str(&t->text, request->text) ||
        !set_text(t->easy, CURLOPT_URL, request->url) || !set_addresses(t, request) ||
        !set_limits(t, request) || !set_login(t->easy, request) || !set_callbacks(t)) {
        error_set(err, -ENOMEM, "mail by %.200s: cannot be sent", t->server);
        if (t->easy)
            curl_easy_cleanup(TAKE(t->easy));
        transfer_destroy(t);
        return -ENOMEM;
    }
    code = http_loop_add(&client->loop, t->easy, err);
    if (code < 0) {
        curl_easy_cleanup(TAKE(t->easy));
        transfer_destroy(t);
        return code;
    }
    TAILQ_INSERT_TAIL(&client->running, t, entry);
    client->n_running++;
    *ret = t;
    return 0;
}

/* ---- the client ---------------------------------------------------------------------------- */

int mail_client_create(struct event_base *base, const char *ca_file, struct mail_client **ret,
                       struct error *err)
{
    struct mail_client *client = calloc(1, sizeof(*client));
    int code;

    if (!client)
        return error_oom(err);
    TAILQ_INIT(&client->running);
    client->ca_file = ca_file ? str_dup(str_from(ca_file)) : NULL;
    code = http_loop_init(&client->loop, base, on_finished, client, err);
    if (code < 0) {
        mail_client_destroy(client);
        return code;
    }
    *ret = client;
    return 0;
}

void mail_client_destroy(struct mail_client *client)
{
    if (!client)
        return;
    if (client->gone)
        *client->gone = true;
    for (struct mail_transfer *t = TAILQ_FIRST(&client->running), *next; t; t = next) {
        next = TAILQ_NEXT(t, entry);
        transfer_destroy(t);
    }
    http_loop_finish(&client->loop);
    free(client->ca_file);
    free(client);
}
