/* Log likelihoods of single rows, with their derivatives: one case a family and link. */
#ifndef GLMM_BAYES_ROWS_H
#define GLMM_BAYES_ROWS_H
#include "shared.h"

enum { LOGIT, PROBIT, CLOGLOG, POISSON, NEGATIVE_BINOMIAL, GAMMA_ROWS };

static double digamma(double x) {
    double sum = 0.0;
    while (x < 10.0) { sum -= 1.0 / x; x += 1.0; }
    double s = 1.0 / (x * x);
    return sum + log(x) - 0.5 / x
        - s * (1.0 / 12 - s * (1.0 / 120 - s * (1.0 / 252 - s * (1.0 / 240 - s * (1.0 / 132 - s * 691.0 / 32760)))));
}

/* lgamma(x) - (x - 1/2) log x + x - log(2 pi)/2, for x of 10 at least. */
static double stirling_rest(double x) {
    double s = 1.0 / (x * x);
    return (1.0 / 12 - s * (1.0 / 360 - s * (1.0 / 1260 - s * (1.0 / 1680 - s * (1.0 / 1188 - s * 691.0 / 360360))))) / x;
}

static double log_gamma(double x) {
    double shift = 0.0;
    while (x < 10.0) { shift -= log(x); x += 1.0; }
    return shift + (x - 0.5) * log(x) - x + 0.918938533204672742 + stirling_rest(x);
}

/* sum over k < y of log(1 + k/shape), and of 1/(shape + k) - 1/shape: nothing is lost where shape is large. */
static double rising(double y, double shape, double *slope) {
    if (y < 40.0) {
        double sum = 0.0, back = 0.0;
        for (double k = 1.0; k < y; k += 1.0) { sum += log1p(k / shape); back -= k / (shape * (shape + k)); }
        *slope = back;
        return sum;
    }
    double low = 0.0, back = 0.0, a = shape;
    while (a < 10.0) { low -= log(a); back -= 1.0 / a; a += 1.0; }
    double top = shape + y, ratio = (top - a) / a;
    double sum = (top - 0.5) * log1p(ratio) - (top - a) + stirling_rest(top) - stirling_rest(a) + (top - a) * log(a);
    *slope = digamma(top) - digamma(a) - back - y / shape;
    return sum - low - y * log(shape);
}

/* log Phi(x), and its derivative. */
static double log_normal_cdf(double x, double *slope) {
    const double log_root = 0.918938533204672742;
    double value;
    if (x > -10.0) value = x > 0 ? log1p(-0.5 * erfc(x * M_SQRT1_2)) : log(0.5 * erfc(-x * M_SQRT1_2));
    else {
        double s = 1.0 / (x * x), fraction = 1.0;
        fraction = 1.0 - s * (1.0 - 3.0 * s * (1.0 - 5.0 * s * (1.0 - 7.0 * s * (1.0 - 9.0 * s * (1.0 - 11.0 * s * (1.0 - 13.0 * s))))));
        value = -0.5 * x * x - log_root - log(-x) + log(fraction);
    }
    *slope = exp(-0.5 * x * x - log_root - value);
    return value;
}

/* Log likelihood of a row up to a constant, its derivative in eta and in the further parameter. */
static double row_at(int64_t kind, double y, double n, double eta, double further, double *slope, double *further_slope) {
    switch (kind) {
    case LOGIT: {
        double t = exp(-fabs(eta)), p = eta >= 0 ? 1.0 / (1.0 + t) : t / (1.0 + t);
        *slope = y - n * p;
        return y * eta - n * ((eta > 0 ? eta : 0.0) + log1p(t));
    }
    case PROBIT: {
        double up, down, one = log_normal_cdf(eta, &up), zero = log_normal_cdf(-eta, &down), rest = n - y;
        *slope = (y > 0 ? y * up : 0.0) - (rest > 0 ? rest * down : 0.0);
        return (y > 0 ? y * one : 0.0) + (rest > 0 ? rest * zero : 0.0);
    }
    case CLOGLOG: {
        double e = exp(eta), rest = n - y;
        double log_p = eta < -30.0 ? eta - 0.5 * e : log(-expm1(-e)), ratio = e < 1e-15 ? 1.0 : (e > 700.0 ? 0.0 : e / expm1(e));
        *slope = (y > 0 ? y * ratio : 0.0) - (rest > 0 ? rest * e : 0.0);
        return (y > 0 ? y * log_p : 0.0) - (rest > 0 ? rest * e : 0.0);
    }
    case POISSON: {
        double mu = exp(eta);
        *slope = y - mu;
        return y * eta - mu;
    }
    case NEGATIVE_BINOMIAL: {
        double mu = exp(eta), ratio = mu / further, back, logs = log1p(ratio), value = rising(y, further, &back);
        *slope = isinf(mu) ? -further : (y - mu) / (1.0 + ratio);
        *further_slope = back - logs + (y + further) * ratio / (further + mu);
        return isinf(ratio) ? -INFINITY : y * eta + value - (y + further) * logs;
    }
    default: {                                           /* GAMMA_ROWS */
        double ratio = y * exp(-eta), log_ratio = log(y) - eta;
        *slope = further * (ratio - 1.0);
        *further_slope = log(further) + 1.0 - digamma(further) + log_ratio - ratio;
        return further * (log(further) + log_ratio - ratio) - log_gamma(further);
    }
    }
}

#endif
