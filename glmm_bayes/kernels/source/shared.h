/* What every kernel needs: laws of single numbers, grouping factors, correlations from partial ones. */
#ifndef GLMM_BAYES_SHARED_H
#define GLMM_BAYES_SHARED_H
#include <math.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

enum { FIXED = -1, HALF_NORMAL, HALF_STUDENT, EXPONENTIAL, GAMMA, INVERSE_GAMMA, LOG_NORMAL, INTERVAL,
       NORMAL, STUDENT, LAPLACE, LOGISTIC, REAL_INTERVAL, GUMBEL, UNIT };

enum { FINE = 0, NO_GRADIENT = 3, NO_DENSITY = 4, NO_MEMORY = -1 };

/* A law of the number v that is sampled; the parameter is v^power + shift. One that is fixed is a. */
typedef struct { int64_t kind; double a, b, c, power, shift; } Law;

typedef struct {
    int64_t levels, size;      /* of the factor, and effects of a level */
    int64_t first;             /* unit with which it begins: marginal.c of the dense part, -1 for the large factor; joint.c of all */
    int64_t sds, blocks;       /* standard deviations, and blocks of correlated effects */
    const int64_t *sd_of_effect, *block_start, *block_size;
    const double *eta;         /* of the LKJ prior of each block */
    const Law *laws;           /* of each standard deviation */
} Factor;

static double softplus(double x) { return x > 0 ? x + log1p(exp(-x)) : log1p(exp(x)); }

/* Log density of what is sampled, with the Jacobian of its coordinate; the number, and d log|number| / dx. */
static double law_at(const Law *law, double x, double *value, double *rate, double *slope) {
    double v, z;
    switch (law->kind) {
    case UNIT:                                           /* Beta(a, b), by the logit */
        *value = 1.0 / (1.0 + exp(-x)); *rate = 1.0 / (1.0 + exp(x));
        *slope = law->a * *rate - law->b * *value;
        return -law->a * softplus(-x) - law->b * softplus(x);
    case INTERVAL: case REAL_INTERVAL: {
        double share = 1.0 / (1.0 + exp(-x)), width = law->b - law->a;
        *value = law->a + width * share;
        *rate = width * share * (1.0 - share);          /* d value / dx */
        if (law->kind == INTERVAL) *rate /= *value;
        *slope = 1.0 - 2.0 * share;
        return -softplus(x) - softplus(-x);
    }
    case NORMAL:
        *value = x; *rate = 1.0; z = (x - law->a) / law->b; *slope = -z / law->b; return -0.5 * z * z;
    case STUDENT:
        *value = x; *rate = 1.0; z = (x - law->b) / law->c;
        *slope = -(law->a + 1.0) * z / (law->a + z * z) / law->c;
        return -0.5 * (law->a + 1.0) * log1p(z * z / law->a);
    case LAPLACE:
        *value = x; *rate = 1.0; z = (x - law->a) / law->b;
        *slope = (z > 0 ? -1.0 : (z < 0 ? 1.0 : 0.0)) / law->b; return -fabs(z);
    case LOGISTIC:
        *value = x; *rate = 1.0; z = (x - law->a) / law->b;
        *slope = -tanh(0.5 * z) / law->b; return -softplus(z) - softplus(-z);
    case GUMBEL:                                         /* of minima */
        *value = x; *rate = 1.0; z = (x - law->a) / law->b;
        *slope = (1.0 - exp(z)) / law->b; return z - exp(z);
    }
    v = exp(x); *value = v; *rate = 1.0;
    switch (law->kind) {
    case HALF_NORMAL: z = v / law->a; *slope = 1.0 - z * z; return x - 0.5 * z * z;
    case HALF_STUDENT:
        z = v / law->b; z = z * z / law->a;
        *slope = 1.0 - (law->a + 1.0) * (isinf(z) ? 1.0 : z / (1.0 + z));
        return x - 0.5 * (law->a + 1.0) * log1p(z);
    case EXPONENTIAL: *slope = 1.0 - v / law->a; return x - v / law->a;
    case GAMMA: *slope = law->a - law->b * v; return law->a * x - law->b * v;
    case INVERSE_GAMMA: *slope = law->b / v - law->a; return -law->a * x - law->b / v;
    default: z = (x - law->a) / law->b; *slope = -z / law->b; return -0.5 * z * z;   /* LOG_NORMAL */
    }
}

/* Rows of the Cholesky factor of a correlation matrix from partial correlations tanh(x); their LKJ density. */
static double correlate(int64_t size, double eta, const double *x, double *root, int64_t stride) {
    double lp = 0.0;
    for (int64_t i = 0; i < size; i++) {
        double rest = 1.0;                              /* root of what is left of the row's length */
        for (int64_t k = 0; k < i; k++) {
            double y = x[i * (i - 1) / 2 + k], cosh_log = fabs(y) + log1p(exp(-2.0 * fabs(y))) - M_LN2;
            root[i * stride + k] = rest * tanh(y);
            rest *= exp(-cosh_log);
            lp -= (2.0 * eta + (double)(size - 2 - k)) * cosh_log;
        }
        root[i * stride + i] = rest;
    }
    return lp;
}

/* Add the gradient in partial correlations, from that in the Cholesky factor, and that of their density. */
static void correlate_back(int64_t size, double eta, const double *x, const double *root, const double *bar,
                           int64_t stride, double *grad) {
    for (int64_t i = 1; i < size; i++) {
        double rest = 1.0;
        for (int64_t k = 0; k < i; k++) {
            int64_t at = i * (i - 1) / 2 + k;
            double z = tanh(x[at]), short_ = 1.0 / cosh(x[at]), sum = bar[i * stride + k] * rest * short_ * short_;
            for (int64_t j = k + 1; j <= i; j++) sum -= z * bar[i * stride + j] * root[i * stride + j];
            grad[at] += sum - (2.0 * eta + (double)(size - 2 - k)) * z;
            rest *= short_;
        }
    }
}

static double parameter_of(const Law *law, double v) { return law->shift + (law->power == 1.0 ? v : pow(v, law->power)); }

static int64_t partials(int64_t size) { return size * (size - 1) / 2; }

/* Standard deviations, roots and scales of factors at a point; their log prior, and its gradient. */
static double factors_at(const Factor *all, int64_t factors, const double *x, double *grad, double *sds, double *roots,
                         double *scales, int64_t *numbers) {
    double lp = 0.0;
    int64_t at = 0, unit = 0, square = 0;
    for (int64_t f = 0; f < factors; f++) {
        const Factor *factor = all + f;
        int64_t q = factor->size;
        double *sd = sds + unit, *root = roots + square, *scale = scales + square;
        for (int64_t k = 0; k < factor->sds; k++) {
            double v, rate;
            lp += law_at(factor->laws + k, x[at + k], &v, &rate, grad + at + k);
            v = parameter_of(factor->laws + k, v);
            for (int64_t e = 0; e < q; e++) if (factor->sd_of_effect[e] == k) sd[e] = v;
        }
        at += factor->sds;
        memset(root, 0, sizeof(double) * (size_t)(q * q));
        for (int64_t b = 0; b < factor->blocks; b++) {
            int64_t start = factor->block_start[b], size = factor->block_size[b];
            lp += correlate(size, factor->eta[b], x + at, root + start * q + start, q);
            for (int64_t k = 0; k < partials(size); k++) grad[at + k] = 0.0;
            at += partials(size);
        }
        for (int64_t i = 0; i < q; i++) for (int64_t k = 0; k < q; k++) scale[i * q + k] = sd[i] * root[i * q + k];
        unit += q; square += q * q;
    }
    *numbers = at;
    return lp;
}

/* Add the gradient of a factor's numbers, from that of log sd of each effect and of the root. */
static void factor_back(const Factor *factor, const double *root, const double *log_sd_bar, const double *root_bar,
                        const double *x, double *grad) {
    int64_t q = factor->size, at = factor->sds;
    for (int64_t e = 0; e < q; e++) {
        double v, rate, slope;
        int64_t own = factor->sd_of_effect[e];
        law_at(factor->laws + own, x[own], &v, &rate, &slope);
        grad[own] += log_sd_bar[e] * factor->laws[own].power * rate;
    }
    for (int64_t b = 0; b < factor->blocks; b++) {
        int64_t start = factor->block_start[b], size = factor->block_size[b], corner = start * q + start;
        correlate_back(size, factor->eta[b], x + at, root + corner, root_bar + corner, q, grad + at);
        at += partials(size);
    }
}

static int64_t numbers_of(const Factor *factor) {
    int64_t count = factor->sds;
    for (int64_t b = 0; b < factor->blocks; b++) count += partials(factor->block_size[b]);
    return count;
}

#endif
