/* Any listed family: log density and gradient of hyperparameters, coefficients and all effects.
 *
 * A point holds, in this order: numbers of the factors (log standard deviations, partial correlations),
 * coefficients with priors that are not normal, the family's further parameter, units of the coefficients
 * (their centre and their map are a pilot's, and fixed), numbers of the effects of each factor, level by level,
 * from which maps.h makes the effects.
 *
 * Nothing is shared between calls: any number of chains may run at once. All sums have one order.
 */
#include "shared.h"
#include "maps.h"
#include "rows.h"

typedef struct {
    int64_t numbers, rows, coefficients, others, factors, kind;
    const Factor *factor;      /* first: where its units begin among all units of effects */
    const Law *other_law, *further_law;
    double further;            /* where it is fixed: further_law is NULL */
    const double *offset;      /* with the linear predictor at the centre */
    const double *columns;     /* coefficients x rows, of their units */
    const double *other_columns;
    const int32_t *const *code;
    const double *const *z;    /* of each factor: effects x rows; NULL where all are 1 */
    const double *y, *trials, *weights;  /* weights may be NULL */
    const double *prior_mean, *prior_shift, *prior_root; /* root (units - mean - shift d) ~ N(0, I), lower */
    const Map *map;            /* of each factor */
} Joint;

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

typedef struct {
    double *sds, *roots, *scales, *b, *b_bar, *u, *h, *g, *h_bar, *bar, *map, *scratch, *delta, *delta_bar;
    int64_t units, effects, squares;
} Space;

static double *take(double **rest, int64_t count) { double *taken = *rest; *rest += count; return taken; }

static double *space_for(const Joint *g, Space *s) {
    int64_t most = 1, map = 1;
    s->units = s->effects = s->squares = 0;
    for (int64_t f = 0; f < g->factors; f++) {
        int64_t q = g->factor[f].size, n = g->factor[f].levels, need = g->map[f].is_whole ? 2 * n : scratch_of(q);
        s->units += n * q; s->effects += q; s->squares += q * q;
        if (q > most) most = q;
        if (need > map) map = need;
    }
    int64_t all = s->effects + 2 * s->squares + 6 * s->units + most * (most + 1) + map + g->coefficients + 2 * g->others + 1;
    double *memory = calloc((size_t)all, sizeof(double)), *rest = memory;
    if (!memory) return NULL;
    s->sds = take(&rest, s->effects); s->roots = take(&rest, s->squares); s->scales = take(&rest, s->squares);
    s->b = take(&rest, s->units); s->b_bar = take(&rest, s->units); s->u = take(&rest, s->units);
    s->h = take(&rest, s->units); s->g = take(&rest, s->units); s->h_bar = take(&rest, s->units);
    s->bar = take(&rest, most * (most + 1)); s->map = take(&rest, map); s->scratch = take(&rest, g->coefficients);
    s->delta = take(&rest, g->others); s->delta_bar = take(&rest, g->others);
    return memory;
}

/* Effects of all factors, the smaller ones first: what they explain the larger ones need not. */
static double effects_at(const Joint *g, const Direct *d, const double *numbers, Space *s) {
    double log_det = 0.0;
    int64_t square = s->squares;
    for (int64_t f = g->factors - 1; f >= 0; f--) {
        const Factor *factor = g->factor + f;
        int64_t first = factor->first;
        square -= factor->size * factor->size;
        log_det += map_forward(factor, g->map + f, s->scales + square, d, numbers + first, s->b, s->h + first, s->u + first, s->b + first, s->map);
    }
    return log_det;
}

/* The density of a factor's units, and the gradient in all that its effects were made of. */
static double effects_back(const Joint *g, int64_t f, const Direct *d, const double *numbers, double *numbers_bar, int64_t effect, int64_t square,
                           const double *x, double *grad, Space *s) {
    const Factor *factor = g->factor + f;
    int64_t q = factor->size, first = factor->first;
    const double *scale = s->scales + square;
    double *bar = s->bar, *log_sd_bar = bar + q * q;
    memset(bar, 0, sizeof(double) * (size_t)(q * q));
    double lp = map_back(factor, g->map + f, scale, d, numbers + first, s->u + first, s->h + first, s->b_bar + first, s->b_bar,
                         numbers_bar + first, bar, s->g + first, s->h_bar + first, s->map);
    for (int64_t e = 0; e < q; e++) {                    /* scale = sd x root, row by row */
        log_sd_bar[e] = 0.0;
        for (int64_t k = 0; k <= e; k++) { log_sd_bar[e] += scale[e * q + k] * bar[e * q + k]; bar[e * q + k] *= s->sds[effect + e]; }
    }
    factor_back(factor, s->roots + square, log_sd_bar, bar, x, grad);
    return lp;
}

static int64_t evaluate_joint(const Joint *g, const double *x, double *grad, double *logp, Space *s) {
    int64_t p = g->coefficients, d = g->others, at;
    memset(grad, 0, sizeof(double) * (size_t)g->numbers);
    double lp = factors_at(g->factor, g->factors, x, grad, s->sds, s->roots, s->scales, &at);
    int64_t other_at = at;
    for (int64_t k = 0; k < d; k++, at++) { double rate; lp += law_at(g->other_law + k, x[at], s->delta + k, &rate, grad + at); }
    int64_t further_at = at;
    double further = g->further, rate = 0.0, further_bar = 0.0;
    if (g->further_law) {
        double number;
        lp += law_at(g->further_law, x[at++], &number, &rate, grad + further_at);
        further = parameter_of(g->further_law, number);
        if (!(further > 0.0 && isfinite(further))) return NO_DENSITY;
    }
    if (!isfinite(lp)) return NO_DENSITY;
    const double *v = x + at, *u = v + p;
    double *v_bar = grad + at, *u_bar = v_bar + p;
    Direct direct = {v, s->delta, p, d, v_bar, s->delta_bar};
    lp += effects_at(g, &direct, u, s);
    double eta[BLOCK], slope[BLOCK];
    for (int64_t from = 0; from < g->rows; from += BLOCK) {
        int64_t n = g->rows - from < BLOCK ? g->rows - from : BLOCK;
        double sum = 0.0;
        predict(g, v, s->delta, s->b, from, n, eta);
        for (int64_t i = 0; i < n; i++) {
            double back = 0.0, w = g->weights ? g->weights[from + i] : 1.0;
            double value = row_at(g->kind, g->y[from + i], g->trials[from + i], eta[i], further, slope + i, &back);
            if (w == 0.0) { slope[i] = 0.0; continue; }
            sum += w * value; slope[i] *= w; further_bar += w * back;
        }
        lp += sum;
        predict_back(g, slope, from, n, v_bar, s->delta_bar, s->b_bar);
    }
    at = 0;
    int64_t square = 0, effect = 0;
    for (int64_t f = 0; f < g->factors; f++) {
        lp += effects_back(g, f, &direct, u, u_bar, effect, square, x + at, grad + at, s);
        at += numbers_of(g->factor + f); square += g->factor[f].size * g->factor[f].size; effect += g->factor[f].size;
    }
    lp += coefficient_prior(g, v, s->delta, s->scratch, v_bar, s->delta_bar);
    for (int64_t k = 0; k < d; k++) {
        double number, other_rate, other_slope;
        law_at(g->other_law + k, x[other_at + k], &number, &other_rate, &other_slope);
        grad[other_at + k] += s->delta_bar[k] * other_rate;
    }
    if (g->further_law) grad[further_at] += further_bar * further * g->further_law->power * rate;
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
 * parameter. */
int64_t joint_expand(uint64_t dim, uint64_t count, const double *x, double *out, void *user) {
    const Joint *g = user;
    Space s;
    double *memory = space_for(g, &s), *grad = malloc(sizeof(double) * (size_t)(dim + 1));
    (void)count;
    if (!memory || !grad) { free(memory); free(grad); return NO_MEMORY; }
    int64_t at, p = g->coefficients;
    factors_at(g->factor, g->factors, x, grad, s.sds, s.roots, s.scales, &at);
    for (int64_t k = 0; k < g->others; k++, at++) { double rate; law_at(g->other_law + k, x[at], s.delta + k, &rate, grad); }
    double further = g->further;
    if (g->further_law) { double rate; law_at(g->further_law, x[at++], &further, &rate, grad); further = parameter_of(g->further_law, further); }
    memcpy(out, x + at, sizeof(double) * (size_t)p);
    Direct direct = {x + at, s.delta, p, g->others, NULL, NULL};
    effects_at(g, &direct, x + at + p, &s);
    memcpy(out + p, s.b, sizeof(double) * (size_t)s.units);
    out += p + s.units;
    memcpy(out, s.sds, sizeof(double) * (size_t)s.effects); out += s.effects;
    memcpy(out, s.roots, sizeof(double) * (size_t)s.squares); out += s.squares;
    memcpy(out, s.delta, sizeof(double) * (size_t)g->others); out += g->others;
    *out = further;
    free(memory); free(grad);
    return FINE;
}

/* What the rows need besides the linear predictor: the further parameter at a point. */
static double further_at(const Joint *g, const double *x, Space *s, double *grad) {
    int64_t at;
    double rate, number;
    factors_at(g->factor, g->factors, x, grad, s->sds, s->roots, s->scales, &at);
    for (int64_t k = 0; k < g->others; k++, at++) law_at(g->other_law + k, x[at], s->delta + k, &rate, grad + at);
    if (!g->further_law) return g->further;
    law_at(g->further_law, x[at], &number, &rate, grad + at);
    return parameter_of(g->further_law, number);
}

static double weight_of(const Joint *g, int64_t i) { return g->weights ? g->weights[i] : 1.0; }

/* Linear predictors of all rows at a point, then derivatives of log likelihoods in them, then minus the second ones. */
int64_t joint_rows(const double *x, double *out, void *user) {
    const Joint *g = user;
    const double step = 1e-4;
    Space s;
    double *memory = space_for(g, &s), *grad = malloc(sizeof(double) * (size_t)(g->numbers + 1)), back;
    if (!memory || !grad) { free(memory); free(grad); return NO_MEMORY; }
    double further = further_at(g, x, &s, grad), *eta = out, *slope = out + g->rows, *curve = slope + g->rows;
    const double *v = x + g->numbers - s.units - g->coefficients;
    Direct direct = {v, s.delta, g->coefficients, g->others, NULL, NULL};
    effects_at(g, &direct, v + g->coefficients, &s);
    predict(g, v, s.delta, s.b, 0, g->rows, eta);
    for (int64_t i = 0; i < g->rows; i++) {
        double w = weight_of(g, i), up = 0.0, down = 0.0;
        slope[i] = curve[i] = 0.0;
        if (w == 0.0) continue;
        row_at(g->kind, g->y[i], g->trials[i], eta[i], further, slope + i, &back);
        row_at(g->kind, g->y[i], g->trials[i], eta[i] + step, further, &up, &back);
        row_at(g->kind, g->y[i], g->trials[i], eta[i] - step, further, &down, &back);
        slope[i] *= w; curve[i] = w * (down - up) / (2.0 * step);
    }
    free(memory); free(grad);
    return FINE;
}

/* Log likelihoods of all rows at values of their linear predictors. */
int64_t joint_row_values(const double *x, const double *eta, double *value, void *user) {
    const Joint *g = user;
    Space s;
    double *memory = space_for(g, &s), *grad = malloc(sizeof(double) * (size_t)(g->numbers + 1)), slope, back;
    if (!memory || !grad) { free(memory); free(grad); return NO_MEMORY; }
    double further = further_at(g, x, &s, grad);
    for (int64_t i = 0; i < g->rows; i++) {
        double w = weight_of(g, i);
        value[i] = w == 0.0 ? 0.0 : w * row_at(g->kind, g->y[i], g->trials[i], eta[i], further, &slope, &back);
    }
    free(memory); free(grad);
    return FINE;
}

/* The scale of the effects of each factor at a point. */
int64_t joint_scales(const double *x, double *out, void *user) {
    const Joint *g = user;
    Space s;
    double *memory = space_for(g, &s), *grad = malloc(sizeof(double) * (size_t)(g->numbers + 1));
    int64_t at;
    if (!memory || !grad) { free(memory); free(grad); return NO_MEMORY; }
    factors_at(g->factor, g->factors, x, grad, s.sds, s.roots, s.scales, &at);
    memcpy(out, s.scales, sizeof(double) * (size_t)s.squares);
    free(memory); free(grad);
    return FINE;
}
