/* Any bytes as a pack: loads or complains, and what loads can run its own tests and be linted. */
#include "mentiond/rules.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct diag d;

    diag_init(&d);
    struct ruleset *set =
        ruleset_parse("fuzz.yaml", (struct str){(const char *)data, size}, RULE_ENGINE_FAST, &d);
    if (!set && d.n_errors == 0)
        __builtin_trap();
    if (set) {
        ruleset_run_tests(set, &d);
        ruleset_lint(set, &d);
    }
    ruleset_unref(set);
    diag_finish(&d);
    return 0;
}
