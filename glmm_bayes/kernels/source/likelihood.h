/* The numbers that rows share: a family's further parameters, or thresholds; their coordinates and priors. */
#ifndef GLMM_BAYES_LIKELIHOOD_H
#define GLMM_BAYES_LIKELIHOOD_H
#include "rows.h"
#include "wide.h"

enum { MOST_NUMBERS = 64 };

typedef struct {
    int64_t kind, link, parameters, thresholds, sampled; /* sampled: how many numbers of a point they are */
    const Law *law;            /* of each parameter */
    const Law *threshold_law;  /* of each threshold, less the level of the linear predictor */
    double level;              /* at the centre: 0 where the law is of thresholds at the average row */
    const double *level_columns, *level_others; /* NULL there; of the coefficients' units */
    int64_t distinct;          /* responses of counts with one shape: each once, and the weights of its rows */
    const double *distinct_y, *distinct_weight;
} Likelihood;

/* Parameters, or thresholds between two infinite ends; derivatives of the density in them and in the level. */
typedef struct { double value[MOST_NUMBERS], bar[MOST_NUMBERS], rate[MOST_NUMBERS], level_bar; Common common; } Numbers;

static double level_at(const Likelihood *q, const double *v, int64_t p, const double *delta, int64_t d) {
    double level = q->level;
    if (!q->level_columns) return level;
    for (int64_t c = 0; c < p; c++) level += q->level_columns[c] * v[c];
    for (int64_t c = 0; c < d; c++) level += q->level_others[c] * delta[c];
    return level;
}

static void level_back(const Likelihood *q, double level_bar, int64_t p, double *v_bar, int64_t d, double *delta_bar) {
    if (!q->level_columns) return;
    for (int64_t c = 0; c < p; c++) v_bar[c] += q->level_columns[c] * level_bar;
    for (int64_t c = 0; c < d; c++) delta_bar[c] += q->level_others[c] * level_bar;
}

/* Numbers at their coordinates; their log prior, and its gradient: the first threshold is its own coordinate,
 * of the others it is the log of the distance to the one before. */
static double numbers_at(const Likelihood *q, const double *x, double level, double *grad, Numbers *s) {
    double lp = 0.0;
    memset(s, 0, sizeof(Numbers));
    for (int64_t k = 0; k < q->parameters; k++) {
        const Law *law = q->law + k;
        if (law->kind == FIXED) { s->value[k] = law->a; continue; }
        double number, rate;
        lp += law_at(law, *x++, &number, &rate, grad++);
        s->value[k] = parameter_of(law, number);
        s->rate[k] = (s->value[k] - law->shift) * law->power * rate;
        if (!(s->value[k] > 0.0 && isfinite(s->value[k]))) return NAN;
    }
    if (q->thresholds) { s->value[0] = -INFINITY; s->value[q->thresholds + 1] = INFINITY; }
    for (int64_t k = 1; k <= q->thresholds; k++, x++, grad++) {
        double unused, rate;
        s->rate[k] = k == 1 ? 1.0 : exp(*x);
        s->value[k] = k == 1 ? *x : s->value[k - 1] + s->rate[k];
        *grad = k == 1 ? 0.0 : 1.0;
        lp += (k == 1 ? 0.0 : *x) + law_at(q->threshold_law, s->value[k] - level, &unused, &rate, s->bar + k);
        s->level_bar -= s->bar[k];
    }
    s->common = common_at(q->kind, s->value);
    return lp;
}

/* Add the gradient in coordinates, from that in the numbers. */
static void numbers_back(const Likelihood *q, const Numbers *s, double *grad) {
    for (int64_t k = 0; k < q->parameters; k++) if (q->law[k].kind != FIXED) *grad++ += s->bar[k] * s->rate[k];
    double sum = 0.0;
    for (int64_t k = q->thresholds; k > 0; k--) { sum += s->bar[k]; grad[k - 1] += sum * s->rate[k]; }
}

/* Whether rows go many at a time. */
static int is_wide(const Likelihood *q) {
    return (q->kind == SUCCESSES && q->link == LOGIT) || (q->kind == POISSON && q->link == LOG)
        || (q->kind == NEGATIVE_BINOMIAL && q->link == LOG && q->distinct);
}

/* Log likelihoods of a block of such rows, of counts with one shape without what depends on the response alone; then
 * derivatives in the linear predictors, and in the shape. */
static void wide_rows(const Likelihood *q, const double *y, const double *n, const double *eta, int64_t rows, const Numbers *s,
                      double *value, double *slope, double *back) {
    if (q->kind == SUCCESSES) logit_rows(y, n, eta, rows, value, slope);
    else if (q->kind == POISSON) poisson_rows(y, eta, rows, value, slope);
    else negative_binomial_rows(y, eta, rows, s->value[0], log(s->value[0]), value, slope, back);
}

/* Log likelihoods of a block of rows with weights, their derivatives in the linear predictors; those in the numbers are
 * added. */
static void values_at(const Likelihood *q, const double *y, const double *n, const double *weights, const double *eta,
                      int64_t rows, Numbers *s, double *value, double *slope) {
    double back[BLOCK];
    int has_shape = is_wide(q) && q->kind == NEGATIVE_BINOMIAL;
    if (is_wide(q)) wide_rows(q, y, n, eta, rows, s, value, slope, back);
    else for (int64_t i = 0; i < rows; i++) {
        int64_t place = q->thresholds ? (int64_t)y[i] : 0;
        double own[2] = { 0.0, 0.0 }, w = weights ? weights[i] : 1.0;
        value[i] = row_at(q->kind, q->link, y[i], n[i], eta[i], s->value + place, &s->common, slope + i, own);
        if (w != 0.0) { s->bar[place] += w * own[0]; s->bar[place + 1] += w * own[1]; }
    }
    if (weights) for (int64_t i = 0; i < rows; i++) {
        double w = weights[i];
        value[i] = w == 0.0 ? 0.0 * value[i] : w * value[i];
        slope[i] = w == 0.0 ? 0.0 : w * slope[i];
        if (has_shape) back[i] = w == 0.0 ? 0.0 : w * back[i];
    }
    if (has_shape) s->bar[0] += lanes(back, rows);
}

/* What of the log likelihood depends on responses and parameters alone, where rows leave it out. */
static double rows_alone(const Likelihood *q, Numbers *s) {
    double sum = 0.0;
    for (int64_t k = 0; k < q->distinct; k++) {
        double slope, w = q->distinct_weight[k];
        sum += w * rising(q->distinct_y[k], s->value[0], &slope);
        s->bar[0] += w * slope;
    }
    return sum;
}

/* The log likelihood of a block of rows. */
static double rows_at(const Likelihood *q, const double *y, const double *n, const double *weights, const double *eta,
                      int64_t rows, Numbers *s, double *slope) {
    double value[BLOCK];
    values_at(q, y, n, weights, eta, rows, s, value, slope);
    return lanes(value, rows);
}

#endif
