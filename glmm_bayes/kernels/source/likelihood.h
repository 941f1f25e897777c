/* The numbers that rows share: a family's further parameters, or thresholds; their coordinates and priors. */
#ifndef GLMM_BAYES_LIKELIHOOD_H
#define GLMM_BAYES_LIKELIHOOD_H
#include "rows.h"

enum { MOST_NUMBERS = 64 };

typedef struct {
    int64_t kind, link, parameters, thresholds, sampled; /* sampled: how many numbers of a point they are */
    const Law *law;            /* of each parameter */
    const Law *threshold_law;  /* of each threshold, less the level of the linear predictor */
    double level;              /* at the centre: 0 where the law is of thresholds at the average row */
    const double *level_columns, *level_others; /* NULL there; of the coefficients' units */
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

/* The log likelihood of some rows with weights, its derivatives in their linear predictors; those in the numbers
 * are added. */
static double rows_at(const Likelihood *q, const double *y, const double *n, const double *weights, const double *eta,
                      int64_t rows, Numbers *s, double *slope) {
    double sum = 0.0;
    for (int64_t i = 0; i < rows; i++) {
        int64_t place = q->thresholds ? (int64_t)y[i] : 0;
        double back[2] = { 0.0, 0.0 }, w = weights ? weights[i] : 1.0;
        sum += w * row_at(q->kind, q->link, y[i], n[i], eta[i], s->value + place, &s->common, slope + i, back);
        if (w == 0.0) { slope[i] = 0.0; continue; }
        slope[i] *= w;
        s->bar[place] += w * back[0]; s->bar[place + 1] += w * back[1];
    }
    return sum;
}

#endif
