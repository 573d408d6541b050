/* Signatures of what is pushed to us. */
#ifndef MENTIOND_SOURCES_PUSH_SIGNATURE_H
#define MENTIOND_SOURCES_PUSH_SIGNATURE_H

#include "mentiond/source.h"

#define PUSH_SIGNATURES_MAX 8 /* in one header: a sender that changes its secret signs with both */

/* Is the body signed with this secret, at a time that is not further from now than window_ms? Two dialects:
 *
 *   Mentiond-Signature: t=<unix seconds>,v1=<hex>     HMAC-SHA256 of "<t>.<body>"
 *   webhook-id, webhook-timestamp, webhook-signature  Standard Webhooks: base64 of "<id>.<timestamp>.<body>";
 *                                                     a secret "whsec_…" is base64
 *
 * -EACCES: no. The time it takes does not tell how much of a signature was right. */
int push_signature_check(const struct source_push *push, struct str secret, int64_t window_ms,
                         struct error *err);

#endif
