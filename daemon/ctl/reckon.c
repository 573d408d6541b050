/* Two formulas, each where its limits can be tested: no corpus, no packs, no printing. */
#include "reckon.h"

#include <math.h>

struct interval reckon_wilson(uint64_t right, uint64_t n, double z)
{
    double total = (double)n, zz = z * z;
    double share, middle, half;

    if (n == 0)
        return (struct interval){0, 1};
    share = (double)right / total;
    middle = (share + zz / (2 * total)) / (1 + zz / total);
    half = z / (1 + zz / total) * sqrt(share * (1 - share) / total + zz / (4 * total * total));
    /* at the ends the formula gives 0 and 1 but for rounding */
    return (struct interval){right == 0 ? 0 : fmax(0, middle - half),
                             right == n ? 1 : fmin(1, middle + half)};
}

static double log_odds(double count, double total)
{
    return log(count) - log(total - count);
}

double reckon_log_odds(const struct word_use *use)
{
    double here = (double)use->here + use->prior;
    double there = (double)use->there + use->prior;
    double delta = log_odds(here, (double)use->n_here + use->n_prior) -
                   log_odds(there, (double)use->n_there + use->n_prior);

    return delta / sqrt(1 / here + 1 / there);
}
