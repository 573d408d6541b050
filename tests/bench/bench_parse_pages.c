/* Pages of 100 posts out of the small fixtures of the unit tests: their items over and over, odd ones too,
 * each with an id * of its own. Deterministic. Members that no driver reads are left out of the fixtures, so
 * a real page costs jansson more * beside the same work for the driver. */
#include "bench_parse.h"

#include <stdio.h>
#include <stdlib.h>

#define ITEMS 100
#define PAGE_MAX ((size_t)8 * 1024 * 1024)
#define STEPS_MAX 8

bool parse_page_read(const char *path, struct buf *ret)
{
    FILE *f = fopen(path, "rb");
    char data[16384];
    size_t n;

    while (f && (n = fread(data, 1, sizeof(data), f)) > 0)
        buf_append(ret, data, n);
    if (f)
        fclose(f);
    return f && !ret->failed && ret->len > 0;
}

/* The last three characters of a text, or digits of a number, become those of `n`. */
static json_t *renumber(const json_t *id, unsigned n)
{
    const char *text = json_string_value(id);
    size_t len = json_string_length(id), kept = len > 3 ? len - 3 : 0;
    char made[512];

    if (json_is_integer(id))
        return json_integer(json_integer_value(id) / 1000 * 1000 + n);
    if (!text || kept + 4 > sizeof(made))
        return NULL;
    snprintf(made, sizeof(made), "%.*s%03u", (int)kept, text, n);
    return json_string(made);
}

/* The object that holds the last step of a dotted path; *ret_name is that step. */
static json_t *holder_of(json_t *item, const char *path, const char **ret_name)
{
    const char *dot;

    while ((dot = strchr(path, '.'))) {
        char step[64];

        snprintf(step, sizeof(step), "%.*s", (int)(dot - path), path);
        item = json_object_get(item, step);
        path = dot + 1;
    }
    *ret_name = path;
    return item;
}

static json_t *copy_item(const json_t *item, const char *id, unsigned n)
{
    json_t *copy = json_deep_copy(item), *holder, *made;
    const char *name;

    holder = holder_of(copy, id, &name);
    made = renumber(json_object_get(holder, name), n);
    if (made)
        json_object_set_new(holder, name, made);
    return copy;
}

static bool multiply_json(const struct parse_case *c, struct str fixture, struct buf *ret)
{
    json_t *page = NULL, *list, *items;
    struct error err;
    const char *name;
    char *text;

    if (json_page_parse(fixture, NULL, &page, &err) < 0)
        return false;
    list = page;
    if (c->list[0]) {
        list = holder_of(page, c->list, &name);
        list = json_object_get(list, name);
    }
    items = json_copy(list);
    json_array_clear(list);
    for (unsigned n = 0; json_array_size(items) && n < ITEMS; n++)
        json_array_append_new(list, copy_item(json_array_get(items, n % json_array_size(items)), c->id, n));
    text = json_dumps(page, JSON_COMPACT);
    buf_append_str(ret, str_from(text ? text : ""));
    free(text);
    json_decref(items);
    json_decref(page);
    return ret->len > 0 && !ret->failed;
}

static bool multiply_lines(const struct parse_case *c, struct str fixture, struct buf *ret)
{
    for (unsigned n = 0; n < ITEMS;) {
        struct str line, rest = fixture;

        while (rest.len && n < ITEMS) {
            json_t *value, *copy;
            char *text;

            line = str_split(rest, '\n', &rest);
            value = json_loadb(line.s, line.len, 0, NULL);
            if (!value)
                continue;
            copy = copy_item(value, c->id, n++);
            text = json_dumps(copy, JSON_COMPACT);
            buf_printf(ret, "%s\n", text ? text : "");
            free(text);
            json_decref(copy);
            json_decref(value);
        }
    }
    return !ret->failed;
}

/* The text up to behind `mark`, taken off `rest`; false where the mark is not. */
static bool take_behind(struct str *rest, const char *mark, struct str *ret)
{
    size_t at = str_find(*rest, str_from(mark));

    if (at == SIZE_MAX)
        return false;
    at += strlen(mark);
    *ret = str_slice(*rest, 0, at);
    *rest = str_slice(*rest, at, rest->len);
    return true;
}

static bool multiply_elements(const struct parse_case *c, struct str fixture, struct buf *ret)
{
    struct str rest = fixture, head, items, item;
    size_t begin, last;
    char open[32], close[32], id_end[32];

    snprintf(open, sizeof(open), "<%s", c->list);
    snprintf(close, sizeof(close), "</%s>", c->list);
    snprintf(id_end, sizeof(id_end), "</%s>", c->id);
    begin = str_find(fixture, str_from(open));
    if (begin == SIZE_MAX)
        return false;
    head = str_slice(fixture, 0, begin);
    for (last = begin, rest = str_slice(fixture, begin, fixture.len); take_behind(&rest, close, &item);)
        last = fixture.len - rest.len;
    items = str_slice(fixture, begin, last);
    buf_append_str(ret, head);
    for (unsigned n = 0; n < ITEMS;) {
        for (rest = items; n < ITEMS && take_behind(&rest, close, &item); n++) {
            size_t at = str_find(item, str_from(id_end));

            at = at == SIZE_MAX ? 0 : at;
            buf_append_str(ret, str_slice(item, 0, at));
            buf_printf(ret, "%s%03u", at ? "" : " ", n);
            buf_append_str(ret, str_slice(item, at, item.len));
        }
    }
    buf_append_str(ret, str_slice(fixture, last, fixture.len));
    return !ret->failed;
}

bool parse_page_make(const struct parse_case *c, struct buf *ret)
{
    struct buf fixture = BUF_INIT(PAGE_MAX);
    char path[1024];
    bool ok;

    snprintf(path, sizeof(path), "%s/tests/fixtures/%s", BENCH_ROOT, c->fixture);
    ok = parse_page_read(path, &fixture);
    if (ok && str_ends_with(str_from(path), STR(".jsonl")))
        ok = multiply_lines(c, buf_str(&fixture), ret);
    else if (ok && str_ends_with(str_from(path), STR(".xml")))
        ok = multiply_elements(c, buf_str(&fixture), ret);
    else if (ok)
        ok = multiply_json(c, buf_str(&fixture), ret);
    buf_finish(&fixture);
    return ok;
}
