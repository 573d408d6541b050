/* The mention's defaults, limits and names. What a mention must be is enforced here once, for
 * whatever driver made it; its JSON form is in mention_json.c. */
#include "mentiond/mention.h"

#include <errno.h>

#define CLOCK_SKEW_MS 60000 /* how far in the future a network's time is believed */

static const char *const class_names[CLASS_COUNT] = {
    [CLASS_NONE] = "none",
    [CLASS_PRAISE] = "praise",
    [CLASS_COMPLAINT] = "complaint",
    [CLASS_OUTAGE] = "outage",
};

static const char *const signal_names[SIGNAL_COUNT] = {
    "recovery", "maintenance", "past", "joke", "news", "other-brand",
};

static const char *const says_names[] = {"", "down", "repeats", "back"};

#define MS_PER_DAY INT64_C(86400000)

void mention_init(struct mention *m)
{
    *m = (struct mention){
        .lang = STR("und"),
        .likes = -1,
        .shares = -1,
        .replies = -1,
        .author.followers = -1,
    };
}

/* ---- limits -------------------------------------------------------------------------------- */

static void cut(struct mention *m, struct str *text, size_t max_len)
{
    if (text->len <= max_len)
        return;
    *text = str_cut_utf8(*text, max_len);
    m->truncated = true;
}

/* Ids that are cut are other ids: these are refused or dropped, never shortened. */
static int check_ids(struct mention *m, struct error *err)
{
    struct str *links[] = {&m->native, &m->conversation, &m->in_reply_to, &m->in_reply_to_author,
                           &m->repost_of};

    if (m->id.len == 0 || m->id.len > MENTION_ID_MAX)
        return error_set(err, -EINVAL, "id: %zu bytes, wanted 1 to %d", m->id.len, MENTION_ID_MAX);
    if (m->network.len == 0 || m->network.len > MENTION_NAME_MAX)
        return error_set(err, -EINVAL, "network: %zu bytes, wanted 1 to %d", m->network.len,
                         MENTION_NAME_MAX);
    if (m->id.len <= m->network.len + 1 || !str_starts_with(m->id, m->network) ||
        m->id.s[m->network.len] != ':')
        return error_set(err, -EINVAL, "id: does not begin with its network and a colon");
    if (m->author.id.len == 0 || m->author.id.len > MENTION_ID_MAX)
        return error_set(err, -EINVAL, "author.id: %zu bytes, wanted 1 to %d", m->author.id.len,
                         MENTION_ID_MAX);
    for (size_t i = 0; i < ARRAY_LEN(links); i++) {
        if (links[i]->len > MENTION_ID_MAX)
            *links[i] = STR("");
    }
    return 0;
}

static void check_texts(struct mention *m)
{
    struct str *names[] = {&m->brand, &m->source, &m->lang, &m->place, &m->kind, &m->author.handle,
                           &m->author.name, &m->author.location};

    cut(m, &m->text, MENTION_TEXT_MAX);
    for (size_t i = 0; i < ARRAY_LEN(names); i++)
        *names[i] = str_cut_utf8(*names[i], MENTION_NAME_MAX);
    if (m->url.len > MENTION_URL_MAX)
        m->url = STR("");
    if (m->lang.len == 0)
        m->lang = STR("und");
}

static void check_lists(struct mention *m)
{
    for (size_t i = 0; i < m->n_hits; i++) {
        if (m->hits[i].end > m->text.len)
            m->hits[i].end = (uint32_t)m->text.len;
        if (m->hits[i].start > m->hits[i].end)
            m->hits[i].start = m->hits[i].end;
    }
    for (size_t i = 0; i < m->n_captures; i++)
        m->captures[i].value = str_cut_utf8(m->captures[i].value, MENTION_CAPTURE_MAX);
}

static void check_times(struct mention *m)
{
    if (m->created_at_ms > m->fetched_at_ms + CLOCK_SKEW_MS) {
        m->claimed_created_at_ms = m->created_at_ms;
        m->created_at_ms = m->fetched_at_ms;
    }
    if (m->created_at_ms <= 0)
        m->created_at_ms = m->fetched_at_ms;
    if (m->edited_at_ms < 0)
        m->edited_at_ms = 0;
}

int mention_check(struct mention *m, struct error *err)
{
    int code = check_ids(m, err);

    if (code < 0)
        return code;
    check_texts(m);
    check_lists(m);
    check_times(m);
    return 0;
}

/* ---- names --------------------------------------------------------------------------------- */

int64_t mention_age_days(const struct mention *m)
{
    int64_t heard_ms = m->fetched_at_ms ? m->fetched_at_ms : m->created_at_ms;

    if (m->author.created_at_ms <= 0 || m->author.created_at_ms > heard_ms)
        return -1;
    return (heard_ms - m->author.created_at_ms) / MS_PER_DAY;
}

const char *mention_says_name(enum mention_says says)
{
    return says_names[says];
}

enum mention_says mention_says_parse(struct str name)
{
    for (unsigned i = 1; i < ARRAY_LEN(says_names); i++) {
        if (str_eq(name, str_from(says_names[i])))
            return (enum mention_says)i;
    }
    return SAYS_NOTHING;
}

const char *mention_class_name(enum mention_class class)
{
    return (size_t)class < CLASS_COUNT ? class_names[class] : class_names[CLASS_NONE];
}

bool mention_class_parse(struct str name, enum mention_class *ret)
{
    for (size_t i = 0; i < CLASS_COUNT; i++) {
        if (str_eq(name, str_from(class_names[i]))) {
            *ret = (enum mention_class)i;
            return true;
        }
    }
    return false;
}

const char *mention_signal_name(unsigned signal)
{
    for (unsigned i = 0; i < SIGNAL_COUNT; i++) {
        if (signal == 1u << i)
            return signal_names[i];
    }
    return "";
}

bool mention_signal_parse(struct str name, unsigned *ret)
{
    for (unsigned i = 0; i < SIGNAL_COUNT; i++) {
        if (str_eq(name, str_from(signal_names[i]))) {
            *ret = 1u << i;
            return true;
        }
    }
    return false;
}
