/* Telling the service manager how we are: the datagram protocol of sd_notify(3). Small enough to speak
 * ourselves, and libsystemd would bring three compression libraries into the process. */
#ifndef MENTIOND_NOTIFY_H
#define MENTIOND_NOTIFY_H

#include <event2/event.h>

/* Sends "READY=1", "STOPPING=1", "STATUS=…" to $NOTIFY_SOCKET; does nothing where there is none. */
void notify_send(const char *state);

/* Where the manager wants a sign of life ($WATCHDOG_USEC), gives one twice as often from the loop. Returns
 * the timer (owned by the caller), or NULL when none is wanted. */
struct event *notify_start_watchdog(struct event_base *base);

#endif
