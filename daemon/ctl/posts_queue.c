/* Posts that the queue keeps of a brand: which ones, and what agents made of them, is told by the
 * event stream, read from its end in pages; the mentions themselves are then fetched in pages too.
 * Nothing is scanned and nothing written, so this may run beside a busy daemon. */
#include <errno.h>
#include <stdio.h>

#include "posts.h"
#include "session.h"

#define PAGE_EVENTS "1000"
#define PAGE_MENTIONS 100
#define ANSWER_MS 15000
#define FIELDS_MAX 64
#define KEY_MAX 512
#define ID_MAX 48

/* What one event says of one mention. Newer ones have smaller numbers. */
struct fact {
    struct str id;
    size_t number;
    int agreed; /* POST_UNKNOWN: only that there is this mention */
    bool reclassified;
};

struct stream_reading {
    struct session *session;
    struct posts *posts;
    struct arena ids;
    struct fact *facts; /* owned */
    size_t n, cap;
    char before[ID_MAX]; /* the oldest entry read */
};

static struct str reply_text(const struct redisReply *reply)
{
    bool is_text = reply->type == REDIS_REPLY_STRING || reply->type == REDIS_REPLY_STATUS;

    return is_text ? (struct str){reply->str, reply->len} : (struct str){NULL, 0};
}

static struct str field(const struct redisReply *list, const char *name)
{
    for (size_t i = 0; i + 1 < list->elements && i < FIELDS_MAX; i += 2) {
        if (str_eq(reply_text(list->element[i]), str_from(name)))
            return reply_text(list->element[i + 1]);
    }
    return STR("");
}

/* A person's word for the class: they corrected it, or let it stand and did the work. */
static void read_fact(const struct redisReply *list, struct fact *fact)
{
    struct str type = field(list, "type");
    enum mention_class class;

    fact->agreed = POST_UNKNOWN;
    fact->reclassified = str_eq(type, STR("reclassified"));
    if (!fact->reclassified && !(str_eq(type, STR("resolved")) && field(list, "by").len > 0))
        return;
    if (mention_class_parse(field(list, "class"), &class))
        fact->agreed = (int)class;
}

static int add_fact(struct stream_reading *x, const struct redisReply *list, struct error *err)
{
    struct str type = field(list, "type"), id = field(list, "id");
    struct fact fact = {.number = x->n};

    read_fact(list, &fact);
    if (id.len == 0 || id.len > MENTION_ID_MAX ||
        (fact.agreed == POST_UNKNOWN && !str_eq(type, STR("mention.heard"))))
        return 0;
    if (x->n == x->cap) {
        size_t cap = x->cap ? 2 * x->cap : 1024;
        struct fact *more = realloc(x->facts, cap * sizeof(*more));

        if (!more)
            return error_oom(err);
        x->facts = more;
        x->cap = cap;
    }
    fact.id = arena_str(&x->ids, id);
    if (!fact.id.s)
        return error_oom(err);
    x->facts[x->n++] = fact;
    return 0;
}

static int take_entry(struct stream_reading *x, const struct redisReply *entry, struct error *err)
{
    if (entry->type != REDIS_REPLY_ARRAY || entry->elements != 2 ||
        entry->element[1]->type != REDIS_REPLY_ARRAY)
        return 0;
    x->posts->events++;
    snprintf(x->before, sizeof(x->before), "(%.*s", STR_FMT(reply_text(entry->element[0])));
    return add_fact(x, entry->element[1], err);
}

static int ask(struct session *s, size_t argc, const struct str *argv, struct redisReply **ret,
               struct error *err)
{
    struct redisReply *reply = NULL;
    int r = redis_command_wait(s->redis, argc, argv, ANSWER_MS, &reply, err);

    if (r == 0 && reply->type == REDIS_REPLY_ERROR)
        r = error_set(err, -EPROTO, "%.*s", (int)reply->len, reply->str);
    else if (r == 0 && reply->type != REDIS_REPLY_ARRAY)
        r = error_set(err, -EPROTO, "an answer that is no list");
    if (r < 0) {
        freeReplyObject(reply);
        return error_prefix(err, r, "reading from %s", s->where);
    }
    *ret = reply;
    return 0;
}

/* The newest events, newest first. */
static int read_events(struct stream_reading *x, struct error *err)
{
    char key[KEY_MAX];
    struct str argv[] = {STR("XREVRANGE"), {0}, {0}, STR("-"), STR("COUNT"), STR(PAGE_EVENTS)};
    bool more = true;
    int r = 0;

    snprintf(key, sizeof(key), "%.*s:{%.*s}:events", STR_FMT(x->session->name_space),
             STR_FMT(x->session->brand));
    snprintf(x->before, sizeof(x->before), "+");
    argv[1] = str_from(key);
    while (r == 0 && more) {
        struct redisReply *page = NULL;
        char before[ID_MAX];

        memcpy(before, x->before, sizeof(before));
        argv[2] = str_from(before);
        r = ask(x->session, ARRAY_LEN(argv), argv, &page, err);
        for (size_t i = 0; r == 0 && page && i < page->elements; i++)
            r = take_entry(x, page->element[i], err);
        more = r == 0 && page && page->elements > 0;
        freeReplyObject(page);
        if (x->posts->events >= POSTS_EVENTS_MAX) {
            x->posts->cut = more;
            break;
        }
    }
    return r;
}

static int compare_facts(const void *a, const void *b)
{
    const struct fact *x = a, *y = b;
    int by_id = str_compare(x->id, y->id);

    return by_id ? by_id : (x->number > y->number) - (x->number < y->number);
}

static int compare_age(const void *a, const void *b)
{
    const struct fact *x = a, *y = b;

    return (x->number > y->number) - (x->number < y->number);
}

/* One fact for each mention: the last word about its class. */
static void join_facts(struct stream_reading *x)
{
    size_t n = 0;

    if (x->n > 0)
        qsort(x->facts, x->n, sizeof(*x->facts), compare_facts);
    for (size_t i = 0; i < x->n; i++) {
        struct fact *last = n > 0 ? &x->facts[n - 1] : NULL;

        if (!last || !str_eq(last->id, x->facts[i].id)) {
            x->facts[n++] = x->facts[i];
            continue;
        }
        if (last->agreed == POST_UNKNOWN)
            last->agreed = x->facts[i].agreed;
        last->reclassified = last->reclassified || x->facts[i].reclassified;
    }
    x->n = n;
    if (x->n > 0)
        qsort(x->facts, x->n, sizeof(*x->facts), compare_age);
}

static bool copy_hits(struct posts *posts, const struct mention *m, struct post *post)
{
    struct post_hit *hits = arena_alloc(&posts->arena, m->n_hits * sizeof(*hits) + 1);

    for (size_t i = 0; hits && i < m->n_hits; i++)
        hits[i] = (struct post_hit){arena_str(&posts->arena, m->hits[i].rule), m->hits[i].class};
    post->hits = hits;
    post->n_hits = hits ? m->n_hits : 0;
    return !posts->arena.failed;
}

/* False: it could not be read, or there is no room for it. */
static bool take_mention(struct posts *posts, const struct fact *fact, struct str body,
                         struct arena *arena)
{
    struct mention m;
    struct post *post;
    json_t *value = NULL;
    struct error why;

    if (json_page_parse(body, NULL, &value, &why) < 0 || mention_from_json(value, arena, &m, &why) < 0) {
        posts->bad++;
        return false;
    }
    post = posts_add(posts);
    if (!post)
        return false;
    post->id = arena_str(&posts->arena, fact->id);
    post->text = arena_str(&posts->arena, m.text);
    post->lang = arena_str(&posts->arena, m.lang);
    post->judged = (int)m.class;
    post->agreed = fact->agreed;
    post->reclassified = fact->reclassified;
    if (copy_hits(posts, &m, post))
        return true;
    posts->n--;
    posts->cut = true;
    return false;
}

static int read_page(struct stream_reading *x, const struct fact *facts, size_t n, struct arena *arena,
                     struct error *err)
{
    struct str argv[PAGE_MENTIONS + 1] = {STR("MGET")};
    struct redisReply *page = NULL;
    int r;

    arena_reset(arena);
    for (size_t i = 0; i < n; i++)
        argv[i + 1] = arena_printf(arena, "%.*s:{%.*s}:m:%.*s", STR_FMT(x->session->name_space),
                                   STR_FMT(x->session->brand), STR_FMT(facts[i].id));
    if (arena->failed)
        return error_oom(err);
    r = ask(x->session, n + 1, argv, &page, err);
    if (r < 0 || !page)
        return r;
    json_use_arena(arena);
    for (size_t i = 0; i < n && i < page->elements; i++) {
        struct str body = reply_text(page->element[i]);

        if (body.len == 0) /* expired, or erased */
            x->posts->gone++;
        else if (!x->posts->cut || x->posts->n < POSTS_MAX)
            take_mention(x->posts, &facts[i], body, arena);
    }
    json_use_arena(NULL);
    freeReplyObject(page);
    return 0;
}

static int read_mentions(struct stream_reading *x, struct error *err)
{
    struct arena arena;
    int r = 0;

    arena_init(&arena, (size_t)PAGE_MENTIONS * MENTION_JSON_MAX * 16);
    for (size_t i = 0; r == 0 && i < x->n; i += PAGE_MENTIONS) {
        size_t n = x->n - i < PAGE_MENTIONS ? x->n - i : PAGE_MENTIONS;

        r = read_page(x, x->facts + i, n, &arena, err);
    }
    arena_finish(&arena);
    return r;
}

enum exit_code posts_read_queue(struct posts *posts, struct ctl *ctl)
{
    struct stream_reading x = {.posts = posts};
    enum exit_code code = ctl_open(ctl);
    struct error err;
    int r;

    if (code != CTL_DONE)
        return code;
    x.session = ctl->session;
    arena_init(&x.ids, POSTS_BYTES_MAX);
    r = read_events(&x, &err);
    join_facts(&x);
    if (r == 0)
        r = read_mentions(&x, &err);
    free(x.facts);
    arena_finish(&x.ids);
    return r < 0 ? ctl_fail(ctl, &err) : CTL_DONE;
}
