/* libyaml's events as a tree that keeps marks. Responsible for what makes a tree wrong whatever it
 * is for: YAML errors, duplicate keys, keys that are no text, tags, merge keys, documents after the
 * first, and the limits: depth, nodes (each use of an alias counts all it stands for, so a bomb is
 * found before anybody walks it), anchors. An alias shares the node of its anchor; nodes are never
 * changed afterwards. Reading the file and checking its bytes is file.c's.
 *
 * Functions return 0, or a negative errno when parsing cannot go on; either way what is wrong has
 * been reported. A node that cannot be had but does not end the parsing comes back as NULL.
 */
#include "config/yaml_error.h"
#include "config/yaml_tree.h"

#include <errno.h>
#include <yaml.h>

struct anchor {
    struct str name;
    struct config_node *node;
    size_t n_nodes;  /* what one use of it costs */
    unsigned height; /* levels below the node, itself included */
    bool open;       /* still being read: an alias to it would be a ring */
};

struct tree_reader {
    yaml_parser_t parser;
    struct config_doc *doc;
    struct diag *d;
    size_t n_nodes;
    struct anchor anchors[CONFIG_ANCHORS_MAX];
    size_t n_anchors;
    struct config_node **pending; /* owned: children of the collections being read */
    size_t n_pending, cap_pending;
};

static int node_read(struct tree_reader *t, const yaml_event_t *event, unsigned depth,
                     struct config_node **ret_node, unsigned *ret_height);

static struct config_mark mark_from(yaml_mark_t at)
{
    return (struct config_mark){(unsigned)at.line + 1, (unsigned)at.column + 1, 1};
}

static struct config_mark mark_between(yaml_mark_t start, yaml_mark_t end)
{
    struct config_mark mark = mark_from(start);

    if (end.line == start.line && end.column > start.column)
        mark.width = (unsigned)(end.column - start.column);
    else if (end.line > start.line)
        mark.width = CONFIG_FILE_MAX; /* to the end of its first line */
    return mark;
}

static int fail_memory(struct tree_reader *t)
{
    diag_error(t->d, t->doc, (struct config_mark){0}, "out of memory");
    return -ENOMEM;
}

static int next_event(struct tree_reader *t, yaml_event_t *ret_event)
{
    return yaml_parser_parse(&t->parser, ret_event) ? 0
                                                    : yaml_error_report(&t->parser, t->doc, t->d);
}

/* ---- nodes --------------------------------------------------------------------------------- */

static PRINTF_LIKE(3, 4) void report_flaw(struct tree_reader *t, struct config_mark mark,
                                          const char *fmt, ...)
{
    char text[256];
    va_list args;

    va_start(args, fmt);
    vsnprintf(text, sizeof(text), fmt, args);
    va_end(args);
    t->doc->flawed = true;
    diag_error(t->d, t->doc, mark, "%s", text);
}

static int count_nodes(struct tree_reader *t, size_t n, struct config_mark mark)
{
    t->n_nodes += n;
    if (t->n_nodes <= CONFIG_NODES_MAX)
        return 0;
    diag_error(t->d, t->doc, mark,
               "more than %d values (each use of an alias counts all it stands for)",
               CONFIG_NODES_MAX);
    return -E2BIG;
}

static int node_create(struct tree_reader *t, enum config_kind kind, struct config_mark mark,
                       struct config_node **ret_node)
{
    struct config_node *node;
    int r = count_nodes(t, 1, mark);

    if (r < 0)
        return r;
    node = arena_zalloc(&t->doc->arena, sizeof(*node));
    if (!node)
        return fail_memory(t);
    node->kind = kind;
    node->mark = mark;
    *ret_node = node;
    return 0;
}

static int pending_push(struct tree_reader *t, struct config_node *node)
{
    if (t->n_pending == t->cap_pending) {
        size_t cap = t->cap_pending ? t->cap_pending * 2 : 64;
        struct config_node **grown = realloc(t->pending, cap * sizeof(struct config_node *));

        if (!grown)
            return fail_memory(t);
        t->pending = grown;
        t->cap_pending = cap;
    }
    t->pending[t->n_pending++] = node;
    return 0;
}

/* A tag other than "this is text" would promise a meaning that nothing here gives it. */
static void check_tag(struct tree_reader *t, const yaml_char_t *tag, struct config_mark mark)
{
    if (tag && strcmp((const char *)tag, YAML_STR_TAG) != 0)
        report_flaw(t, mark, "YAML tags are not supported");
}

/* ---- anchors and aliases ------------------------------------------------------------------- */

static struct anchor *anchor_find(struct tree_reader *t, struct str name)
{
    for (size_t i = t->n_anchors; i > 0; i--) {
        if (str_eq(t->anchors[i - 1].name, name))
            return &t->anchors[i - 1];
    }
    return NULL;
}

static int anchor_open(struct tree_reader *t, const yaml_char_t *name, struct config_node *node)
{
    struct anchor *anchor;

    if (!name)
        return 0;
    if (t->n_anchors == CONFIG_ANCHORS_MAX) {
        diag_error(t->d, t->doc, node->mark, "more than %d anchors", CONFIG_ANCHORS_MAX);
        return -E2BIG;
    }
    anchor = &t->anchors[t->n_anchors++];
    *anchor = (struct anchor){.node = node, .n_nodes = t->n_nodes, .open = true};
    anchor->name = arena_str(&t->doc->arena, str_from((const char *)name));
    return anchor->name.s ? 0 : fail_memory(t);
}

static void anchor_close(struct tree_reader *t, const struct config_node *node, unsigned height)
{
    for (size_t i = t->n_anchors; i > 0; i--) {
        struct anchor *anchor = &t->anchors[i - 1];

        if (anchor->node != node)
            continue;
        anchor->n_nodes = t->n_nodes - anchor->n_nodes + 1;
        anchor->height = height;
        anchor->open = false;
        return;
    }
}

static int check_depth(struct tree_reader *t, unsigned levels, struct config_mark mark)
{
    if (levels <= CONFIG_DEPTH_MAX)
        return 0;
    diag_error(t->d, t->doc, mark, "nested deeper than %d levels", CONFIG_DEPTH_MAX);
    return -E2BIG;
}

static int alias_read(struct tree_reader *t, const yaml_event_t *event, unsigned depth,
                      struct config_node **ret_node, unsigned *ret_height)
{
    const char *name = (const char *)event->data.alias.anchor;
    struct config_mark mark = mark_between(event->start_mark, event->end_mark);
    const struct anchor *anchor = anchor_find(t, str_from(name));
    int r;

    *ret_height = 1;
    *ret_node = NULL;
    if (!anchor) {
        report_flaw(t, mark, "alias '*%.40s' has no anchor '&%.40s' before it", name, name);
        return 0;
    }
    if (anchor->open) {
        report_flaw(t, mark, "alias '*%.40s' stands inside of what it names", name);
        return 0;
    }
    r = check_depth(t, depth + anchor->height - 1, mark);
    if (r == 0)
        r = count_nodes(t, anchor->n_nodes, mark);
    if (r < 0)
        return r;
    *ret_node = anchor->node;
    *ret_height = anchor->height;
    return 0;
}

/* ---- scalars ------------------------------------------------------------------------------- */

static bool holds_control(struct str text)
{
    for (size_t i = 0; i < text.len; i++) {
        unsigned char c = (unsigned char)text.s[i];

        if ((c < ' ' && c != '\t' && c != '\n') || c == 0x7f)
            return true;
    }
    return false;
}

static int scalar_read(struct tree_reader *t, const yaml_event_t *event,
                       struct config_node **ret_node)
{
    struct config_mark mark = mark_between(event->start_mark, event->end_mark);
    struct str value = {(const char *)event->data.scalar.value, event->data.scalar.length};
    struct config_node *node;
    int r = node_create(t, CONFIG_SCALAR, mark, &node);

    if (r < 0)
        return r;
    check_tag(t, event->data.scalar.tag, mark);
    if (holds_control(value))
        report_flaw(t, mark, "control characters are not allowed, not even escaped");
    node->quoted = event->data.scalar.style != YAML_PLAIN_SCALAR_STYLE || event->data.scalar.tag;
    node->value = arena_str(&t->doc->arena, value);
    if (!node->value.s)
        return fail_memory(t);
    r = anchor_open(t, event->data.scalar.anchor, node);
    if (r < 0)
        return r;
    if (event->data.scalar.anchor)
        anchor_close(t, node, 1);
    *ret_node = node;
    return 0;
}

/* ---- lists --------------------------------------------------------------------------------- */

static int collection_take(struct tree_reader *t, size_t from, struct config_node *node)
{
    size_t n = t->n_pending - from;

    node->n = n;
    node->items = arena_alloc(&t->doc->arena, (n ? n : 1) * sizeof(struct config_node *));
    if (!node->items)
        return fail_memory(t);
    if (n)
        memcpy(node->items, t->pending + from, n * sizeof(struct config_node *));
    t->n_pending = from;
    return 0;
}

/* A collection in brackets reaches to its closing one; others end where nothing is written. */
static void widen(struct config_mark *mark, const yaml_event_t *end)
{
    if (end->start_mark.index == end->end_mark.index)
        return;
    if (end->end_mark.line + 1 == mark->line)
        mark->width = (unsigned)end->end_mark.column + 1 - mark->column;
    else
        mark->width = CONFIG_FILE_MAX; /* to the end of its first line */
}

static int list_read(struct tree_reader *t, unsigned depth, struct config_node *node,
                     unsigned *ret_height)
{
    size_t from = t->n_pending;
    unsigned height, highest = 0;
    yaml_event_t event;
    int r;

    for (;;) {
        struct config_node *item = NULL;

        r = next_event(t, &event);
        if (r < 0)
            return r;
        if (event.type == YAML_SEQUENCE_END_EVENT)
            break;
        r = node_read(t, &event, depth + 1, &item, &height);
        yaml_event_delete(&event);
        if (r == 0 && item)
            r = pending_push(t, item);
        if (r < 0)
            return r;
        highest = height > highest ? height : highest;
    }
    widen(&node->mark, &event);
    yaml_event_delete(&event);
    *ret_height = highest + 1;
    return collection_take(t, from, node);
}

/* ---- maps ---------------------------------------------------------------------------------- */

static int key_compare(const void *left, const void *right)
{
    const struct config_node *a = *(struct config_node *const *)left;
    const struct config_node *b = *(struct config_node *const *)right;
    int order = str_compare(a->value, b->value);

    if (order != 0)
        return order;
    if (a->mark.line != b->mark.line)
        return a->mark.line < b->mark.line ? -1 : 1;
    return a->mark.column < b->mark.column ? -1 : a->mark.column > b->mark.column;
}

static int check_duplicates(struct tree_reader *t, const struct config_node *map)
{
    CLEANUP(free_p) struct config_node **sorted = NULL;
    size_t first = 0;

    if (map->n < 2)
        return 0;
    sorted = malloc(map->n * sizeof(struct config_node *));
    if (!sorted)
        return fail_memory(t);
    memcpy(sorted, map->keys, map->n * sizeof(struct config_node *));
    qsort(sorted, map->n, sizeof(struct config_node *), key_compare);
    for (size_t i = 1; i < map->n; i++) {
        char shown[CONFIG_SHOWN_MAX];

        if (str_eq(sorted[i]->value, sorted[first]->value))
            report_flaw(t, sorted[i]->mark, "key %s is given twice, first in line %u",
                        config_shown(sorted[i], shown), sorted[first]->mark.line);
        else
            first = i;
    }
    return 0;
}

/* Whether an entry with this key can be kept. */
static bool check_key(struct tree_reader *t, const struct config_node *key, struct config_mark mark)
{
    if (!key)
        return false;
    if (key->kind != CONFIG_SCALAR)
        report_flaw(t, mark, "a key must be text, not %s",
                    key->kind == CONFIG_MAP ? "a map" : "a list");
    else if (key->value.len == 0)
        report_flaw(t, mark, "a key is missing before ':'");
    else if (!key->quoted && str_eq(key->value, STR("<<")))
        report_flaw(t, mark,
                    "merge keys ('<<') are not supported: write the keys out, or use an alias "
                    "for the whole value");
    else
        return true;
    return false;
}

/* Reads the value that belongs to `key_event`; pushes both when the entry can be kept. */
static int entry_read(struct tree_reader *t, const yaml_event_t *key_event, unsigned depth,
                      unsigned *ret_height)
{
    struct config_mark mark = mark_between(key_event->start_mark, key_event->end_mark);
    struct config_node *key = NULL, *value = NULL;
    yaml_event_t event;
    unsigned height;
    int r;

    r = node_read(t, key_event, depth, &key, &height);
    if (r < 0)
        return r;
    r = next_event(t, &event);
    if (r < 0)
        return r;
    r = node_read(t, &event, depth, &value, ret_height);
    yaml_event_delete(&event);
    if (r < 0 || !check_key(t, key, mark) || !value)
        return r;
    r = pending_push(t, key);
    return r < 0 ? r : pending_push(t, value);
}

/* pending[from..] holds keys and values in turn. */
static int map_take(struct tree_reader *t, size_t from, struct config_node *map)
{
    size_t n = (t->n_pending - from) / 2;

    map->n = n;
    map->keys = arena_alloc(&t->doc->arena, (n ? n : 1) * 2 * sizeof(struct config_node *));
    if (!map->keys)
        return fail_memory(t);
    map->items = map->keys + n;
    for (size_t i = 0; i < n; i++) {
        map->keys[i] = t->pending[from + 2 * i];
        map->items[i] = t->pending[from + 2 * i + 1];
    }
    t->n_pending = from;
    return check_duplicates(t, map);
}

static int map_read(struct tree_reader *t, unsigned depth, struct config_node *node,
                    unsigned *ret_height)
{
    size_t from = t->n_pending;
    unsigned height, highest = 0;
    yaml_event_t event;
    int r;

    for (;;) {
        r = next_event(t, &event);
        if (r < 0)
            return r;
        if (event.type == YAML_MAPPING_END_EVENT)
            break;
        r = entry_read(t, &event, depth + 1, &height);
        yaml_event_delete(&event);
        if (r < 0)
            return r;
        highest = height > highest ? height : highest;
    }
    widen(&node->mark, &event);
    yaml_event_delete(&event);
    *ret_height = highest + 1;
    r = map_take(t, from, node);
    if (r == 0 && node->n > 0 && node->keys[0]->mark.line == node->mark.line &&
        node->keys[0]->mark.column == node->mark.column)
        node->mark.width = node->keys[0]->mark.width;
    return r;
}

/* ---- any node ------------------------------------------------------------------------------ */

static int collection_read(struct tree_reader *t, const yaml_event_t *event, unsigned depth,
                           struct config_node **ret_node, unsigned *ret_height)
{
    bool is_map = event->type == YAML_MAPPING_START_EVENT;
    const yaml_char_t *anchor = is_map ? event->data.mapping_start.anchor
                                       : event->data.sequence_start.anchor;
    struct config_mark mark = mark_from(event->start_mark);
    struct config_node *node;
    int r;

    r = check_depth(t, depth, mark);
    if (r == 0)
        r = node_create(t, is_map ? CONFIG_MAP : CONFIG_LIST, mark, &node);
    if (r < 0)
        return r;
    check_tag(t, is_map ? event->data.mapping_start.tag : event->data.sequence_start.tag, mark);
    r = anchor_open(t, anchor, node);
    if (r < 0)
        return r;
    r = is_map ? map_read(t, depth, node, ret_height) : list_read(t, depth, node, ret_height);
    if (r < 0)
        return r;
    if (anchor)
        anchor_close(t, node, *ret_height);
    *ret_node = node;
    return 0;
}

static int node_read(struct tree_reader *t, const yaml_event_t *event, unsigned depth,
                     struct config_node **ret_node, unsigned *ret_height)
{
    *ret_height = 1;
    switch (event->type) {
    case YAML_SCALAR_EVENT:
        return scalar_read(t, event, ret_node);
    case YAML_ALIAS_EVENT:
        return alias_read(t, event, depth, ret_node, ret_height);
    default:
        return collection_read(t, event, depth, ret_node, ret_height);
    }
}

static int check_end(struct tree_reader *t)
{
    yaml_event_t event;
    int r;

    r = next_event(t, &event); /* the end of the document */
    if (r < 0)
        return r;
    yaml_event_delete(&event);
    r = next_event(t, &event);
    if (r < 0)
        return r;
    if (event.type == YAML_DOCUMENT_START_EVENT)
        report_flaw(t, mark_from(event.start_mark),
                    "a second document begins here: only one is read");
    yaml_event_delete(&event);
    return 0;
}

static int root_read(struct tree_reader *t)
{
    yaml_event_t event;
    unsigned height;
    int r;

    do {
        r = next_event(t, &event);
        if (r < 0)
            return r;
        if (event.type == YAML_STREAM_END_EVENT) {
            diag_error(t->d, t->doc, (struct config_mark){0}, "is empty");
            yaml_event_delete(&event);
            return -ENODATA;
        }
        if (event.type != YAML_STREAM_START_EVENT && event.type != YAML_DOCUMENT_START_EVENT)
            break;
        yaml_event_delete(&event);
    } while (true);
    r = node_read(t, &event, 1, &t->doc->root, &height);
    yaml_event_delete(&event);
    if (r < 0)
        return r;
    if (!t->doc->root)
        return -EBADMSG;
    return check_end(t);
}

int yaml_tree_read(struct config_doc *doc, struct diag *d)
{
    CLEANUP(free_p) struct tree_reader *t = calloc(1, sizeof(*t));
    int r;

    if (!t || !yaml_parser_initialize(&t->parser)) {
        diag_error(d, doc, (struct config_mark){0}, "out of memory");
        return -ENOMEM;
    }
    t->doc = doc;
    t->d = d;
    yaml_parser_set_encoding(&t->parser, YAML_UTF8_ENCODING);
    yaml_parser_set_input_string(&t->parser, (const unsigned char *)doc->text.s, doc->text.len);
    r = root_read(t);
    yaml_parser_delete(&t->parser);
    free(t->pending);
    if (r == 0 && config_is_null(doc->root)) {
        diag_error(d, doc, (struct config_mark){0}, "is empty");
        return -ENODATA;
    }
    return r;
}
