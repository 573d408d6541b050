/* What was pushed to a source: HTTP requests that wait for the feed to store their bodies, one body a
 * page. A request is answered when Redis has all of it; until then its sender has it, and sends it
 * again if no answer comes. So nothing waits here that could be lost, and a body needs no memory of
 * its own: it stays in its request.
 *
 * Who cannot be served soon is told so at once (503, Retry-After): another daemon has the lease, Redis
 * is away or full, too many wait already. "Not taken" then means "as far as we know": a batch without
 * an answer is still tried again, and its mentions are known when they come a second time. */
#include <errno.h>
#include <sys/queue.h>

#include "mentiond/clock.h"
#include "mentiond/redis.h"
#include "poller_internal.h"

static const char log_module[] = "poller";

#define WAITING_MAX 64   /* requests of one source */
#define REFUSALS_MAX 100 /* that are told; all are counted */
#define REPLY_MAX ((size_t)256 * 1024)
#define WHY_MAX 300

#define SOON_S 1  /* Retry-After: a place becomes free */
#define LATER_S 5 /* Redis or a lease has to come back */

struct letter {
    TAILQ_ENTRY(letter) entry;
    struct inbox *inbox;
    struct http_call *call; /* NULL: its sender has gone; only of the one under way */
};

TAILQ_HEAD(letters, letter);

struct inbox {
    struct feed *feed;
    struct letters waiting;
    size_t n_waiting;
    struct letter *current;     /* owned: what the page under way was made of; NULL: nothing */
    struct poller_stats before; /* of the feed, when it began */
    struct buf refusals;        /* of the mentions in it: JSON objects, separated by commas */
    size_t n_refusals, n_refused;
    bool is_stuck;           /* the page under way could not be stored so far */
    struct log_repeat wrong; /* what was refused for its signature */
};

/* ---- answers ---------------------------------------------------------------------------------- */

static void letter_free(struct letter *letter)
{
    if (letter->call)
        http_call_on_gone(letter->call, NULL, NULL);
    free(letter);
}

static void refuse_letter(struct letter *letter, const char *why)
{
    if (letter->call)
        http_call_refuse(TAKE(letter->call), 503, LATER_S, why);
    free(letter);
}

static void append_refusal(struct inbox *inbox, const char *key, struct str value, struct str why)
{
    inbox->n_refused++;
    if (inbox->n_refusals == REFUSALS_MAX)
        return;
    buf_printf(&inbox->refusals, "%s{\"%s\":", inbox->n_refusals++ ? "," : "", key);
    buf_append_str(&inbox->refusals, value);
    buf_append_str(&inbox->refusals, STR(",\"error\":"));
    buf_append_json(&inbox->refusals, str_cut_utf8(why, WHY_MAX));
    buf_append_char(&inbox->refusals, '}');
}

void inbox_refuse(struct feed *feed, struct str id, struct str why)
{
    struct buf text = BUF_INIT(8 * WHY_MAX);

    if (!feed->inbox || !feed->inbox->current)
        return;
    buf_append_json(&text, str_cut_utf8(id, WHY_MAX));
    append_refusal(feed->inbox, "id", buf_str(&text), why);
    buf_finish(&text);
}

static void append_bad_lines(struct inbox *inbox)
{
    const struct source_page *page = &inbox->feed->page;
    struct buf line = BUF_INIT(32);

    for (size_t i = 0; i < page->n_refusals; i++) {
        buf_reset(&line);
        buf_append_i64(&line, page->refusals[i].line);
        append_refusal(inbox, "line", buf_str(&line), page->refusals[i].why);
    }
    inbox->n_refused += page->skipped - page->n_refusals;
    buf_finish(&line);
}

static void answer(struct inbox *inbox, struct http_call *call)
{
    const struct poller_stats *now = &inbox->feed->stats, *before = &inbox->before;
    struct buf body = BUF_INIT(REPLY_MAX);

    append_bad_lines(inbox);
    buf_printf(&body,
               "{\"taken\":%llu,\"known\":%llu,\"old\":%llu,\"ignored\":%llu,\"n_refused\":%zu,\"refused\":[",
               (unsigned long long)(now->new_mentions - before->new_mentions),
               (unsigned long long)(now->known - before->known), (unsigned long long)(now->old - before->old),
               (unsigned long long)(now->unrelated + now->excluded - before->unrelated - before->excluded),
               inbox->n_refused);
    buf_append_str(&body, buf_str(&inbox->refusals));
    buf_append_str(&body, STR("]}\n"));
    if (body.failed)
        http_call_refuse(call, 503, LATER_S, "out of memory");
    else
        http_call_answer(call, &(struct http_answer){.status = 200, .body = buf_str(&body)});
    buf_finish(&body);
}

void inbox_stored(struct feed *feed)
{
    struct inbox *inbox = feed->inbox;
    struct letter *letter;

    if (!inbox)
        return;
    inbox->is_stuck = false;
    letter = TAKE(inbox->current);
    if (!letter)
        return;
    if (letter->call)
        answer(inbox, TAKE(letter->call));
    letter_free(letter);
}

void inbox_fail(struct feed *feed, const char *why)
{
    struct inbox *inbox = feed->inbox;
    struct letter *letter;

    if (!inbox)
        return;
    inbox->is_stuck = true;
    letter = TAKE(inbox->current);
    if (letter)
        refuse_letter(letter, why);
    while ((letter = TAILQ_FIRST(&inbox->waiting))) {
        TAILQ_REMOVE(&inbox->waiting, letter, entry);
        refuse_letter(letter, why);
    }
    inbox->n_waiting = 0;
}

/* ---- requests ---------------------------------------------------------------------------------- */

static void on_gone(void *user, struct http_call *call)
{
    struct letter *letter = user;
    struct inbox *inbox = letter->inbox;

    (void)call;
    letter->call = NULL;
    if (letter == inbox->current)
        return;
    TAILQ_REMOVE(&inbox->waiting, letter, entry);
    inbox->n_waiting--;
    free(letter);
}

static struct str call_header(const void *request, struct str name)
{
    return http_call_header(request, name);
}

/* 0, or the status to refuse it with, and `err` is for the sender. */
static int check_signature(struct inbox *inbox, const struct http_call *call, struct error *err)
{
    const struct source *source = inbox->feed->source;
    const struct source_push push = {http_call_body(call), call, call_header, clock_now_ms()};
    int r = source->driver->inlet->check(source, &push, err);

    if (r == 0) {
        log_repeat_over(&inbox->wrong);
        return 0;
    }
    if (log_repeat_due(&inbox->wrong))
        log_warn("pushed body refused", field_str("brand", source->brand), field_str("source", source->name),
                 field_text("error", err->text), field_int("times", (int64_t)inbox->wrong.times));
    if (r == -EACCES)
        return 401;
    if (r == -EBADMSG)
        return 413;
    error_set(err, r, "the source is not set up rightly, see the log");
    return 503;
}

/* NULL: it may wait for the feed. */
static const char *why_not_now(const struct inbox *inbox, int *ret_wait_s)
{
    const struct feed *feed = inbox->feed;
    bool is_flooded = feed->state == FEED_IDLE && feed->flood_wait_ms > 0;

    *ret_wait_s = LATER_S;
    if (feed->poller->draining)
        return "the daemon is about to stop or to read its configuration again";
    if (feed->paused || feed->pause_wished)
        return "the source is paused";
    if (!redis_is_up(store_redis(feed->poller->options.store)))
        return "the queue is not reachable";
    if (!account_has_lease(feed->account))
        return "another daemon reads this source";
    if (inbox->is_stuck && feed->state == FEED_STORING)
        return "the queue does not take anything now";
    *ret_wait_s = SOON_S;
    if (inbox->n_waiting >= WAITING_MAX)
        return "too many requests wait";
    if (is_flooded && feed->health.next_poll_ms > clock_now_ms()) {
        *ret_wait_s = (int)((feed->health.next_poll_ms - clock_now_ms()) / 1000) + 1;
        return "too many mentions a minute";
    }
    return NULL;
}

static void on_push(void *user, struct http_call *call)
{
    struct inbox *inbox = user;
    struct letter *letter;
    struct error err = {0};
    const char *why;
    int wait_s, status = check_signature(inbox, call, &err);

    if (status != 0) {
        http_call_refuse(call, status, status == 503 ? LATER_S : 0, err.text);
        return;
    }
    why = why_not_now(inbox, &wait_s);
    letter = why ? NULL : calloc(1, sizeof(*letter));
    if (!letter) {
        http_call_refuse(call, 503, wait_s, why ? why : "out of memory");
        return;
    }
    *letter = (struct letter){.inbox = inbox, .call = call};
    TAILQ_INSERT_TAIL(&inbox->waiting, letter, entry);
    inbox->n_waiting++;
    http_call_on_gone(call, on_gone, letter);
    feed_poll_now(inbox->feed);
}

/* ---- the feed's side --------------------------------------------------------------------------- */

bool inbox_has_mail(const struct feed *feed)
{
    return feed->inbox && feed->inbox->n_waiting > 0;
}

void inbox_take(struct feed *feed, struct source_reply *ret)
{
    struct inbox *inbox = feed->inbox;
    struct letter *letter = inbox ? TAILQ_FIRST(&inbox->waiting) : NULL;

    *ret = (struct source_reply){.kind = REQUEST_INBOX, .eof = true, .received_at_ms = clock_now_ms()};
    if (!letter)
        return;
    TAILQ_REMOVE(&inbox->waiting, letter, entry);
    inbox->n_waiting--;
    inbox->current = letter;
    inbox->is_stuck = false;
    inbox->before = feed->stats;
    buf_reset(&inbox->refusals);
    inbox->n_refusals = inbox->n_refused = 0;
    ret->body = http_call_body(letter->call);
    ret->eof = inbox->n_waiting == 0;
}

int inbox_create(struct feed *feed, struct error *err)
{
    const struct source_inlet *inlet = feed->source->driver->inlet;
    struct http_server *server = feed->poller->options.server;
    struct arena arena;
    struct str path;
    int r;

    if (!inlet || !server || !feed->poller->options.store)
        return 0;
    feed->inbox = calloc(1, sizeof(*feed->inbox));
    if (!feed->inbox)
        return error_oom(err);
    feed->inbox->feed = feed;
    TAILQ_INIT(&feed->inbox->waiting);
    buf_init(&feed->inbox->refusals, REPLY_MAX - 4096);
    arena_init(&arena, 4096);
    path = inlet->path(feed->source, &arena);
    r = http_server_add_route(server,
                              &(struct http_route){.method = "POST",
                                                   .path = path,
                                                   .body_max = inlet->body_max,
                                                   .handle = on_push,
                                                   .user = feed->inbox},
                              err);
    arena_finish(&arena);
    return r < 0 ? error_prefix(err, r, "source '%.*s'", STR_FMT(feed->source->name)) : 0;
}

void inbox_destroy(struct feed *feed)
{
    if (!feed->inbox)
        return;
    inbox_fail(feed, "the daemon is about to stop or to read its configuration again");
    http_server_remove_routes(feed->poller->options.server, feed->inbox);
    buf_finish(&feed->inbox->refusals);
    free(TAKE(feed->inbox));
}
