/* Posts in memory, to work on as a whole: those of a JSON-lines file, or those that the queue keeps
 * of a brand. Bounded; what did not fit is counted. */
#ifndef CTL_POSTS_H
#define CTL_POSTS_H

#include "ctl.h"
#include "mentiond/mention.h"

#define POSTS_MAX 1000000
#define POSTS_BYTES_MAX ((size_t)1024 * 1024 * 1024)
#define POSTS_EVENTS_MAX 500000 /* of the event stream, the newest */

#define POST_UNKNOWN (-1)

struct post_hit {
    struct str rule;
    enum mention_class class;
};

struct post {
    struct str id, text, lang;
    const struct post_hit *hits; /* of the rules when it was heard */
    size_t n_hits;
    int judged; /* enum mention_class that the rules gave it, or POST_UNKNOWN */
    int agreed; /* the class that agents, or the file's label, say it has, or POST_UNKNOWN */
    bool reclassified;
};

struct posts {
    struct arena arena; /* of their text */
    struct post *items; /* owned */
    size_t n, cap;
    uint64_t events; /* read from the stream */
    uint64_t bad;    /* lines that are no posts */
    uint64_t gone;   /* mentions that the queue does not keep any more */
    bool cut;        /* there was more than the limits allow */
};

void posts_init(struct posts *posts);
void posts_finish(struct posts *posts);

/* Lines of {"id","text","lang","label","class"}: all but text may be missing; "label" is what it
 * is, "class" what it was judged to be. "-" is standard input. */
int posts_read_file(struct posts *posts, const char *path, struct error *err);

/* What the brand's events tell of, as far as it is kept: what agents resolved or reclassified is
 * `agreed`. On anything but CTL_DONE the reason has been told. */
enum exit_code posts_read_queue(struct posts *posts, struct ctl *ctl);

/* From the file, if `path` is not NULL, else from the queue. */
enum exit_code posts_read(struct posts *posts, struct ctl *ctl, const char *path);

/* "1,200 posts of 3,400 events, ...": how much was read, on standard error. */
void posts_note(const struct posts *posts);

/* Room for one more, zeroed but for the unknown classes; NULL, and `cut`, at the limit or out of
 * memory. */
struct post *posts_add(struct posts *posts);

#endif
