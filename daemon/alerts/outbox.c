/* The outbox: events in, letters out, outcomes back. */
#include "alerts/outbox.h"

#include <errno.h>
#include <inttypes.h>

#include "mentiond/alert_outbox.h"

#define ROUTES_OF_EVENT_MAX 16
#define MILLI 1000
#define MINUTE_MS 60000
#define SUMMARY_KEY "summary"

/* ---- making -------------------------------------------------------------------------------- */

int outbox_create(const struct alert_plan *plan, struct outbox **ret, struct error *err)
{
    struct outbox *outbox = calloc(1, sizeof(*outbox));

    if (!outbox)
        return error_oom(err);
    outbox->plan = plan;
    outbox->n_mailboxes = plan->targets->n;
    outbox->mailboxes = calloc(outbox->n_mailboxes + 1, sizeof(*outbox->mailboxes));
    if (!outbox->mailboxes) {
        free(outbox);
        return error_oom(err);
    }
    for (size_t i = 0; i < outbox->n_mailboxes; i++) {
        outbox->mailboxes[i] = (struct mailbox){.target = &plan->targets->items[i], .refilled_ms = -1};
        TAILQ_INIT(&outbox->mailboxes[i].letters);
    }
    *ret = outbox;
    return 0;
}

void outbox_destroy(struct outbox *outbox)
{
    if (!outbox)
        return;
    for (size_t i = 0; i < outbox->n_mailboxes; i++) {
        while (!TAILQ_EMPTY(&outbox->mailboxes[i].letters))
            letter_drop(TAILQ_FIRST(&outbox->mailboxes[i].letters));
    }
    free(outbox->mailboxes);
    free(outbox);
}

void outbox_set_silences(struct outbox *outbox, const struct alert_silence *silences, size_t n)
{
    outbox->silences = silences;
    outbox->n_silences = n;
}

struct mailbox *outbox_mailbox(struct outbox *outbox, const struct alert_target *target)
{
    for (size_t i = 0; i < outbox->n_mailboxes; i++) {
        if (outbox->mailboxes[i].target == target)
            return &outbox->mailboxes[i];
    }
    return NULL;
}

/* ---- events in ----------------------------------------------------------------------------- */

static size_t count_waiting(const struct mailbox *mailbox)
{
    const struct letter *letter;
    size_t n = 0;

    for (letter = TAILQ_FIRST(&mailbox->letters); letter; letter = TAILQ_NEXT(letter, entry))
        n += letter->since_ms != 0;
    return n;
}

/* Fields as lines: what has a line end in it gets a space there, what is too long ends. */
static bool set_fields(struct letter *letter, const struct alert_event *event)
{
    struct buf b = BUF_INIT(OUTBOX_FIELDS_MAX + 2);
    bool ok;

    for (size_t i = 0; i + 1 < event->n_fields; i += 2) {
        struct str value = str_cut_utf8(event->fields[i + 1], OUTBOX_FIELDS_MAX / 2);

        if (value.len == 0 || b.len + event->fields[i].len + value.len + 2 > OUTBOX_FIELDS_MAX)
            continue;
        buf_append_str(&b, event->fields[i]);
        buf_append_char(&b, '\n');
        for (size_t j = 0; j < value.len; j++)
            buf_append_char(&b, value.s[j] == '\n' || value.s[j] == '\0' ? ' ' : value.s[j]);
        buf_append_char(&b, '\n');
    }
    ok = !b.failed && letter_set(&letter->fields, buf_str(&b));
    buf_finish(&b);
    return ok;
}

static void wait_from(struct letter *letter, int64_t now_ms, int64_t due_ms)
{
    if (letter->since_ms == 0) {
        letter->since_ms = now_ms;
        letter->due_ms = due_ms;
    }
}

/* When the first word of a group may be said. */
static int64_t due_of(const struct alert_route *route, bool is_first, int64_t now_ms)
{
    int64_t due_ms = is_first ? now_ms + route->group_wait_ms : now_ms, quiet_ms;

    if (route->digest != ALERT_DIGEST_OFF)
        due_ms = alert_digest_at((enum alert_digest)route->digest, route->quiet.time_zone, now_ms);
    quiet_ms = alert_quiet_until(&route->quiet, due_ms);
    return quiet_ms ? quiet_ms : due_ms;
}

/* One line more in a summary, while there is room; the rest is counted. */
static bool sum_up(struct letter *letter, const struct alert_event *event, struct str id)
{
    struct buf b = BUF_INIT(OUTBOX_FIELDS_MAX);
    bool ok = true;

    letter->is_summary = true;
    if (letter->n_events < OUTBOX_SUMMARY_TITLES) {
        buf_printf(&b, "%s%.*s %.*s\n", letter->fields, STR_FMT(event->type),
                   STR_FMT(str_cut_utf8(alert_event_get(event, "id"), 200)));
        ok = b.failed || letter_set(&letter->fields, buf_str(&b)); /* without room it is only counted */
    }
    buf_finish(&b);
    return ok && letter_set(&letter->type, STR("summary")) && letter_set(&letter->brand, event->brand) &&
           letter_set(&letter->event_id, id);
}

static bool write_letter(struct letter *letter, const struct alert_event *event, struct str id)
{
    return letter_set(&letter->type, event->type) && letter_set(&letter->brand, event->brand) &&
           letter_set(&letter->event_id, id) && set_fields(letter, event);
}

/* The end, or the acknowledgement, of what nobody was told of and nobody waits to be told: it was silenced.
 * What ended while its first message waited is told, once. */
static bool is_unwanted(const struct letter *letter, const struct alert_route *route, enum alert_phase phase)
{
    if (phase == ALERT_RESOLVED && !route->resolved)
        return true;
    return (phase == ALERT_RESOLVED || phase == ALERT_ACKED) && !letter->was_told && letter->since_ms == 0;
}

static bool goes_into_summary(const struct mailbox *mailbox, const struct alert_route *route,
                              enum alert_phase phase, struct str key)
{
    if (route->digest != ALERT_DIGEST_OFF)
        return true;
    return count_waiting(mailbox) >= (phase == ALERT_PASSING ? OUTBOX_LETTERS_MAX : OUTBOX_GROUPS_MAX) &&
           !letter_find((struct mailbox *)mailbox, route, key);
}

static int deliver_to(struct outbox *outbox, struct mailbox *mailbox, const struct alert_route *route,
                      const struct alert_event *event, struct str key, struct str id, int64_t now_ms,
                      struct error *err)
{
    enum alert_phase phase = alert_kind_find(event->type)->phase;
    bool summary = goes_into_summary(mailbox, route, phase, key), is_first;
    struct letter *letter = letter_get(mailbox, route, summary ? STR(SUMMARY_KEY) : key);

    if (!letter)
        return error_oom(err);
    is_first = !letter->was_told;
    if (!(summary ? sum_up(letter, event, id) : write_letter(letter, event, id)))
        return error_oom(err);
    letter->at_ms = event->at_ms;
    letter->phase = summary ? ALERT_PASSING : phase;
    letter->acked =
        letter->phase == ALERT_ACKED || (letter->acked && !str_eq(event->type, STR("outage.opened")));
    letter->n_events++;
    letter->repeat_ms = 0;
    outbox->counters.summed_up += summary;
    if (!summary && is_unwanted(letter, route, phase)) {
        letter->n_events = 0;
        if (mailbox->under_way != letter)
            letter_drop(letter);
        return 0;
    }
    outbox->counters.letters += letter->since_ms == 0;
    wait_from(letter, now_ms, due_of(route, is_first, now_ms));
    return 0;
}

static bool is_silenced(const struct outbox *outbox, const struct alert_event *event, int64_t now_ms)
{
    return alert_silenced(outbox->plan->silences, outbox->plan->n_silences, event, now_ms) ||
           alert_silenced(outbox->silences, outbox->n_silences, event, now_ms);
}

int outbox_take(struct outbox *outbox, const struct alert_event *event, struct str id, int64_t now_ms,
                struct error *err)
{
    const struct alert_route *routes[ROUTES_OF_EVENT_MAX];
    struct arena arena;
    size_t n;
    int code = 0;

    if (!alert_kind_find(event->type))
        return 0;
    outbox->counters.events++;
    if (is_silenced(outbox, event, now_ms)) {
        outbox->counters.silenced++;
        return 0;
    }
    arena_init(&arena, 64 * 1024);
    n = alert_plan_route(outbox->plan, event, routes, ARRAY_LEN(routes));
    for (size_t i = 0; i < n && code == 0; i++) {
        struct str key = alert_group_key(routes[i], event, &arena);

        for (size_t j = 0; j < routes[i]->n_targets && code == 0; j++)
            code = deliver_to(outbox, outbox_mailbox(outbox, routes[i]->targets[j]), routes[i], event, key,
                              id, now_ms, err);
        outbox->dirty = true;
    }
    arena_finish(&arena);
    return code;
}

/* ---- letters out --------------------------------------------------------------------------- */

static int64_t burst_milli(const struct mailbox *mailbox)
{
    int64_t burst = mailbox->target->channel->burst;

    return (burst > 0 ? burst : 1) * MILLI;
}

static void refill(struct mailbox *mailbox, int64_t now_ms)
{
    int64_t gone_ms = mailbox->refilled_ms < 0 ? 0 : now_ms - mailbox->refilled_ms;

    if (mailbox->refilled_ms < 0 || gone_ms > MINUTE_MS)
        mailbox->tokens_milli = burst_milli(mailbox);
    else if (gone_ms > 0)
        mailbox->tokens_milli += gone_ms * mailbox->target->per_minute * MILLI / MINUTE_MS;
    if (mailbox->tokens_milli > burst_milli(mailbox))
        mailbox->tokens_milli = burst_milli(mailbox);
    mailbox->refilled_ms = now_ms;
}

static int64_t token_wait_ms(const struct mailbox *mailbox)
{
    if (mailbox->tokens_milli >= MILLI)
        return 0;
    return (MILLI - mailbox->tokens_milli) * MINUTE_MS / (mailbox->target->per_minute * MILLI) + 1;
}

/* What is still so is said again when its time has come. */
static void wake_repeats(struct outbox *outbox, struct mailbox *mailbox, int64_t now_ms)
{
    struct letter *letter;

    for (letter = TAILQ_FIRST(&mailbox->letters); letter; letter = TAILQ_NEXT(letter, entry)) {
        if (letter->since_ms == 0 && letter->repeat_ms > 0 && letter->repeat_ms <= now_ms) {
            wait_from(letter, now_ms, due_of(letter->route, false, now_ms));
            outbox->counters.repeated++;
            outbox->dirty = true;
        }
    }
}

static struct letter *first_due(struct mailbox *mailbox)
{
    struct letter *letter, *first = NULL;

    for (letter = TAILQ_FIRST(&mailbox->letters); letter; letter = TAILQ_NEXT(letter, entry)) {
        if (letter->since_ms != 0 && (!first || letter->due_ms < first->due_ms))
            first = letter;
    }
    return first;
}

static int64_t next_repeat(const struct mailbox *mailbox)
{
    const struct letter *letter;
    int64_t next_ms = INT64_MAX;

    for (letter = TAILQ_FIRST(&mailbox->letters); letter; letter = TAILQ_NEXT(letter, entry)) {
        if (letter->since_ms == 0 && letter->repeat_ms > 0 && letter->repeat_ms < next_ms)
            next_ms = letter->repeat_ms;
    }
    return next_ms;
}

/* When the mailbox has something to send: now_ms or before, later, or INT64_MAX. */
static int64_t ready_at(struct outbox *outbox, struct mailbox *mailbox, int64_t now_ms, struct letter **ret)
{
    int64_t at_ms;

    if (mailbox->under_way)
        return INT64_MAX;
    wake_repeats(outbox, mailbox, now_ms);
    *ret = first_due(mailbox);
    if (!*ret)
        return next_repeat(mailbox);
    at_ms = (*ret)->due_ms > mailbox->blocked_ms ? (*ret)->due_ms : mailbox->blocked_ms;
    if (at_ms > now_ms)
        return at_ms < next_repeat(mailbox) ? at_ms : next_repeat(mailbox);
    refill(mailbox, now_ms);
    return now_ms + token_wait_ms(mailbox);
}

static bool fill_summary(const struct letter *letter, struct arena *arena, struct alert_notice *ret)
{
    *ret = (struct alert_notice){
        .key = arena_printf(arena, "%s/summary/%.*s", letter->brand, STR_FMT(letter->route->name)),
        .phase = ALERT_PASSING,
        .severity = ALERT_INFO,
        .event = STR("summary"),
        .brand = arena_str(arena, str_from(letter->brand)),
        .title = arena_printf(arena, "%s: %u events", letter->brand[0] ? letter->brand : "mentiond",
                              letter->n_events),
        .text = alert_clean(str_from(letter->fields), true, arena),
        .at_ms = letter->at_ms,
        .since_ms = letter->since_ms,
    };
    return ret->key.s && ret->title.s;
}

static struct str json_of(const struct alert_notice *notice, const struct alert_event *event,
                          struct arena *arena)
{
    struct buf b = BUF_INIT(ALERT_BODY_MAX);
    struct str text;

    buf_append_char(&b, '{');
    buf_append_json_field(&b, STR("type"), notice->event);
    buf_append_json_field(&b, STR("brand"), notice->brand);
    buf_append_json_field(&b, STR("key"), notice->key);
    buf_append_json_field(&b, STR("title"), notice->title);
    buf_append_json_field(&b, STR("text"), notice->text);
    buf_printf(&b, ",\"at\":%" PRId64 ",\"data\":{", notice->at_ms);
    for (size_t i = 0; i + 1 < event->n_fields; i += 2)
        buf_append_json_field(&b, event->fields[i], event->fields[i + 1]);
    buf_append_str(&b, STR("}}"));
    text = b.failed ? STR("{}") : arena_str(arena, buf_str(&b));
    buf_finish(&b);
    return text.s ? text : STR("{}");
}

static bool fill(const struct letter *letter, struct arena *arena, struct outbox_item *ret)
{
    struct alert_event event = {0};
    struct error err;
    bool ok;

    if (letter->is_summary)
        ok = fill_summary(letter, arena, &ret->notice);
    else
        ok = letter_event(letter, arena, &event) &&
             alert_notice_fill(letter->route, &event, letter->n_events, arena, &ret->notice, &err) == 0;
    if (!ok)
        return false;
    /* a repeat of the same state is another message */
    ret->notice.id = arena_printf(arena, "%.*s/%s/%s/%" PRId64, STR_FMT(ret->notice.key), letter->type,
                                  letter->event_id, letter->since_ms);
    ret->notice.json = json_of(&ret->notice, &event, arena);
    ret->target = letter->mailbox->target;
    ret->memo = arena_str(arena, str_from(letter->memo));
    return ret->notice.id.s && ret->memo.s;
}

bool outbox_next(struct outbox *outbox, int64_t now_ms, struct arena *arena, struct outbox_item *ret,
                 int64_t *ret_wait_ms)
{
    int64_t next_ms = INT64_MAX;

    for (size_t i = 0; i < outbox->n_mailboxes; i++) {
        struct mailbox *mailbox = &outbox->mailboxes[i];
        struct letter *letter = NULL;
        int64_t at_ms = ready_at(outbox, mailbox, now_ms, &letter);

        if (letter && at_ms <= now_ms && fill(letter, arena, ret)) {
            mailbox->tokens_milli -= MILLI;
            mailbox->under_way = ret->letter = letter;
            letter->n_sending = letter->n_events;
            letter->n_events = 0; /* what comes while it is under way is told after it */
            return true;
        }
        if (at_ms < next_ms)
            next_ms = at_ms;
    }
    *ret_wait_ms = next_ms == INT64_MAX ? -1 : next_ms > now_ms ? next_ms - now_ms : 1;
    return false;
}

/* ---- outcomes back ------------------------------------------------------------------------- */

/* Doubling, with up to a quarter more so that many do not come back at once. */
static int64_t backoff_ms(unsigned failures, uint32_t random)
{
    int64_t wait_ms = OUTBOX_BACKOFF_MIN_MS;

    for (unsigned i = 1; i < failures && wait_ms < OUTBOX_BACKOFF_MAX_MS; i++)
        wait_ms *= 2;
    if (wait_ms > OUTBOX_BACKOFF_MAX_MS)
        wait_ms = OUTBOX_BACKOFF_MAX_MS;
    return wait_ms + random % (uint32_t)(wait_ms / 4);
}

static int64_t repeat_at(const struct letter *letter, int64_t now_ms)
{
    int64_t resend_ms = letter->mailbox->target->channel->resend_ms;

    if (letter->phase != ALERT_FIRING && letter->phase != ALERT_ACKED)
        return 0;
    if (resend_ms > 0)
        return now_ms + resend_ms;
    return letter->route->repeat_ms > 0 && !letter->acked ? now_ms + letter->route->repeat_ms : 0;
}

/* Said, or never to be: nothing of it waits, unless more has come meanwhile. */
static void settle(struct letter *letter, bool told, int64_t now_ms)
{
    bool more = letter->n_events > 0;

    letter->was_told = letter->was_told || told;
    letter->again = false;
    letter->n_sending = 0;
    letter->since_ms = more ? now_ms : 0;
    letter->due_ms = now_ms;
    if (more)
        return;
    letter->repeat_ms = told ? repeat_at(letter, now_ms) : 0;
    if (letter->phase == ALERT_PASSING || letter->phase == ALERT_RESOLVED)
        letter_drop(letter);
}

/* What the message stood for is still to be told. */
static void take_back(struct letter *letter)
{
    letter->n_events += letter->n_sending;
    letter->n_sending = 0;
}

static void put_off(struct outbox *outbox, struct letter *letter, int64_t wait_ms, int64_t now_ms)
{
    if (now_ms - letter->since_ms > OUTBOX_GIVE_UP_MS) {
        outbox->counters.given_up++;
        settle(letter, false, now_ms);
        return;
    }
    take_back(letter);
    letter->mailbox->blocked_ms = now_ms + wait_ms;
    letter->due_ms = now_ms + wait_ms;
}

static const char *channel_works(struct mailbox *mailbox)
{
    bool was_failing = mailbox->failing;

    mailbox->failing = false;
    mailbox->failures = 0;
    mailbox->blocked_ms = 0;
    return was_failing ? "channel.recovered" : NULL;
}

/* Said at the third failure in a row, or at once when only a person can mend it. */
static const char *channel_fails(struct mailbox *mailbox, bool broken)
{
    mailbox->failures++;
    if (mailbox->failing || (!broken && mailbox->failures < 3))
        return NULL;
    mailbox->failing = true;
    return "channel.failing";
}

static void keep_memo(struct letter *letter, struct str memo)
{
    if (memo.s && memo.len <= ALERT_MEMO_MAX)
        letter_set(&letter->memo, memo);
}

/* A moved chat, a refused markup: at once and otherwise, but not twice. */
static void send_again(struct outbox *outbox, struct letter *letter, struct str memo, int64_t now_ms)
{
    if (letter->again) {
        outbox->counters.refused++;
        settle(letter, false, now_ms);
        return;
    }
    keep_memo(letter, memo);
    letter->again = true;
    take_back(letter);
    letter->due_ms = now_ms;
}

/* A receiver that says how long to wait works. */
static const char *send_later(struct outbox *outbox, struct letter *letter,
                              const struct alert_outcome *outcome, int64_t now_ms, uint32_t random)
{
    struct mailbox *mailbox = letter->mailbox;
    const char *said = outcome->wait_ms < 0 ? channel_fails(mailbox, false) : NULL;

    outbox->counters.later++;
    put_off(outbox, letter, outcome->wait_ms >= 0 ? outcome->wait_ms : backoff_ms(mailbox->failures, random),
            now_ms);
    return said;
}

void outbox_outcome(struct outbox *outbox, void *letter_, const struct alert_outcome *outcome, int64_t now_ms,
                    uint32_t random, const char **ret_said)
{
    struct letter *letter = letter_;
    struct mailbox *mailbox = letter->mailbox;

    mailbox->under_way = NULL;
    outbox->dirty = true;
    *ret_said = NULL;
    switch (outcome->verdict) {
    case ALERT_DONE:
        keep_memo(letter, outcome->memo);
        outbox->counters.sent++;
        *ret_said = channel_works(mailbox);
        settle(letter, true, now_ms);
        break;
    case ALERT_REFUSED:
        outbox->counters.refused++;
        settle(letter, false, now_ms);
        break;
    case ALERT_AGAIN:
        send_again(outbox, letter, outcome->memo, now_ms);
        break;
    case ALERT_BROKEN:
        *ret_said = channel_fails(mailbox, true);
        put_off(outbox, letter, OUTBOX_PROBE_MS, now_ms);
        break;
    case ALERT_LATER:
        *ret_said = send_later(outbox, letter, outcome, now_ms, random);
        break;
    }
}

/* ---- looking ------------------------------------------------------------------------------- */

void outbox_counters_get(const struct outbox *outbox, struct outbox_counters *ret)
{
    *ret = outbox->counters;
}

bool outbox_is_dirty(const struct outbox *outbox)
{
    return outbox->dirty;
}

size_t outbox_waiting(const struct outbox *outbox, const struct alert_target *target, int64_t *ret_since_ms)
{
    const struct mailbox *mailbox = outbox_mailbox((struct outbox *)outbox, target);
    const struct letter *letter;

    *ret_since_ms = 0;
    if (!mailbox)
        return 0;
    for (letter = TAILQ_FIRST(&mailbox->letters); letter; letter = TAILQ_NEXT(letter, entry)) {
        if (letter->since_ms != 0 && (*ret_since_ms == 0 || letter->since_ms < *ret_since_ms))
            *ret_since_ms = letter->since_ms;
    }
    return count_waiting(mailbox);
}
