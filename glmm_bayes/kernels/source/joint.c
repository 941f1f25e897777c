/* Any listed family: log density and gradient of hyperparameters, coefficients and all effects.
 *
 * A point holds, in this order: numbers of the factors (log standard deviations, partial correlations),
 * coefficients with priors that are not normal, the family's further parameters or thresholds, units of the
 * coefficients (their centre and their map are a pilot's, and fixed), numbers of the effects of each factor, level
 * by level, from which maps.h makes the effects.
 *
 * Nothing is shared between calls: any number of chains may run at once. All sums have one order.
 */
#include "shared.h"
#include "likelihood.h"
#include "maps.h"

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
    const Map *map;            /* of each factor */
} Joint;

/* The linear predictor of some rows, from the values of all coefficients and effects. */
WIDE static void predict(const Joint *g, const double *v, const double *delta, const double *b, int64_t from, int64_t n, double *eta) {
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
        int64_t q = g->factor[f].size, n = g->factor[f].levels, need = g->map[f].is_whole ? 3 * n : scratch_of(q);
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
    const Likelihood *likelihood = g->likelihood;
    int64_t shared_at = at;
    at += likelihood->sampled;
    const double *v = x + at, *u = v + p;
    Numbers numbers;
    lp += numbers_at(likelihood, x + shared_at, level_at(likelihood, v, p, s->delta, d), grad + shared_at, &numbers);
    if (!isfinite(lp)) return NO_DENSITY;
    double *v_bar = grad + at, *u_bar = v_bar + p;
    Direct direct = {v, s->delta, p, d, v_bar, s->delta_bar};
    lp += effects_at(g, &direct, u, s);
    double eta[BLOCK], slope[BLOCK];
    for (int64_t from = 0; from < g->rows; from += BLOCK) {
        int64_t n = g->rows - from < BLOCK ? g->rows - from : BLOCK;
        predict(g, v, s->delta, s->b, from, n, eta);
        lp += rows_at(likelihood, g->y + from, g->n + from, g->weights ? g->weights + from : NULL, eta, n, &numbers, slope);
        predict_back(g, slope, from, n, v_bar, s->delta_bar, s->b_bar);
    }
    lp += rows_alone(likelihood, &numbers);
    numbers_back(likelihood, &numbers, grad + shared_at);
    level_back(likelihood, numbers.level_bar, p, v_bar, d, s->delta_bar);
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
    Direct direct = {x + at, s.delta, p, g->others, NULL, NULL};
    effects_at(g, &direct, x + at + p, &s);
    memcpy(out + p, s.b, sizeof(double) * (size_t)s.units);
    out += p + s.units;
    memcpy(out, s.sds, sizeof(double) * (size_t)s.effects); out += s.effects;
    memcpy(out, s.roots, sizeof(double) * (size_t)s.squares); out += s.squares;
    memcpy(out, s.delta, sizeof(double) * (size_t)g->others); out += g->others;
    memcpy(out, numbers.value, sizeof(double) * (size_t)likelihood->parameters); out += likelihood->parameters;
    memcpy(out, numbers.value + 1, sizeof(double) * (size_t)likelihood->thresholds);
    free(memory); free(grad);
    return FINE;
}

/* What rows share at a point. */
static void shared_at_point(const Joint *g, const double *x, Space *s, double *grad, Numbers *numbers) {
    int64_t at;
    double rate;
    factors_at(g->factor, g->factors, x, grad, s->sds, s->roots, s->scales, &at);
    for (int64_t k = 0; k < g->others; k++, at++) law_at(g->other_law + k, x[at], s->delta + k, &rate, grad + at);
    numbers_at(g->likelihood, x + at, 0.0, grad + at, numbers);
}

/* Linear predictors of all rows at a point. */
int64_t joint_predictors(const double *x, double *eta, void *user) {
    const Joint *g = user;
    Space s;
    Numbers numbers;
    double *memory = space_for(g, &s), *grad = malloc(sizeof(double) * (size_t)(g->numbers + 1));
    if (!memory || !grad) { free(memory); free(grad); return NO_MEMORY; }
    shared_at_point(g, x, &s, grad, &numbers);
    const double *v = x + g->numbers - s.units - g->coefficients;
    Direct direct = {v, s.delta, g->coefficients, g->others, NULL, NULL};
    effects_at(g, &direct, v + g->coefficients, &s);
    predict(g, v, s.delta, s.b, 0, g->rows, eta);
    free(memory); free(grad);
    return FINE;
}

/* Half the step of a difference in a linear predictor: of the unit that its link has. */
static double step_at(const Likelihood *q, const Numbers *s, double eta) {
    double unit = 1.0;
    if (q->link == IDENTITY && (q->kind == NORMAL_ROWS || q->kind == STUDENT_ROWS)) unit = s->value[0];
    else if (q->link == IDENTITY) unit = q->kind == SUCCESSES && eta > 0.5 ? 1.0 - eta : eta;
    return unit > 0.0 ? 1e-4 * unit : 1e-4;
}

/* At linear predictors of all rows: their log likelihoods, if asked for then derivatives and minus second ones. */
int64_t joint_rows(const double *x, const double *eta, double *out, int64_t derivatives, void *user) {
    const Joint *g = user;
    Space s;
    Numbers numbers;
    int64_t rows = g->rows;
    double *memory = space_for(g, &s), *grad = malloc(sizeof(double) * (size_t)(g->numbers + 1));
    if (!memory || !grad) { free(memory); free(grad); return NO_MEMORY; }
    double *value = out, *slope = out + rows, *curve = slope + rows;
    shared_at_point(g, x, &s, grad, &numbers);
    for (int64_t from = 0; from < rows; from += BLOCK) {
        int64_t n = rows - from < BLOCK ? rows - from : BLOCK;
        double moved[BLOCK], up[BLOCK], down[BLOCK], step[BLOCK];
        const double *y = g->y + from, *units = g->n + from, *weights = g->weights ? g->weights + from : NULL;
        values_at(g->likelihood, y, units, weights, eta + from, n, &numbers, value + from, up);
        if (!derivatives) continue;
        memcpy(slope + from, up, sizeof(double) * (size_t)n);
        for (int64_t i = 0; i < n; i++) { step[i] = step_at(g->likelihood, &numbers, eta[from + i]); moved[i] = eta[from + i] + step[i]; }
        rows_at(g->likelihood, y, units, weights, moved, n, &numbers, up);
        for (int64_t i = 0; i < n; i++) moved[i] = eta[from + i] - step[i];
        rows_at(g->likelihood, y, units, weights, moved, n, &numbers, down);
        for (int64_t i = 0; i < n; i++) curve[from + i] = (down[i] - up[i]) / (2.0 * step[i]);
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

/* The log likelihood of a single row at its family's parameters; its derivatives in eta and in two of them. */
double joint_row(int64_t kind, int64_t link, double y, double n, double eta, const double *p, double *slopes) {
    Common common = common_at(kind, p);
    return row_at(kind, link, y, n, eta, p, &common, slopes, slopes + 1);
}
