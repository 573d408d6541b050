/* One message on its way: the channel's request carried out over HTTP, SMTP or as a program, and what came
 * back judged by the channel. What never became an answer (no connection, a time-out) is "later".
 *
 * A sending owns its arena, in which notice, request and outcome live, and is freed after its outcome was
 * given. */
#include <errno.h>

#include "mentiond/alerter.h"
#include "mentiond/clock.h"
#include "mentiond/exec.h"
#include "mentiond/log.h"

static const char log_module[] = "alerts";

#define EXEC_OUTPUT_MAX 65536 /* bytes of a program's output */

struct alert_sending {
    const struct alert_target *target;
    struct alert_notice notice;
    struct arena arena; /* owned */
    struct alert_request request;
    struct http_transfer *http;
    struct mail_transfer *mail;
    struct exec_child *child;
    struct event *soon; /* owned: what could not begin is said from the loop */
    struct alert_outcome outcome;
    alert_sent_fn *done;
    void *user;
};

static void destroy(struct alert_sending *sending)
{
    if (sending->soon)
        event_free(sending->soon);
    arena_finish(&sending->arena);
    free(sending);
}

static void finish(struct alert_sending *sending, const struct alert_outcome *outcome)
{
    sending->done(sending->user, outcome);
    destroy(sending);
}

static void judge(struct alert_sending *sending, struct alert_reply *reply)
{
    struct alert_outcome outcome = {.verdict = ALERT_LATER, .wait_ms = -1, .reason = STR("no answer of use")};

    reply->received_at_ms = clock_now_ms();
    sending->target->channel->judge(sending->target, &sending->notice, reply, &sending->arena, &outcome);
    finish(sending, &outcome);
}

static void unanswered(struct alert_sending *sending, enum alert_verdict verdict, const struct error *err)
{
    struct alert_outcome outcome = {.verdict = verdict,
                                    .wait_ms = -1,
                                    .reason = alert_clean(str_from(err->text), false, &sending->arena)};

    finish(sending, &outcome);
}

/* ---- answers ------------------------------------------------------------------------------- */

static void on_http(void *user, const struct http_response *response, const struct error *err)
{
    struct alert_sending *sending = user;
    struct alert_reply reply = {.http = response};

    sending->http = NULL;
    if (!response) {
        unanswered(sending, ALERT_LATER, err);
        return;
    }
    reply.body = str_slice(response->body, 0,
                           response->body.len < ALERT_REPLY_MAX ? response->body.len : ALERT_REPLY_MAX);
    judge(sending, &reply);
}

static void on_mail(void *user, int status, struct str line, const struct error *err)
{
    struct alert_sending *sending = user;
    struct alert_reply reply = {.mail_status = status, .body = line};

    sending->mail = NULL;
    if (status)
        judge(sending, &reply);
    else
        unanswered(sending, err->code == -EACCES ? ALERT_BROKEN : ALERT_LATER, err);
}

static void on_exec(void *user, const struct exec_result *result, const struct error *err)
{
    struct alert_sending *sending = user;
    struct alert_reply reply = {0};

    sending->child = NULL;
    if (!result) {
        unanswered(sending, ALERT_LATER, err);
        return;
    }
    reply.exit_status = result->exit_status;
    reply.body = result->stderr_line.len ? result->stderr_line : str_trim(result->output);
    if (reply.body.len)
        log_info("the program of a channel said", field_str("channel", sending->target->name),
                 field_int("status", result->exit_status), field_str("said", str_cut_utf8(reply.body, 500)));
    judge(sending, &reply);
}

/* ---- beginning ----------------------------------------------------------------------------- */

static int begin_http(struct alert_sending *sending, const struct alert_sender *sender, struct error *err)
{
    sending->request.http.timeout_ms = sending->request.timeout_ms;
    sending->request.http.is_body_cut = true; /* whoever answers at length has heard us */
    return http_start(sender->http, &sending->request.http, on_http, sending, &sending->http, err);
}

static int begin_mail(struct alert_sending *sending, const struct alert_sender *sender, struct error *err)
{
    sending->request.mail.timeout_ms = sending->request.timeout_ms;
    if (!sender->mail)
        return error_set(err, -EINVAL, "there is nothing to send mail with");
    return mail_start(sender->mail, &sending->request.mail, on_mail, sending, &sending->mail, err);
}

static int begin_exec(struct alert_sending *sending, const struct alert_sender *sender, struct error *err)
{
    const struct exec_request program = {.argv = sending->request.argv,
                                         .env = sending->request.env,
                                         .stdin_text = sending->request.stdin_text,
                                         .timeout_ms = sending->request.timeout_ms,
                                         .max_output = EXEC_OUTPUT_MAX};

    return exec_start(sender->base, &program, on_exec, sending, &sending->child, err);
}

static int (*const begin[])(struct alert_sending *sending, const struct alert_sender *sender,
                            struct error *err) = {
    [ALERT_HTTP] = begin_http, [ALERT_MAIL] = begin_mail, [ALERT_EXEC] = begin_exec};

static void on_soon(evutil_socket_t fd, short what, void *user)
{
    struct alert_sending *sending = user;

    (void)fd;
    (void)what;
    finish(sending, &sending->outcome);
}

/* A missing secret or program is for people to mend; too much at once is not. */
static int end_soon(struct alert_sending *sending, const struct alert_sender *sender, const struct error *why,
                    struct error *err)
{
    struct timeval now = {0, 0};

    sending->outcome =
        (struct alert_outcome){.verdict = why->code == -EBUSY ? ALERT_LATER : ALERT_BROKEN,
                               .wait_ms = why->code == -EBUSY ? 1000 : -1,
                               .reason = alert_clean(str_from(why->text), false, &sending->arena)};
    sending->soon = evtimer_new(sender->base, on_soon, sending);
    return sending->soon && evtimer_add(sending->soon, &now) == 0 ? 0 : error_oom(err);
}

int alert_send(const struct alert_sender *sender, const struct alert_target *target,
               const struct alert_notice *notice, struct str memo, struct arena *arena, alert_sent_fn *done,
               void *user, struct alert_sending **ret, struct error *err)
{
    struct alert_sending *sending = calloc(1, sizeof(*sending));
    struct error why = {0};
    int code;

    if (!sending)
        return error_oom(err);
    *sending = (struct alert_sending){
        .target = target, .notice = *notice, .arena = *arena, .done = done, .user = user};
    arena_init(arena, ALERTER_MESSAGE_MAX);
    code = target->channel->prepare(target, &sending->notice, memo, clock_now_ms(), &sending->arena,
                                    &sending->request, &why);
    if (sending->request.timeout_ms == 0)
        sending->request.timeout_ms = ALERTER_TIMEOUT_MS;
    if (code == 0)
        code = begin[sending->request.transport](sending, sender, &why);
    if (code < 0)
        code = end_soon(sending, sender, &why, err);
    if (code < 0) {
        destroy(sending);
        return code;
    }
    *ret = sending;
    return 0;
}

void alert_send_cancel(struct alert_sending *sending)
{
    if (!sending)
        return;
    http_cancel(sending->http);
    mail_cancel(sending->mail);
    exec_cancel(sending->child);
    destroy(sending);
}
