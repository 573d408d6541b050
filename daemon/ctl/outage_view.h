/* How outages look to people. */
#ifndef CTL_OUTAGE_VIEW_H
#define CTL_OUTAGE_VIEW_H

#include "ask.h"

/* A table of what outage_list answers, and the score card under it. */
void outage_view_list(struct ctl *ctl, const json_t *answer);
/* What outage_get answers: what, where, since when, how many people, the curve, examples. */
void outage_view(struct ctl *ctl, const json_t *outage);
/* Why it opened: the counts, and who weighed less. */
void outage_view_why(struct ctl *ctl, const json_t *outage);
/* mention_claim's answer when it is an outage. */
void outage_view_claimed(struct ctl *ctl, const json_t *answer);
/* "login in uk-north", "something": of an outage, or of a claim's context. */
void outage_view_what(struct out *out, const json_t *outage);

#endif
