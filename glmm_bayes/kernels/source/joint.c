/* Any listed family: log density and gradient of hyperparameters, coefficients and all effects, non-centred.
 *
 * A point holds, in this order: numbers of the factors (log standard deviations, partial correlations),
 * coefficients with priors that are not normal, the family's further parameters or thresholds, units of the
 * coefficients (their centre is where a model without effects puts them, their map fixed), units of the effects
 * of each factor, level by level. Effects are scale x unit, so that units are standard normal.
 *
 * Nothing is shared between calls: any number of chains may run at once. All sums have one order.
 */
#include "shared.h"
#include "likelihood.h"

typedef struct {
    int64_t numbers, rows, coefficients, others, factors;
    const Factor *factor;      /* first: where its units begin among all units of effects */
    const Law *other_law;
    const double *offset;      /* with the linear predictor at the centre */
    const double *columns;     /* coefficients x rows, of their units */
    const double *other_columns;
    const int32_t *const *code;
    const double *const *z;    /* of each factor: effects x rows; NULL where all are 1 */
    const double *y, *n, *weights;       /* of the rows; weights may be NULL */
    const double *prior_mean, *prior_shift, *prior_root; /* root (units - mean - shift d) ~ N(0, I), lower */
    const Likelihood *likelihood;
} Joint;

/* Effects of all factors, one factor after another: scale x unit. */
static void effects_at(const Joint *g, const double *scales, const double *units, double *b) {
    int64_t square = 0;
    for (int64_t f = 0; f < g->factors; f++) {
        int64_t q = g->factor[f].size;
        const double *scale = scales + square;
        for (int64_t l = 0; l < g->factor[f].levels; l++, units += q, b += q)
            for (int64_t i = 0; i < q; i++) { b[i] = 0.0; for (int64_t k = 0; k <= i; k++) b[i] += scale[i * q + k] * units[k]; }
        square += q * q;
    }
}

enum { BLOCK = 256 };

static void add_column(double weight, const double *column, int64_t n, double *eta) {
    for (int64_t i = 0; i < n; i++) eta[i] += weight * column[i];
}

static double dot(const double *column, const double *slope, int64_t n) {
    double sum = 0.0;
    for (int64_t i = 0; i < n; i++) sum += slope[i] * column[i];
    return sum;
}

/* The linear predictor of some rows, from the values of all coefficients and effects. */
static void predict(const Joint *g, const double *v, const double *delta, const double *b, int64_t from, int64_t n, double *eta) {
    memcpy(eta, g->offset + from, sizeof(double) * (size_t)n);
    for (int64_t c = 0; c < g->coefficients; c++) add_column(v[c], g->columns + c * g->rows + from, n, eta);
    for (int64_t c = 0; c < g->others; c++) add_column(delta[c], g->other_columns + c * g->rows + from, n, eta);
    for (int64_t f = 0; f < g->factors; f++) {
        int64_t q = g->factor[f].size;
        const int32_t *code = g->code[f] + from;
        const double *own = b + g->factor[f].first;
        if (!g->z[f]) { for (int64_t i = 0; i < n; i++) eta[i] += own[code[i]]; continue; }
        for (int64_t k = 0; k < q; k++) {
            const double *z = g->z[f] + k * g->rows + from;
            for (int64_t i = 0; i < n; i++) eta[i] += z[i] * own[code[i] * q + k];
        }
    }
}

/* Add the gradient in coefficients and effects, from that in the linear predictor of some rows. */
static void predict_back(const Joint *g, const double *slope, int64_t from, int64_t n, double *v_bar, double *delta_bar, double *b_bar) {
    for (int64_t c = 0; c < g->coefficients; c++) v_bar[c] += dot(g->columns + c * g->rows + from, slope, n);
    for (int64_t c = 0; c < g->others; c++) delta_bar[c] += dot(g->other_columns + c * g->rows + from, slope, n);
    for (int64_t f = 0; f < g->factors; f++) {
        int64_t q = g->factor[f].size;
        const int32_t *code = g->code[f] + from;
        double *own = b_bar + g->factor[f].first;
        if (!g->z[f]) { for (int64_t i = 0; i < n; i++) own[code[i]] += slope[i]; continue; }
        for (int64_t k = 0; k < q; k++) {
            const double *z = g->z[f] + k * g->rows + from;
            for (int64_t i = 0; i < n; i++) own[code[i] * q + k] += z[i] * slope[i];
        }
    }
}

/* The normal prior of the coefficients' units; its gradient. */
static double coefficient_prior(const Joint *g, const double *v, const double *delta, double *scratch, double *v_bar, double *delta_bar) {
    int64_t p = g->coefficients, d = g->others;
    double lp = 0.0;
    for (int64_t i = 0; i < p; i++) {
        double t = 0.0;
        for (int64_t k = 0; k <= i; k++) {
            double away = v[k] - g->prior_mean[k];
            for (int64_t c = 0; c < d; c++) away -= g->prior_shift[k * d + c] * delta[c];
            t += g->prior_root[i * p + k] * away;
        }
        scratch[i] = t;
        lp -= 0.5 * t * t;
    }
    for (int64_t k = 0; k < p; k++) {
        double bar = 0.0;
        for (int64_t i = k; i < p; i++) bar -= g->prior_root[i * p + k] * scratch[i];
        v_bar[k] += bar;
        for (int64_t c = 0; c < d; c++) delta_bar[c] -= g->prior_shift[k * d + c] * bar;
    }
    return lp;
}

/* The standard normal units of a factor's effects: their density, and the gradient through scale x unit. */
static double units_back(const Factor *factor, const double *sd, const double *scale, const double *root, const double *u,
                         const double *b_bar, const double *x, double *grad, double *u_bar) {
    int64_t q = factor->size;
    double lp = 0.0, log_sd_bar[64], *bar = calloc((size_t)(q * q), sizeof(double));
    if (!bar) return NAN;
    for (int64_t l = 0; l < factor->levels; l++, u += q, b_bar += q, u_bar += q) {
        for (int64_t k = 0; k < q; k++) {
            double sum = -u[k];
            lp -= 0.5 * u[k] * u[k];
            for (int64_t i = k; i < q; i++) { sum += scale[i * q + k] * b_bar[i]; bar[i * q + k] += b_bar[i] * u[k]; }
            u_bar[k] = sum;
        }
    }
    for (int64_t e = 0; e < q; e++) {                    /* scale = sd x root, row by row */
        log_sd_bar[e] = 0.0;
        for (int64_t k = 0; k <= e; k++) { log_sd_bar[e] += scale[e * q + k] * bar[e * q + k]; bar[e * q + k] *= sd[e]; }
    }
    factor_back(factor, root, log_sd_bar, bar, x, grad);
    free(bar);
    return lp;
}

typedef struct { double *sds, *roots, *scales, *b, *b_bar, *scratch, *delta, *delta_bar; int64_t units, effects, squares; } Space;

static double *space_for(const Joint *g, Space *s) {
    s->units = s->effects = s->squares = 0;
    for (int64_t f = 0; f < g->factors; f++) {
        int64_t q = g->factor[f].size;
        s->units += g->factor[f].levels * q; s->effects += q; s->squares += q * q;
    }
    double *memory = calloc((size_t)(s->effects + 2 * s->squares + 2 * s->units + g->coefficients + 2 * g->others + 1), sizeof(double));
    if (!memory) return NULL;
    s->sds = memory; s->roots = s->sds + s->effects; s->scales = s->roots + s->squares; s->b = s->scales + s->squares;
    s->b_bar = s->b + s->units; s->scratch = s->b_bar + s->units; s->delta = s->scratch + g->coefficients;
    s->delta_bar = s->delta + g->others;
    return memory;
}

static int64_t evaluate_joint(const Joint *g, const double *x, double *grad, double *logp, Space *s) {
    int64_t p = g->coefficients, d = g->others, at;
    memset(grad, 0, sizeof(double) * (size_t)g->numbers);
    double lp = factors_at(g->factor, g->factors, x, grad, s->sds, s->roots, s->scales, &at);
    int64_t other_at = at;
    for (int64_t k = 0; k < d; k++, at++) { double rate; lp += law_at(g->other_law + k, x[at], s->delta + k, &rate, grad + at); }
    const Likelihood *likelihood = g->likelihood;
    int64_t shared_at = at;
    at += likelihood->sampled;
    const double *v = x + at, *u = v + p;
    Numbers numbers;
    lp += numbers_at(likelihood, x + shared_at, level_at(likelihood, v, p, s->delta, d), grad + shared_at, &numbers);
    if (!isfinite(lp)) return NO_DENSITY;
    double *v_bar = grad + at, *u_bar = v_bar + p;
    effects_at(g, s->scales, u, s->b);
    double eta[BLOCK], slope[BLOCK];
    for (int64_t from = 0; from < g->rows; from += BLOCK) {
        int64_t n = g->rows - from < BLOCK ? g->rows - from : BLOCK;
        predict(g, v, s->delta, s->b, from, n, eta);
        lp += rows_at(likelihood, g->y + from, g->n + from, g->weights ? g->weights + from : NULL, eta, n, &numbers, slope);
        predict_back(g, slope, from, n, v_bar, s->delta_bar, s->b_bar);
    }
    lp += coefficient_prior(g, v, s->delta, s->scratch, v_bar, s->delta_bar);
    numbers_back(likelihood, &numbers, grad + shared_at);
    level_back(likelihood, numbers.level_bar, p, v_bar, d, s->delta_bar);
    at = 0;
    int64_t square = 0, effect = 0;
    for (int64_t f = 0; f < g->factors; f++) {
        const Factor *factor = g->factor + f;
        lp += units_back(factor, s->sds + effect, s->scales + square, s->roots + square, u + factor->first, s->b_bar + factor->first, x + at, grad + at, u_bar + factor->first);
        at += numbers_of(factor); square += factor->size * factor->size; effect += factor->size;
    }
    for (int64_t k = 0; k < d; k++) {
        double number, other_rate, other_slope;
        law_at(g->other_law + k, x[other_at + k], &number, &other_rate, &other_slope);
        grad[other_at + k] += s->delta_bar[k] * other_rate;
    }
    *logp = lp;
    if (!isfinite(lp)) return NO_DENSITY;
    for (int64_t i = 0; i < g->numbers; i++) if (!isfinite(grad[i])) return NO_GRADIENT;
    return FINE;
}

int64_t joint_logp(uint64_t dim, const double *x, double *grad, double *logp, void *user) {
    Space s;
    double *memory = space_for(user, &s);
    (void)dim;
    if (!memory) return NO_MEMORY;
    int64_t code = evaluate_joint(user, x, grad, logp, &s);
    free(memory);
    return code;
}

/* A row of out holds: the coefficients' units; effects of each factor, level by level; standard deviations of
 * the effects of each factor; Cholesky factors of their correlations; the other coefficients; the further
 * parameters; thresholds at the average row. */
int64_t joint_expand(uint64_t dim, uint64_t count, const double *x, double *out, void *user) {
    const Joint *g = user;
    const Likelihood *likelihood = g->likelihood;
    Space s;
    double *memory = space_for(g, &s), *grad = malloc(sizeof(double) * (size_t)(dim + 1));
    (void)count;
    if (!memory || !grad) { free(memory); free(grad); return NO_MEMORY; }
    int64_t at, p = g->coefficients;
    factors_at(g->factor, g->factors, x, grad, s.sds, s.roots, s.scales, &at);
    for (int64_t k = 0; k < g->others; k++, at++) { double rate; law_at(g->other_law + k, x[at], s.delta + k, &rate, grad); }
    Numbers numbers;
    numbers_at(likelihood, x + at, 0.0, grad, &numbers);
    at += likelihood->sampled;
    memcpy(out, x + at, sizeof(double) * (size_t)p);
    effects_at(g, s.scales, x + at + p, out + p);
    out += p + s.units;
    memcpy(out, s.sds, sizeof(double) * (size_t)s.effects); out += s.effects;
    memcpy(out, s.roots, sizeof(double) * (size_t)s.squares); out += s.squares;
    memcpy(out, s.delta, sizeof(double) * (size_t)g->others); out += g->others;
    memcpy(out, numbers.value, sizeof(double) * (size_t)likelihood->parameters); out += likelihood->parameters;
    memcpy(out, numbers.value + 1, sizeof(double) * (size_t)likelihood->thresholds);
    free(memory); free(grad);
    return FINE;
}

/* Derivatives of the log likelihood of every row in its linear predictor, at coordinates of the numbers that rows
 * share. */
void joint_slopes(const double *eta, const double *x, double *slope, void *user) {
    const Joint *g = user;
    double unused[MOST_NUMBERS];
    Numbers numbers;
    numbers_at(g->likelihood, x, 0.0, unused, &numbers);
    rows_at(g->likelihood, g->y, g->n, g->weights, eta, g->rows, &numbers, slope);
}

/* The log likelihood of a single row at its family's parameters; its derivatives in eta and in two of them. */
double joint_row(int64_t kind, int64_t link, double y, double n, double eta, const double *p, double *slopes) {
    Common common = common_at(kind, p);
    return row_at(kind, link, y, n, eta, p, &common, slopes, slopes + 1);
}
