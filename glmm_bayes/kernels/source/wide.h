/* Many rows at a time: exp and log1p without branches, which compilers turn into vectors; sums in eight lanes.
 *
 * Every operation is one of IEEE 754 and every sum has one order, so that all widths of vectors, one included, give
 * the same bits.
 */
#ifndef GLMM_BAYES_WIDE_H
#define GLMM_BAYES_WIDE_H
#include <math.h>
#include <stdint.h>
#include <string.h>

#if defined(__x86_64__) && defined(__linux__) && defined(__GLIBC__) && defined(__GNUC__) && !defined(__clang__) && !defined(ONE_WIDTH)
#define WIDE __attribute__((target_clones("avx512f", "avx2", "default")))
#else
#define WIDE
#endif

enum { BLOCK = 256 };

static inline double of_bits(uint64_t bits) { double x; memcpy(&x, &bits, sizeof x); return x; }
static inline uint64_t bits_of(double x) { uint64_t bits; memcpy(&bits, &x, sizeof bits); return bits; }

/* exp(x) to 1e-15 of itself, for x between -708 and 709; beyond, the value at the end. */
static inline double plain_exp(double x) {
    const double shift = 6755399441055744.0, log2_e = 1.4426950408889634, high = 0.693147180369123816490, low = 1.90821492927058770002e-10;
    x = x < -708.0 ? -708.0 : x;
    x = x > 709.0 ? 709.0 : x;
    double k = x * log2_e + shift;
    uint64_t power = bits_of(k) << 52;
    k -= shift;
    double r = (x - k * high) - k * low;
    double p = 1.0 / 6227020800.0;
    p = p * r + 1.0 / 479001600.0;
    p = p * r + 1.0 / 39916800.0;
    p = p * r + 1.0 / 3628800.0;
    p = p * r + 1.0 / 362880.0;
    p = p * r + 1.0 / 40320.0;
    p = p * r + 1.0 / 5040.0;
    p = p * r + 1.0 / 720.0;
    p = p * r + 1.0 / 120.0;
    p = p * r + 1.0 / 24.0;
    p = p * r + 1.0 / 6.0;
    p = p * r + 0.5;
    p = p * r + 1.0;
    p = p * r + 1.0;
    return of_bits(bits_of(p) + power);
}

/* log(1 + t) for t between 0 and 1, to 1e-15 of itself: 2 artanh of (m - 1)/(m + 1), m = 1 + t or half of it. */
static inline double log1p_unit(double t) {
    double is_far = t > 0.41421356237309503 ? 1.0 : 0.0;
    double top = is_far > 0.5 ? t - 1.0 : t, bottom = is_far > 0.5 ? t + 3.0 : t + 2.0;
    double s = top / bottom, z = s * s;
    double p = 2.0 / 21.0;
    p = p * z + 2.0 / 19.0;
    p = p * z + 2.0 / 17.0;
    p = p * z + 2.0 / 15.0;
    p = p * z + 2.0 / 13.0;
    p = p * z + 2.0 / 11.0;
    p = p * z + 2.0 / 9.0;
    p = p * z + 2.0 / 7.0;
    p = p * z + 2.0 / 5.0;
    p = p * z + 2.0 / 3.0;
    return 2.0 * s + s * (z * p) + is_far * 0.6931471805599453;
}

/* Sum in eight lanes. */
static inline double lanes(const double *values, int64_t n) {
    double sum[8] = { 0.0 }, rest = 0.0;
    int64_t i = 0;
    for (; i + 8 <= n; i += 8) for (int64_t k = 0; k < 8; k++) sum[k] += values[i + k];
    for (; i < n; i++) rest += values[i];
    return ((sum[0] + sum[4]) + (sum[1] + sum[5])) + ((sum[2] + sum[6]) + (sum[3] + sum[7])) + rest;
}

WIDE static double dot(const double *column, const double *slope, int64_t n) {
    double sum[8] = { 0.0 }, rest = 0.0;
    int64_t i = 0;
    for (; i + 8 <= n; i += 8) for (int64_t k = 0; k < 8; k++) sum[k] += slope[i + k] * column[i + k];
    for (; i < n; i++) rest += slope[i] * column[i];
    return ((sum[0] + sum[4]) + (sum[1] + sum[5])) + ((sum[2] + sum[6]) + (sum[3] + sum[7])) + rest;
}

WIDE static void add_column(double weight, const double *column, int64_t n, double *eta) {
    for (int64_t i = 0; i < n; i++) eta[i] += weight * column[i];
}

/* Successes under a logit link: the log likelihoods, and their derivatives in eta. */
WIDE static void logit_rows(const double *y, const double *trials, const double *eta, int64_t n, double *value, double *slope) {
    for (int64_t i = 0; i < n; i++) {
        double x = eta[i], t = plain_exp(-fabs(x)), share = 1.0 / (1.0 + t), up = x > 0.0 ? x : 0.0;
        double p = x >= 0.0 ? share : t * share;
        slope[i] = y[i] - trials[i] * p;
        value[i] = y[i] * x - trials[i] * (up + log1p_unit(t));
    }
}

/* Counts under a log link; rows is what the mean is of. */
WIDE static void poisson_rows(const double *y, const double *eta, int64_t n, double *value, double *slope) {
    for (int64_t i = 0; i < n; i++) {
        double mu = plain_exp(eta[i]);
        mu = eta[i] > 709.0 ? INFINITY : mu;
        slope[i] = y[i] - mu;
        value[i] = y[i] * eta[i] - mu;
    }
}

/* Counts around a mean under a log link, of one shape, but for what depends on y and shape alone; in shape, too. */
WIDE static void negative_binomial_rows(const double *y, const double *eta, int64_t n, double shape, double log_shape,
                                        double *value, double *slope, double *back) {
    for (int64_t i = 0; i < n; i++) {
        double z = eta[i] - log_shape, t = plain_exp(-fabs(z)), share = 1.0 / (1.0 + t), up = z > 0.0 ? z : 0.0;
        double p = z >= 0.0 ? share : t * share, rest = z >= 0.0 ? t * share : share, logs = up + log1p_unit(t);
        slope[i] = y[i] * rest - shape * p;
        value[i] = y[i] * eta[i] - (y[i] + shape) * logs;
        back[i] = (y[i] + shape) * p / shape - logs;
    }
}

#endif
