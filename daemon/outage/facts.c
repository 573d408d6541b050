/* From a judged mention to what the detector is told: is it a report, of what, from where, by whom.
 * Maintenance, the past, jokes, news and other companies' trouble are the rules' signals and make a
 * report none.
 *
 * The verdict asks what a mention is to an agent, and there anger often outweighs "not working". For
 * the detector any points of outage make a report: what chatter brings of them is in the base. */
#include "mentiond/outage.h"

#define YOUNG_DAYS 30
#define YOUNG_FOLLOWERS 10
#define NOT_NOW                                                                                    \
    (SIGNAL_MAINTENANCE | SIGNAL_PAST | SIGNAL_JOKE | SIGNAL_NEWS | SIGNAL_OTHER_BRAND)

#define INTERNET (1u << 2)
#define CALLS (1u << 5)

/* Topics that packs capture; a bit is a place in this table, so new ones go to its end. "No signal"
 * may be of calls or of the internet: a report of a special topic is one of the general ones, too, and
 * those name what has both. "servers" and "service" are none: people say that of everything. */
static const struct {
    const char *name;
    uint32_t general;
} topics[] = {
    {"login", 0},   {"payments", 0}, {"internet", 0},           {"app", 0},
    {"website", 0}, {"calls", 0},    {"mobile", INTERNET | CALLS}, {"texts", CALLS},
    {"email", 0},   {"tv", 0},       {"booking", 0},            {"power", 0},
    {"water", 0},   {"gas", 0},      {"delivery", 0},           {"chat", 0},
};

_Static_assert(ARRAY_LEN(topics) <= OUTAGE_TOPICS_MAX, "a topic set has so many bits");

int outage_topic(struct str name)
{
    for (size_t i = 0; i < ARRAY_LEN(topics); i++) {
        if (str_eq(name, str_from(topics[i].name)))
            return (int)i;
    }
    return -1;
}

const char *outage_topic_name(int topic)
{
    return topic >= 0 && (size_t)topic < ARRAY_LEN(topics) ? topics[topic].name : NULL;
}

static uint32_t topic_bits(struct str name)
{
    int topic = outage_topic(name);

    return topic < 0 ? 0 : 1u << topic | topics[topic].general;
}

uint32_t outage_place_number(struct str code)
{
    uint32_t number = (uint32_t)(outage_hash(code) >> 32);

    return number ? number : 1;
}

/* The network's, else a rule's, else the profile's. */
static void place_mention(struct mention *m)
{
    for (size_t i = 0; i < m->n_captures && !m->place.len; i++) {
        if (str_eq(m->captures[i].name, STR("place")))
            m->place = m->captures[i].value;
    }
    if (!m->place.len)
        m->place = m->author.location;
    m->place = str_cut_utf8(m->place, MENTION_CAPTURE_MAX);
}

static void look_through(const struct outage_lens *lens, struct mention *m)
{
    struct str code = {NULL, 0};
    bool own_place = m->place.len > 0 && !str_eq(m->place, m->author.location);

    if (lens->rivals && gazetteer_find(lens->rivals, m->text).s)
        m->signals |= SIGNAL_OTHER_BRAND;
    if (!lens->places || gazetteer_has_code(lens->places, m->place))
        return;
    if (own_place)
        code = gazetteer_find(lens->places, m->place);
    if (!code.s)
        code = gazetteer_find(lens->places, m->text);
    if (!code.s)
        code = gazetteer_find(lens->places, m->author.location);
    if (code.s)
        m->place = code;
}

static enum mention_says says_of(const struct mention *m)
{
    if (m->own)
        return SAYS_NOTHING;
    if (m->signals & SIGNAL_RECOVERY)
        return SAYS_BACK;
    if (m->scores[CLASS_OUTAGE] <= 0 || m->signals & NOT_NOW)
        return SAYS_NOTHING;
    return str_starts_with(m->text, STR("RT @")) ? SAYS_REPEATS : SAYS_DOWN;
}

void outage_look(const struct outage_lens *lens, const struct brand_settings *brand, struct mention *m,
                 struct arena *arena)
{
    place_mention(m);
    if (m->scores[CLASS_OUTAGE] > 0 || m->signals & SIGNAL_RECOVERY) {
        look_through(lens, m);
        mention_hash_words(m, brand, arena);
    }
    m->says = says_of(m);
}

static bool is_young(const struct mention *m)
{
    int64_t days = mention_age_days(m);

    return days >= 0 && days < YOUNG_DAYS && m->author.followers >= 0 &&
           m->author.followers < YOUNG_FOLLOWERS;
}

struct outage_fact outage_fact_of(const struct outage_lens *lens, const struct mention *m)
{
    static const enum outage_kind kinds[] = {[SAYS_NOTHING] = OUTAGE_OTHER, [SAYS_DOWN] = OUTAGE_REPORT,
                                             [SAYS_REPEATS] = OUTAGE_REPORT, [SAYS_BACK] = OUTAGE_RECOVERY};
    struct outage_fact f = {
        .kind = m->backfill ? OUTAGE_OTHER : kinds[m->says], /* what a first look finds is no news */
        .created_ms = m->created_at_ms,
        .id = outage_hash(m->id),
        .author = outage_hash(m->author.id.len ? m->author.id : m->id), /* nobody known: a person each */
        .repost = m->repost_of.len > 0 || m->says == SAYS_REPEATS,
        .young = is_young(m),
        .faint = m->class != CLASS_OUTAGE,
    };

    if (lens->places && gazetteer_has_code(lens->places, m->place))
        f.place = outage_place_number(m->place);
    for (size_t i = 0; i < m->n_captures; i++) {
        if (str_eq(m->captures[i].name, STR("topic")))
            f.topics |= topic_bits(m->captures[i].value);
    }
    for (size_t i = 0; i < m->n_words && i < MENTION_WORDS_MAX; i++)
        f.words[f.n_words++] = m->words[i];
    return f;
}
