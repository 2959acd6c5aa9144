/* Tests and intervals that hold at every look, for results that are watched while they come in. Of a fixed-size test, looked at
 * after each observation, the chance to be wrong at some look grows towards 1.
 *
 * One arm. With s successes out of n, each with the chance p given all before, the mixture of likelihood ratios over the
 * Beta(1/2, 1/2) distribution,
 *     M_n(p) = B(s + 1/2, n - s + 1/2) / (B(1/2, 1/2) p^s (1 - p)^(n - s)),
 * is a martingale of mean 1, so that P(M_n(p) >= 1/a for any n) <= a (Ville 1939; Robbins 1970; Howard, Ramdas, McAuliffe and
 * Sekhon, "Time-uniform, nonparametric, nonasymptotic confidence sequences", Annals of Statistics 49, 2021). The p with
 * M_n(p) < 1/a are an interval that covers the true one at all n together with 1 - a.
 *
 * Two arms of the same p: M_n(p) M_m(p) is such a martingale in whatever order the observations of both come, and at its
 * least, at p^ = (s + t) / (n + m), not above it: the mixture sequential probability ratio test of Johari, Koomen, Pekelis
 * and Walsh ("Peeking at A/B tests", KDD 2017), without their normal approximation, and with the unknown p at its most
 * likely (Wasserman, Ramdas and Balakrishnan, "Universal inference", PNAS 117, 2020). So
 *     min(1, 1 / (M_n(p^) M_m(p^)))
 * is a p-value at any time: at or below a, at any look ever, with the chance a at most if both arms are the same. */
#ifndef AISLE_SERVER_SEQUENTIAL_H
#define AISLE_SERVER_SEQUENTIAL_H

#include "server/recommend/rates.h"

typedef struct aisle_tally {
    int64_t hits, n; /* 0 <= hits <= n */
} aisle_tally;

/* 0 < alpha < 1. n = 0: 0..1, and 0 as its value. */
aisle_interval aisle_anytime_interval(aisle_tally t, double alpha);
/* 1 while either arm is empty. */
double aisle_anytime_p(aisle_tally a, aisle_tally b);

#endif
