/* Everything in logarithms. M_n(p) falls towards s / n and rises from it, so each end of the interval is one bisection. */
#include "server/recommend/sequential.h"

#include <math.h>

static double log_beta(double a, double b)
{
    int sign; /* lgamma writes a global */
    return lgamma_r(a, &sign) + lgamma_r(b, &sign) - lgamma_r(a + b, &sign);
}

/* log (p^s (1 - p)^f), with 0^0 = 1. */
static double log_likelihood(double s, double f, double p)
{
    return (s > 0 ? s * log(p) : 0) + (f > 0 ? f * log1p(-p) : 0);
}

static double log_mixture(aisle_tally t)
{
    double s = (double)t.hits, f = (double)(t.n - t.hits);
    return log_beta(s + 0.5, f + 0.5) - log_beta(0.5, 0.5);
}

/* Where log M crosses `most` between a p inside the interval and one outside. */
static double crossing(aisle_tally t, double most, double inside, double outside)
{
    enum { STEPS = 60 };
    double s = (double)t.hits, f = (double)(t.n - t.hits), mixture = log_mixture(t);
    for (int i = 0; i < STEPS; i++) {
        double p = (inside + outside) / 2;
        if (mixture - log_likelihood(s, f, p) < most)
            inside = p;
        else
            outside = p;
    }
    return outside;
}

aisle_interval aisle_anytime_interval(aisle_tally t, double alpha)
{
    if (t.n == 0) return (aisle_interval){0, 0, 1};
    double p = (double)t.hits / (double)t.n, most = -log(alpha);
    return (aisle_interval){p, t.hits == 0 ? 0 : crossing(t, most, p, 0),
                            t.hits == t.n ? 1 : crossing(t, most, p, 1)};
}

double aisle_anytime_p(aisle_tally a, aisle_tally b)
{
    if (a.n == 0 || b.n == 0) return 1;
    double s = (double)(a.hits + b.hits), f = (double)(a.n + b.n) - s;
    double log_e = log_mixture(a) + log_mixture(b) - log_likelihood(s, f, s / (s + f));
    return log_e > 0 ? exp(-log_e) : 1;
}
