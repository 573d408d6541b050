/* What people can be told of: one row an event type, with the words that are said where no route has its own.
 *
 * Fields are those of the stream's entries (docs/queue.md, docs/operations.md); `mention` ones are added by
 * the alerter from the mention that the event is about. */
#include "mentiond/alert_route.h"

#define FIELDS(...) (const char *const[]){__VA_ARGS__, NULL}

#define OUTAGE_FIELDS                                                                                        \
    FIELDS("id", "event", "at", "topic", "place", "places", "since", "people", "reports", "per_minute",      \
           "expected", "score", "networks", "by", "note", "status_url", "eta", "outcome", "cause", "why",    \
           "beside", "due_at", "led_ms")
#define MENTION_FIELDS                                                                                       \
    FIELDS("id", "case", "class", "by", "until", "due_at", "network", "lang", "author", "followers",         \
           "score", "text", "url", "topic", "topics", "place", "created_at", "state", "cause", "outcome",    \
           "from", "to")
#define SOURCE_FIELDS                                                                                        \
    FIELDS("source", "account", "reason", "from", "to", "since", "expected", "mentions", "failures", "wait")
#define REDIS_FIELDS FIELDS("reason", "since", "used", "limit", "host")

const struct alert_kind alert_kinds[] = {
    {"outage.opened", ALERT_FIRING, ALERT_CRITICAL, "id", OUTAGE_FIELDS,
     "{brand}: {topic|or:something} is down, {people|number} people report it",
     "Since {since|time}{place|list|before: in }. Take it: mentionctl outages ack {id}"},
    {"outage.grew", ALERT_FIRING, ALERT_CRITICAL, "id", OUTAGE_FIELDS,
     "{brand}: {topic|or:something} is down, now {people|number} people report it",
     "Since {since|time}{place|list|before: in }, {per_minute} reports a minute. "
     "Take it: mentionctl outages ack {id}"},
    {"outage.split", ALERT_FIRING, ALERT_CRITICAL, "id", OUTAGE_FIELDS,
     "{brand}: {topic|or:something} is a second outage, {people|number} people report it",
     "Told apart from {beside}. Since {since|time}{place|list|before: in }."},
    {"outage.overdue", ALERT_FIRING, ALERT_CRITICAL, "id", OUTAGE_FIELDS,
     "{brand}: nobody has taken outage {id}", "Take it: mentionctl outages ack {id}"},
    {"outage.acknowledged", ALERT_ACKED, ALERT_WARNING, "id", OUTAGE_FIELDS,
     "{brand}: {by} looks after outage {id}", "{note}{status_url|before: }{eta|time|before: until about }"},
    {"outage.over", ALERT_RESOLVED, ALERT_INFO, "id", OUTAGE_FIELDS,
     "{brand}: {topic|or:the outage} is back, {people|number} people had reported it",
     "It had begun {since|time}. End its mentions: mentionctl outages resolve {id}"},
    {"outage.resolved", ALERT_RESOLVED, ALERT_INFO, "id", OUTAGE_FIELDS, "{brand}: {by} resolved outage {id}",
     "{outcome}{cause|before:, }"},
    {"outage.rejected", ALERT_RESOLVED, ALERT_INFO, "id", OUTAGE_FIELDS,
     "{brand}: outage {id} was none: {why}", "{by} said so."},
    {"mention.queued", ALERT_PASSING, ALERT_INFO, "id", MENTION_FIELDS,
     "{brand}: {class} on {network} by {author|or:somebody}", "{text|cut:500}"},
    {"mention.overdue", ALERT_PASSING, ALERT_WARNING, "id", MENTION_FIELDS, "{brand}: {class} is overdue",
     "It was due {due_at|time}. {text|cut:500} Claim it: mentionctl claim {id}"},
    {"claim.expiring", ALERT_PASSING, ALERT_INFO, "id", MENTION_FIELDS,
     "{brand}: {by}'s claim ends {until|time}", "Keep it: mentionctl renew {id}"},
    {"source.failing", ALERT_FIRING, ALERT_WARNING, "source", SOURCE_FIELDS, "{brand}: source {source} fails",
     "{reason}"},
    {"source.recovered", ALERT_RESOLVED, ALERT_INFO, "source", SOURCE_FIELDS,
     "{brand}: source {source} works again", ""},
    {"source.quiet", ALERT_PASSING, ALERT_WARNING, "source", SOURCE_FIELDS,
     "{brand}: source {source} has become quiet",
     "It brings nothing since {since|time}, where {expected|or:more} was to be expected."},
    {"gap", ALERT_PASSING, ALERT_WARNING, "source", SOURCE_FIELDS, "{brand}: source {source} has a gap",
     "From {from|time} to {to|time}: {reason}"},
    {"cause.regressed", ALERT_PASSING, ALERT_WARNING, "cause",
     FIELDS("cause", "mentions", "people", "since", "by"), "{brand}: {cause} is back",
     "{mentions|number} mentions since {since|time}."},
    {"budget.pending", ALERT_PASSING, ALERT_INFO, "id", FIELDS("id", "by", "amount", "left", "note"),
     "{brand}: {by} asks for {amount}", "{note} Decide: mentionctl budget approve {id}"},
    {"channel.failing", ALERT_FIRING, ALERT_WARNING, "channel",
     FIELDS("channel", "reason", "since", "waiting"), "mentiond: channel {channel} takes nothing",
     "{reason}; {waiting|or:0} messages wait."},
    {"channel.recovered", ALERT_RESOLVED, ALERT_INFO, "channel", FIELDS("channel", "since", "reason"),
     "mentiond: channel {channel} works again", ""},
    {"redis.full", ALERT_PASSING, ALERT_CRITICAL, "type", REDIS_FIELDS, "mentiond: Redis is full",
     "Nothing is lost: sources wait until there is room. {reason}"},
    {"redis.down", ALERT_FIRING, ALERT_CRITICAL, "host", REDIS_FIELDS, "mentiond: Redis does not answer",
     "Since {since|time}, seen from {host}."},
    {"redis.up", ALERT_RESOLVED, ALERT_INFO, "host", REDIS_FIELDS, "mentiond: Redis answers again",
     "Seen from {host}."},
    {0},
};

const struct alert_kind *alert_kind_find(struct str type)
{
    for (const struct alert_kind *kind = alert_kinds; kind->type; kind++) {
        if (str_eq(type, str_from(kind->type)))
            return kind;
    }
    return NULL;
}
