/* Posts of a JSON-lines file, and what both sources share. A bad line is counted and passed over; a
 * file that is larger than the limits is read up to them, and the verb says so. */
#include "posts.h"

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#include "lines.h"
#include "mentiond/text.h"

#define LINE_ARENA_MAX (64 * 1024 * 1024)

void posts_init(struct posts *posts)
{
    *posts = (struct posts){0};
    arena_init(&posts->arena, POSTS_BYTES_MAX);
}

void posts_finish(struct posts *posts)
{
    free(posts->items);
    arena_finish(&posts->arena);
}

struct post *posts_add(struct posts *posts)
{
    struct post *post;

    if (posts->n == posts->cap) {
        size_t cap = posts->cap ? 2 * posts->cap : 1024;
        struct post *more = posts->n < POSTS_MAX
                                ? realloc(posts->items, cap * sizeof(*posts->items))
                                : NULL;

        posts->cut = posts->cut || !more;
        if (!more)
            return NULL;
        posts->items = more;
        posts->cap = cap;
    }
    post = &posts->items[posts->n++];
    *post = (struct post){.judged = POST_UNKNOWN, .agreed = POST_UNKNOWN};
    return post;
}

struct file_reading {
    struct posts *posts;
    struct arena line; /* of one line's JSON */
};

static int class_or_unknown(struct str name)
{
    enum mention_class class;

    return mention_class_parse(name, &class) ? (int)class : POST_UNKNOWN;
}

/* Ids are text, but exports often have numbers. */
static struct str id_of(struct posts *posts, const json_t *post)
{
    const json_t *id = json_get(post, "id");

    if (json_is_integer(id))
        return arena_printf(&posts->arena, "%lld", (long long)json_integer_value(id));
    return arena_str(&posts->arena, json_text(id));
}

static bool take_post(struct posts *posts, const json_t *from)
{
    struct str text = json_get_text(from, "text"), lang = json_get_text(from, "lang");
    struct post *post = posts_add(posts);

    if (!post)
        return false;
    post->id = id_of(posts, from);
    post->text = arena_str(&posts->arena, text);
    post->lang = lang.len ? arena_str(&posts->arena, lang) : text_language(text);
    post->agreed = class_or_unknown(json_get_text(from, "label"));
    post->judged = class_or_unknown(json_get_text(from, "class"));
    if (!posts->arena.failed)
        return true;
    posts->n--;
    posts->cut = true;
    return false;
}

static int take_line(void *user, struct str line, bool too_long, struct error *err)
{
    struct file_reading *f = user;
    json_t *value = NULL;

    line = str_trim(line);
    if (f->posts->cut || (line.len == 0 && !too_long))
        return 0;
    arena_reset(&f->line);
    json_use_arena(&f->line);
    if (too_long || json_page_parse(line, NULL, &value, err) < 0 ||
        !json_is_string(json_get(value, "text")))
        f->posts->bad++;
    else
        take_post(f->posts, value);
    json_use_arena(NULL);
    return 0;
}

int posts_read_file(struct posts *posts, const char *path, struct error *err)
{
    struct file_reading f = {.posts = posts};
    struct line_taker taker = {take_line, NULL, &f};
    bool piped = strcmp(path, "-") == 0;
    int fd = piped ? dup(STDIN_FILENO) : open(path, O_RDONLY | O_CLOEXEC);
    int r;

    if (fd < 0)
        return error_errno(err, errno, "opening %s", path);
    arena_init(&f.line, LINE_ARENA_MAX);
    r = lines_read(fd, piped ? "standard input" : path, &taker, err);
    arena_finish(&f.line);
    close(fd);
    return r;
}

enum exit_code posts_read(struct posts *posts, struct ctl *ctl, const char *path)
{
    struct error err;

    if (!path)
        return posts_read_queue(posts, ctl);
    return posts_read_file(posts, path, &err) < 0 ? ctl_fail(ctl, &err) : CTL_DONE;
}

void posts_note(const struct posts *posts)
{
    if (posts->events > 0)
        ctl_note("read %llu events and the %zu mentions they tell of that are still kept "
                 "(%llu are not)",
                 (unsigned long long)posts->events, posts->n, (unsigned long long)posts->gone);
    else
        ctl_note("read %zu post%s", posts->n, posts->n == 1 ? "" : "s");
    if (posts->bad > 0)
        ctl_note("%llu could not be read and were passed over", (unsigned long long)posts->bad);
    if (posts->cut)
        ctl_note("there was more than that: the rest was not looked at");
}
