/* Normal responses, normal effects: log density and gradient of the standard deviations, correlations and
 * the residual's standard deviation, with all effects and coefficients integrated out; exact draws of those.
 *
 * The units u ~ N(v0, I) are those of the dense part (coefficients first, then the smaller factors, level by
 * level) and those of the large factor, of which two levels never share a row. With Lambda = diag(sd) Lc and
 * the cross products C of the columns,
 *
 *   A = I + Lambda' C Lambda / s^2,   h = v0 + Lambda' e / s^2,   u | y ~ N(A^-1 h, A^-1),
 *   log p(y) = -N log s - r'r/(2 s^2) - v0'v0/2 + h'A^-1 h/2 - log|A|/2,
 *
 * and by Fisher's identity every gradient needs A^-1 h and the blocks of A^-1 of each level alone.
 * Source of the algebra: Bates and DebRoy (2004), Linear mixed models and penalized least squares.
 *
 * Nothing is shared between calls: any number of chains may run at once. All sums have one order.
 */
#include "shared.h"

typedef struct {
    int64_t numbers;           /* that are sampled */
    int64_t others;            /* coefficients with a prior that is not normal */
    int64_t coefficients, dense, factors;
    const Factor *factor;      /* the large one first */
    const Law *other_law, *sigma_law;
    double sigma;              /* where it is fixed: sigma_law is NULL */
    double rows;               /* the sum of their weights */
    const double *yy;          /* (1 + others)^2: cross products of the response and the other columns */
    const double *wy, *ww;     /* dense x (1 + others), dense x dense */
    const double *zz, *zy;     /* of the large factor, level by level: size^2, size x (1 + others) */
    const int64_t *start, *column; /* columns of the dense part that share rows with a level */
    const double *zw;          /* of level j from size * start[j] on: size x number of its columns */
    const double *prior_mean, *prior_shift; /* of the coefficients' units, and for each other coefficient */
} Model;

/* What one evaluation leaves for draws. */
typedef struct {
    double *sd, *root;         /* of each factor: size, size^2 (Cholesky factor of the correlations) */
    double *scale;             /* diag(sd) root */
    double *contrast;          /* 1, -delta */
    double *mean;              /* of the dense units */
    double *chol;              /* of the Schur complement, lower triangle */
    double *inverse, *column;  /* of the Schur complement; one of its columns */
    double *level_mean, *level_chol, *level_cross, *level_h;
    double sigma;
} Work;

/* Cholesky factor of the lower triangle, in place; the sum of the logs of its diagonal, NaN where it has none. */
static double cholesky(double *a, int64_t n) {
    double logs = 0.0;
    for (int64_t i = 0; i < n; i++) {
        for (int64_t j = 0; j <= i; j++) {
            double sum = a[i * n + j];
            for (int64_t k = 0; k < j; k++) sum -= a[i * n + k] * a[j * n + k];
            if (i == j) {
                if (!(sum > 0.0)) return NAN;
                a[i * n + i] = sqrt(sum);
                logs += log(a[i * n + i]);
            } else a[i * n + j] = sum / a[j * n + j];
        }
    }
    return logs;
}

static void forward(const double *c, int64_t n, double *x) {         /* x := C^-1 x */
    for (int64_t i = 0; i < n; i++) {
        double sum = x[i];
        for (int64_t k = 0; k < i; k++) sum -= c[i * n + k] * x[k];
        x[i] = sum / c[i * n + i];
    }
}

static void backward(const double *c, int64_t n, double *x) {        /* x := C^-T x */
    for (int64_t i = n - 1; i >= 0; i--) {
        double sum = x[i];
        for (int64_t k = i + 1; k < n; k++) sum -= c[k * n + i] * x[k];
        x[i] = sum / c[i * n + i];
    }
}

static void work_layout(const Model *g, Work *w, double *memory, int64_t *needed) {
    int64_t at = 0, widest = 0, units = 0, squares = 0;
    for (int64_t f = 0; f < g->factors; f++) { units += g->factor[f].size; squares += g->factor[f].size * g->factor[f].size; }
    int64_t q = g->factors && g->factor[0].first < 0 ? g->factor[0].size : 0;
    int64_t levels = q ? g->factor[0].levels : 0, m = g->dense;
    for (int64_t j = 0; j < levels; j++) if (g->start[j + 1] - g->start[j] > widest) widest = g->start[j + 1] - g->start[j];
#define TAKE(name, count) do { if (memory) w->name = memory + at; at += (count); } while (0)
    TAKE(sd, units); TAKE(root, squares); TAKE(scale, squares); TAKE(contrast, 1 + g->others);
    TAKE(mean, m); TAKE(chol, m * m); TAKE(inverse, m * m); TAKE(column, m + widest + 64);
    TAKE(level_mean, levels * q); TAKE(level_chol, levels * q * q);
    TAKE(level_cross, levels ? q * g->start[levels] : 0); TAKE(level_h, levels * q);
#undef TAKE
    *needed = at;
}

/* Standard deviations, roots and the log prior at a point; the gradient of the prior. */
static double priors_at(const Model *g, const double *x, double *grad, Work *w) {
    int64_t at;
    double lp = factors_at(g->factor, g->factors, x, grad, w->sd, w->root, w->scale, &at);
    w->contrast[0] = 1.0;
    for (int64_t k = 0; k < g->others; k++, at++) {
        double v, rate;
        lp += law_at(g->other_law + k, x[at], &v, &rate, grad + at);
        w->contrast[1 + k] = -v;
    }
    w->sigma = g->sigma;
    if (g->sigma_law) {
        double v, rate;
        lp += law_at(g->sigma_law, x[at], &v, &rate, grad + at);
        w->sigma = parameter_of(g->sigma_law, v);
    }
    return lp;
}

static double contrasted(const Model *g, const Work *w, const double *row) {
    double sum = 0.0;
    for (int64_t k = 0; k <= g->others; k++) sum += row[k] * w->contrast[k];
    return sum;
}

/* Fill h and the lower triangle of A of the dense units. */
static void dense_part(const Model *g, Work *w, double weight, double *h, double *a) {
    int64_t m = g->dense, p = g->coefficients, wide = 1 + g->others;
    for (int64_t i = 0; i < m; i++) h[i] = weight * contrasted(g, w, g->wy + i * wide);
    for (int64_t i = 0; i < m; i++) for (int64_t k = 0; k < m; k++) a[i * m + k] = weight * g->ww[i * m + k];
    double *scratch = w->column;
    int64_t square = 0;
    for (int64_t f = 0; f < g->factors; f++) {
        const Factor *factor = g->factor + f;
        int64_t q = factor->size;
        const double *scale = w->scale + square;
        square += q * q;
        if (factor->first < 0) continue;
        for (int64_t l = 0; l < factor->levels; l++) {
            int64_t at = factor->first + l * q;
            for (int64_t k = 0; k < q; k++) { scratch[k] = 0.0; for (int64_t i = k; i < q; i++) scratch[k] += scale[i * q + k] * h[at + i]; }
            memcpy(h + at, scratch, sizeof(double) * (size_t)q);
            for (int64_t c = 0; c < m; c++) {            /* rows, then columns */
                for (int64_t k = 0; k < q; k++) { scratch[k] = 0.0; for (int64_t i = k; i < q; i++) scratch[k] += scale[i * q + k] * a[(at + i) * m + c]; }
                for (int64_t k = 0; k < q; k++) a[(at + k) * m + c] = scratch[k];
            }
            for (int64_t r = 0; r < m; r++) {
                for (int64_t k = 0; k < q; k++) { scratch[k] = 0.0; for (int64_t i = k; i < q; i++) scratch[k] += scale[i * q + k] * a[r * m + at + i]; }
                for (int64_t k = 0; k < q; k++) a[r * m + at + k] = scratch[k];
            }
        }
    }
    for (int64_t i = 0; i < m; i++) a[i * m + i] += 1.0;
    for (int64_t i = 0; i < p; i++) {
        h[i] += g->prior_mean[i];
        for (int64_t k = 0; k < g->others; k++) h[i] -= g->prior_shift[i * g->others + k] * w->contrast[1 + k];
    }
}

/* Take the columns of a level's cross products with dense units to those with units of variance one. */
static void scaled_columns(const Model *g, const Work *w, const int64_t *column, int64_t n, int64_t q, double *cross) {
    double scratch[64];
    for (int64_t c = 0; c < n;) {
        if (column[c] < g->coefficients) { c++; continue; }
        int64_t square = 0, f = 0;
        for (;; f++) {
            const Factor *factor = g->factor + f;
            if (factor->first >= 0 && column[c] < factor->first + factor->levels * factor->size && column[c] >= factor->first) break;
            square += factor->size * factor->size;
        }
        int64_t size = g->factor[f].size;
        const double *scale = w->scale + square;
        for (int64_t r = 0; r < q; r++) {
            double *row = cross + r * n + c;
            for (int64_t k = 0; k < size; k++) { scratch[k] = 0.0; for (int64_t i = k; i < size; i++) scratch[k] += scale[i * size + k] * row[i]; }
            for (int64_t k = 0; k < size; k++) row[k] = scratch[k];
        }
        c += size;
    }
}

/* Eliminate the large factor level by level: the Schur complement is left in chol, its h in mean. */
static double eliminate(const Model *g, Work *w, double weight) {
    const Factor *factor = g->factor;
    int64_t q = factor->size, m = g->dense, wide = 1 + g->others;
    const double *scale = w->scale;
    double logs = 0.0;
    for (int64_t j = 0; j < factor->levels; j++) {
        int64_t from = g->start[j], n = g->start[j + 1] - from;
        const int64_t *column = g->column + from;
        double *c = w->level_chol + j * q * q, *cross = w->level_cross + q * from, *t = w->level_mean + j * q;
        const double *s = g->zz + j * q * q, *raw = g->zw + q * from;
        double half[64 * 64];
        for (int64_t i = 0; i < q; i++) for (int64_t k = 0; k < q; k++) {   /* S Lambda */
            double sum = 0.0;
            for (int64_t d = k; d < q; d++) sum += s[i * q + d] * scale[d * q + k];
            half[i * q + k] = sum;
        }
        for (int64_t i = 0; i < q; i++) for (int64_t k = 0; k <= i; k++) {
            double sum = 0.0;
            for (int64_t d = i; d < q; d++) sum += scale[d * q + i] * half[d * q + k];
            c[i * q + k] = weight * sum + (i == k);
        }
        for (int64_t i = 0; i < q; i++) {
            double sum = 0.0;
            for (int64_t d = i; d < q; d++) sum += scale[d * q + i] * contrasted(g, w, g->zy + (j * q + d) * wide);
            t[i] = weight * sum;
            w->level_h[j * q + i] = t[i];
            for (int64_t k = 0; k < n; k++) {
                sum = 0.0;
                for (int64_t d = i; d < q; d++) sum += scale[d * q + i] * raw[d * n + k];
                cross[i * n + k] = weight * sum;
            }
        }
        scaled_columns(g, w, column, n, q, cross);
        double log_det = cholesky(c, q);
        if (!isfinite(log_det)) return NAN;
        logs += log_det;
        forward(c, q, t);
        for (int64_t i = 0; i < q; i++) {                /* cross := C^-1 cross */
            for (int64_t d = 0; d < i; d++) for (int64_t k = 0; k < n; k++) cross[i * n + k] -= c[i * q + d] * cross[d * n + k];
            for (int64_t k = 0; k < n; k++) cross[i * n + k] /= c[i * q + i];
        }
        for (int64_t k = 0; k < n; k++) {
            double *row = w->chol + column[k] * m;
            for (int64_t i = 0; i < q; i++) {
                double v = cross[i * n + k];
                w->mean[column[k]] -= v * t[i];
                for (int64_t l = 0; l <= k; l++) row[column[l]] -= v * cross[i * n + l];
            }
        }
    }
    return logs;
}

static void invert(const double *c, int64_t m, double *inverse) {    /* (C C')^-1, both triangles */
    memset(inverse, 0, sizeof(double) * (size_t)(m * m));
    for (int64_t j = 0; j < m; j++) {                    /* rows j of inverse hold column j of C^-1 */
        double *col = inverse + j * m;
        col[j] = 1.0 / c[j * m + j];
        for (int64_t i = j + 1; i < m; i++) {
            double sum = 0.0;
            for (int64_t k = j; k < i; k++) sum -= c[i * m + k] * col[k];
            col[i] = sum / c[i * m + i];
        }
    }
    for (int64_t i = 0; i < m; i++) for (int64_t j = i; j < m; j++) {
        double sum = 0.0;
        for (int64_t k = j; k < m; k++) sum += inverse[i * m + k] * inverse[j * m + k];
        /* row i is read from column j on only, and its entry j is not read again once it is written */
        inverse[i * m + j] = sum;
    }
    for (int64_t i = 0; i < m; i++) for (int64_t j = 0; j < i; j++) inverse[i * m + j] = inverse[j * m + i];
}

/* Gradient of a factor's numbers from T = sum (u u' + [A^-1] - I) over its levels. */
static void factor_gradient(const Factor *factor, const double *root, double *t, const double *x, double *grad) {
    int64_t q = factor->size;
    for (int64_t k = 0; k < q; k++) for (int64_t i = q - 1; i >= 0; i--) {  /* T := Lc^-T T */
        double sum = t[i * q + k];
        for (int64_t d = i + 1; d < q; d++) sum -= root[d * q + i] * t[d * q + k];
        t[i * q + k] = sum / root[i * q + i];
    }
    double log_sd_bar[64];
    for (int64_t e = 0; e < q; e++) {
        log_sd_bar[e] = 0.0;
        for (int64_t k = 0; k <= e; k++) log_sd_bar[e] += root[e * q + k] * t[e * q + k];
    }
    factor_back(factor, root, log_sd_bar, t, x, grad);
}

static int evaluate(const Model *g, const double *x, double *grad, double *logp, Work *w) {
    int64_t m = g->dense, wide = 1 + g->others, p = g->coefficients;
    double lp = priors_at(g, x, grad, w), weight = 1.0 / (w->sigma * w->sigma);
    if (!isfinite(lp) || !isfinite(weight)) return NO_DENSITY;
    const Factor *large = g->factors && g->factor[0].first < 0 ? g->factor : NULL;
    int64_t q = large ? large->size : 0, levels = large ? large->levels : 0;
    double *h = calloc((size_t)(m + 64 * 64), sizeof(double));
    if (!h) return NO_MEMORY;
    double *t = h + m;
    dense_part(g, w, weight, h, w->chol);
    memcpy(w->mean, h, sizeof(double) * (size_t)m);
    double logs = large ? eliminate(g, w, weight) : 0.0;
    double log_det = isfinite(logs) ? cholesky(w->chol, m) : NAN;
    if (!isfinite(log_det)) { free(h); return NO_DENSITY; }
    logs += log_det;
    forward(w->chol, m, w->mean); backward(w->chol, m, w->mean);
    double residual = 0.0, hu = 0.0, uu = 0.0, vu = 0.0, vv = 0.0, trace = 0.0;
    for (int64_t i = 0; i < wide; i++) residual += w->contrast[i] * contrasted(g, w, g->yy + i * wide);
    for (int64_t i = 0; i < m; i++) { hu += h[i] * w->mean[i]; uu += w->mean[i] * w->mean[i]; }
    for (int64_t j = 0; j < levels; j++) {               /* means of the large factor's units */
        int64_t from = g->start[j], n = g->start[j + 1] - from;
        double *u = w->level_mean + j * q, *cross = w->level_cross + q * from;
        for (int64_t i = 0; i < q; i++) for (int64_t k = 0; k < n; k++) u[i] -= cross[i * n + k] * w->mean[g->column[from + k]];
        backward(w->level_chol + j * q * q, q, u);
        for (int64_t i = 0; i < q; i++) { hu += w->level_h[j * q + i] * u[i]; uu += u[i] * u[i]; }
    }
    double *shifts = grad + g->numbers - (g->sigma_law ? 1 : 0) - g->others;
    for (int64_t i = 0; i < p; i++) {
        double v0 = g->prior_mean[i];
        for (int64_t k = 0; k < g->others; k++) v0 -= g->prior_shift[i * g->others + k] * w->contrast[1 + k];
        vv += v0 * v0; vu += v0 * w->mean[i];
        h[i] = w->mean[i] - v0;                          /* h of coefficients is not needed any more */
    }
    *logp = lp - g->rows * log(w->sigma) - 0.5 * residual * weight - 0.5 * vv + 0.5 * hu - logs;
    invert(w->chol, m, w->inverse);
    for (int64_t i = 0; i < m; i++) trace += w->inverse[i * m + i];
    int64_t at = 0, square = 0, all = m + levels * q;
    for (int64_t f = 0; f < g->factors; f++) {
        const Factor *factor = g->factor + f;
        int64_t size = factor->size;
        memset(t, 0, sizeof(double) * (size_t)(size * size));
        for (int64_t l = 0; l < factor->levels; l++) {
            if (factor->first >= 0) {
                int64_t unit = factor->first + l * size;
                for (int64_t i = 0; i < size; i++) for (int64_t k = 0; k < size; k++)
                    t[i * size + k] += w->mean[unit + i] * w->mean[unit + k] + w->inverse[(unit + i) * m + unit + k] - (i == k);
                continue;
            }
            int64_t from = g->start[l], n = g->start[l + 1] - from;
            const double *cross = w->level_cross + q * from, *c = w->level_chol + l * q * q, *u = w->level_mean + l * q;
            double block[64 * 64];
            for (int64_t i = 0; i < q; i++) {            /* I + V P^-1 V' */
                for (int64_t k = 0; k < n; k++) {
                    double sum = 0.0;
                    const double *row = w->inverse + g->column[from + k] * m;
                    for (int64_t d = 0; d < n; d++) sum += row[g->column[from + d]] * cross[i * n + d];
                    w->column[k] = sum;
                }
                for (int64_t k = 0; k < q; k++) {
                    double sum = i == k;
                    for (int64_t d = 0; d < n; d++) sum += w->column[d] * cross[k * n + d];
                    block[i * q + k] = sum;
                }
            }
            for (int64_t i = 0; i < q; i++) backward(c, q, block + i * q);   /* C^-T (.) C^-1, by its symmetry */
            for (int64_t k = 0; k < q; k++) {
                double *col = w->column;
                for (int64_t i = 0; i < q; i++) col[i] = block[i * q + k];
                backward(c, q, col);
                for (int64_t i = 0; i < q; i++) t[i * q + k] += u[i] * u[k] + col[i] - (i == k);
                trace += col[k];
            }
        }
        factor_gradient(factor, w->root + square, t, x + at, grad + at);
        at += numbers_of(factor);
        square += size * size;
    }
    for (int64_t k = 0; k < g->others; k++) {
        double sum = weight * contrasted(g, w, g->yy + (1 + k) * wide), v, rate, slope;
        int64_t unit_square = 0;
        for (int64_t i = 0; i < p; i++) sum += g->prior_shift[i * g->others + k] * h[i] - weight * g->wy[i * wide + 1 + k] * w->mean[i];
        for (int64_t f = 0; f < g->factors; f++) {
            const Factor *factor = g->factor + f;
            int64_t size = factor->size;
            const double *scale = w->scale + unit_square;
            unit_square += size * size;
            for (int64_t l = 0; l < factor->levels; l++) for (int64_t i = 0; i < size; i++) {
                const double *u = factor->first < 0 ? w->level_mean + l * size : w->mean + factor->first + l * size;
                double b = 0.0;
                for (int64_t d = 0; d <= i; d++) b += scale[i * size + d] * u[d];
                const double *row = factor->first < 0 ? g->zy + (l * size + i) * wide : g->wy + (factor->first + l * size + i) * wide;
                sum -= weight * row[1 + k] * b;
            }
        }
        law_at(g->other_law + k, x[at + k], &v, &rate, &slope);
        shifts[k] += sum * rate;
    }
    at += g->others;
    if (g->sigma_law) {
        double v, rate, slope, sum = -g->rows + residual * weight - hu + 2.0 * vu - uu + (double)all - trace;
        law_at(g->sigma_law, x[at], &v, &rate, &slope);
        grad[at] += sum * g->sigma_law->power * rate;
    }
    free(h);
    if (!isfinite(*logp)) return NO_DENSITY;
    for (int64_t i = 0; i < g->numbers; i++) if (!isfinite(grad[i])) return NO_GRADIENT;
    return FINE;
}

int64_t marginal_logp(uint64_t dim, const double *x, double *grad, double *logp, void *user) {
    const Model *g = user;
    Work w;
    int64_t needed;
    (void)dim;
    work_layout(g, &w, NULL, &needed);
    double *memory = malloc(sizeof(double) * (size_t)(needed ? needed : 1));
    if (!memory) return NO_MEMORY;
    work_layout(g, &w, memory, &needed);
    int64_t code = evaluate(g, x, grad, logp, &w);
    free(memory);
    return code;
}

int64_t marginal_expand(uint64_t dim, uint64_t count, const double *x, double *out, void *user) {
    (void)count; (void)user;
    memcpy(out, x, sizeof(double) * dim);
    return FINE;
}

/* Draw effects and coefficients at each of some points, from standard normal numbers.
 *
 * A row of out holds: the coefficients' units; effects of each factor, level by level; standard deviations of
 * the effects of each factor; Cholesky factors of their correlations; the other coefficients; sigma.
 */
int64_t marginal_draw(int64_t points, const double *x, const double *normal, double *out, int64_t width, void *user) {
    const Model *g = user;
    Work w;
    int64_t needed, m = g->dense, p = g->coefficients;
    const Factor *large = g->factors && g->factor[0].first < 0 ? g->factor : NULL;
    int64_t q = large ? large->size : 0, levels = large ? large->levels : 0, units = m + levels * q;
    work_layout(g, &w, NULL, &needed);
    double *memory = malloc(sizeof(double) * (size_t)(needed + g->numbers + m + 64));
    if (!memory) return NO_MEMORY;
    work_layout(g, &w, memory, &needed);
    double *grad = memory + needed, *error = grad + g->numbers, logp;
    for (int64_t d = 0; d < points; d++) {
        int64_t code = evaluate(g, x + d * g->numbers, grad, &logp, &w);
        const double *z = normal + d * units;
        double *row = out + d * width;
        if (code != FINE && code != NO_GRADIENT) {         /* no draw where there is no density */
            for (int64_t i = 0; i < width; i++) row[i] = NAN;
            continue;
        }
        memcpy(error, z, sizeof(double) * (size_t)m);
        backward(w.chol, m, error);                      /* of the dense units, around their mean */
        for (int64_t i = 0; i < p; i++) row[i] = w.mean[i] + error[i];
        row += p;
        int64_t square = 0, unit = 0;
        for (int64_t f = 0; f < g->factors; f++) {
            const Factor *factor = g->factor + f;
            int64_t size = factor->size;
            for (int64_t l = 0; l < factor->levels; l++) {
                double u[64];
                if (factor->first >= 0) {
                    int64_t first = factor->first + l * size;
                    for (int64_t i = 0; i < size; i++) u[i] = w.mean[first + i] + error[first + i];
                } else {
                    int64_t from = g->start[l], n = g->start[l + 1] - from;
                    const double *cross = w.level_cross + q * from;
                    for (int64_t i = 0; i < q; i++) {
                        u[i] = z[m + l * q + i];
                        for (int64_t k = 0; k < n; k++) u[i] -= cross[i * n + k] * error[g->column[from + k]];
                    }
                    backward(w.level_chol + l * q * q, q, u);
                    for (int64_t i = 0; i < q; i++) u[i] += w.level_mean[l * q + i];
                }
                for (int64_t i = 0; i < size; i++) {
                    double b = 0.0;
                    for (int64_t k = 0; k <= i; k++) b += w.scale[square + i * size + k] * u[k];
                    *row++ = b;
                }
            }
            square += size * size; unit += size;
        }
        memcpy(row, w.sd, sizeof(double) * (size_t)unit); row += unit;
        memcpy(row, w.root, sizeof(double) * (size_t)square); row += square;
        for (int64_t k = 0; k < g->others; k++) *row++ = -w.contrast[1 + k];
        *row = w.sigma;
    }
    free(memory);
    return FINE;
}

/* Half the log determinant of A at a point: what the density of a draw of the units is divided by. */
int64_t marginal_half_log_det(const double *x, double *out, void *user) {
    const Model *g = user;
    Work w;
    int64_t needed;
    work_layout(g, &w, NULL, &needed);
    double *memory = malloc(sizeof(double) * (size_t)(needed + g->numbers + 1)), logp;
    if (!memory) return NO_MEMORY;
    work_layout(g, &w, memory, &needed);
    int64_t code = evaluate(g, x, memory + needed, &logp, &w);
    double sum = 0.0;
    for (int64_t i = 0; i < g->dense; i++) sum += log(w.chol[i * g->dense + i]);
    if (g->factors && g->factor[0].first < 0) {
        int64_t q = g->factor[0].size;
        for (int64_t j = 0; j < g->factor[0].levels; j++) for (int64_t i = 0; i < q; i++) sum += log(w.level_chol[j * q * q + i * q + i]);
    }
    *out = sum;
    free(memory);
    return code;
}
