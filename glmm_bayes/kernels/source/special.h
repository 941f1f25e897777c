/* Gamma functions and normal probabilities whose digits are kept where arguments are large, or far out. */
#ifndef GLMM_BAYES_SPECIAL_H
#define GLMM_BAYES_SPECIAL_H
#include "shared.h"

#define LOG_ROOT_2PI 0.918938533204672742

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
    double shift = 1.0;
    while (x < 10.0) { shift *= x; x += 1.0; }
    return (x - 0.5) * log(x) - x + LOG_ROOT_2PI + stirling_rest(x) - log(shift);
}

/* The same rest for any x above 0, or one of 0 whose log is known; x (log x - digamma(x)), which is above 1/2. */
static double binet(double x, double log_x, double *excess) {
    if (x < 10.0) {
        *excess = 1.0 + x * (log_x - digamma(1.0 + x));
        return log_gamma(1.0 + x) - (x + 0.5) * log_x + x - LOG_ROOT_2PI;
    }
    double s = 1.0 / (x * x);
    *excess = 0.5 + (1.0 / 12 - s * (1.0 / 120 - s * (1.0 / 252 - s * (1.0 / 240 - s * (1.0 / 132 - s * 691.0 / 32760))))) / x;
    return stirling_rest(x);
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

/* log(1 - exp(-x)), for x of at least 0. */
static double log1mexp(double x) { return x < M_LN2 ? log(-expm1(-x)) : log1p(-exp(-x)); }

/* log Phi(x), and its derivative. */
static double log_normal_cdf(double x, double *slope) {
    double value;
    if (x > -30.0) value = x > 0 ? log1p(-0.5 * erfc(x * M_SQRT1_2)) : log(0.5 * erfc(-x * M_SQRT1_2));
    else {
        double s = 1.0 / (x * x), fraction = 1.0;
        fraction = 1.0 - s * (1.0 - 3.0 * s * (1.0 - 5.0 * s * (1.0 - 7.0 * s * (1.0 - 9.0 * s * (1.0 - 11.0 * s * (1.0 - 13.0 * s))))));
        value = -0.5 * x * x - LOG_ROOT_2PI - log(-x) + log(fraction);
    }
    *slope = exp(-0.5 * x * x - LOG_ROOT_2PI - value);
    return value;
}

#endif
