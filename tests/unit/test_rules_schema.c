/* docs/rules.schema.json says what the loader reads by: each key of each table is in it, with the
 * right type, bounds, default and help, and nothing else is. */
#include <jansson.h>

#include "rules/conditions.h"
#include "rules/pack_tables.h"
#include "rules_support.h"

static json_t *schema;

static int schema_load(void **state)
{
    const char *root = getenv("MENTIOND_SOURCE_ROOT");
    json_error_t err;
    char path[1024];

    (void)state;
    snprintf(path, sizeof(path), "%s/docs/rules.schema.json", root ? root : ".");
    schema = json_load_file(path, JSON_REJECT_DUPLICATES, &err);
    if (!schema)
        fprintf(stderr, "%s:%d: %s\n", path, err.line, err.text);
    return schema ? 0 : -1;
}

static int schema_unload(void **state)
{
    (void)state;
    json_decref(schema);
    return 0;
}

static json_t *definition(const char *name)
{
    return json_object_get(json_object_get(schema, "definitions"), name);
}

static bool has_type(const json_t *property, const char *name)
{
    const json_t *type = json_object_get(property, "type");

    return strcmp(name, json_is_array(type) ? json_string_value(json_array_get(type, 0))
                        : type              ? json_string_value(type)
                                            : "") == 0;
}

static bool has_number(const json_t *property, const char *key, bool wanted, int64_t value)
{
    const json_t *number = json_object_get(property, key);

    return wanted ? json_is_integer(number) && json_integer_value(number) == value : !number;
}

/* What a NODE holds is defined by itself; a table's is defined under the table's name. */
static bool is_reference(const json_t *property)
{
    static const char start[] = "#/definitions/";
    const char *ref = json_string_value(
        json_object_get(json_array_get(json_object_get(property, "allOf"), 0), "$ref"));

    return ref && strncmp(ref, start, sizeof(start) - 1) == 0 &&
           definition(ref + sizeof(start) - 1);
}

static bool has_choices(const json_t *property, const char *const *choices)
{
    const json_t *values = json_object_get(property, "enum");
    size_t n = 0;

    for (; choices[n]; n++) {
        const char *value = json_string_value(json_array_get(values, n));
        if (!value || strcmp(value, choices[n]) != 0)
            return false;
    }
    return json_array_size(values) == n;
}

static bool is_text(const struct option *o, const json_t *property)
{
    return has_type(property, "string") &&
           has_number(property, "minLength", o->min > 0, o->min) &&
           has_number(property, "maxLength", o->max > 0, o->max);
}

static bool is_integer(const struct option *o, const json_t *property)
{
    bool bounds = o->min != 0 || o->max != 0;

    return has_type(property, "integer") && has_number(property, "minimum", bounds, o->min) &&
           has_number(property, "maximum", bounds, o->max) &&
           has_number(property, "default", o->def, o->def ? atoll(o->def) : 0);
}

static bool is_right(const struct option *o, const json_t *property)
{
    const char *def = json_string_value(json_object_get(property, "default"));

    switch (o->kind) {
    case OPTION_STRING:
        return is_text(o, property);
    case OPTION_INT:
        return is_integer(o, property);
    case OPTION_BOOL:
        return has_type(property, "boolean") &&
               json_is_true(json_object_get(property, "default")) ==
                   (o->def && strcmp(o->def, "true") == 0);
    case OPTION_ENUM:
        return has_choices(property, o->choices) && def && o->def && strcmp(def, o->def) == 0;
    case OPTION_NODE:
        return is_reference(property);
    default:
        return false; /* packs use no other kind */
    }
}

static bool is_required(const json_t *object, const char *key)
{
    const json_t *required = json_object_get(object, "required");
    bool found = false;

    for (size_t i = 0; i < json_array_size(required); i++)
        found |= strcmp(json_string_value(json_array_get(required, i)), key) == 0;
    return found;
}

static void test_every_key_is_in_the_schema(void **state)
{
    (void)state;
    for (const struct pack_table *t = pack_tables; t->name; t++) {
        const json_t *object = definition(t->name);
        const json_t *properties = json_object_get(object, "properties");
        for (const struct option *o = t->options; o->key; o++) {
            const json_t *property = json_object_get(properties, o->key);
            const char *help = json_string_value(json_object_get(property, "description"));
            if (!property || !is_right(o, property))
                fail_msg("%s.%s is missing, or of another type", t->name, o->key);
            if (!help || strcmp(help, o->help) != 0)
                fail_msg("%s.%s has another description than: %s", t->name, o->key, o->help);
            if (is_required(object, o->key) != o->required)
                fail_msg("%s.%s: required here, but not there", t->name, o->key);
        }
    }
}

static void test_no_other_key_is_in_the_schema(void **state)
{
    (void)state;
    for (const struct pack_table *t = pack_tables; t->name; t++) {
        json_t *object = definition(t->name);
        const char *key;
        json_t *value;
        assert_true(json_is_false(json_object_get(object, "additionalProperties")));
        json_object_foreach(json_object_get(object, "properties"), key, value)
        {
            const struct option *o = t->options;
            while (o->key && strcmp(o->key, key) != 0)
                o++;
            if (!o->key)
                fail_msg("%s.%s is no key of a pack", t->name, key);
        }
    }
}

static void test_conditions_are_those_built_in(void **state)
{
    (void)state;
    assert_true(has_choices(definition("condition"), condition_names));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_every_key_is_in_the_schema),
        cmocka_unit_test(test_no_other_key_is_in_the_schema),
        cmocka_unit_test(test_conditions_are_those_built_in),
    };
    return cmocka_run_group_tests(tests, schema_load, schema_unload);
}
