/* Effects of a factor from numbers that are near standard normal, whatever the standard deviations.
 *
 * A pilot says what rows tell of the effects b: a normal likelihood of precision S and product h = S b^, less
 * what coefficients and the effects of smaller factors explain. With scale L and A = I + L'SL = C C',
 *
 *     u = A^-1 L' h + C^-T v,    b = L u,    log |du/dv| = - sum log C_kk.
 *
 * If rows told just that, v would be standard normal given all else. Pilots shape v alone: u keeps its standard
 * normal prior, b its likelihood. Without a pilot u is v. (Rescaling at each point: Kleppe, 2019.)
 */
#ifndef GLMM_BAYES_MAPS_H
#define GLMM_BAYES_MAPS_H
#include "shared.h"
#include "wide.h"

#ifdef __GNUC__
#define ALWAYS inline __attribute__((always_inline))
#else
#define ALWAYS inline
#endif

typedef struct {
    int64_t is_whole;            /* one S for all levels (one effect each), by eigenvectors; else one a level */
    const double *precision;     /* levels x size x size, or the matrix of eigenvectors; NULL: no pilot */
    const double *values;        /* eigenvalues */
    const double *product;       /* what h begins with: a unit each */
    const double *direct;        /* units x (coefficients + others): what they take from h */
    const int64_t *start, *column; /* of each level: effects of smaller factors that take from it */
    const double *cross;         /* levels' units x those columns */
} Map;

/* What a point has besides the effects of one factor. */
typedef struct { const double *v, *delta; int64_t coefficients, others; double *v_bar, *delta_bar; } Direct;

static ALWAYS void remaining(const Map *map, int64_t unit, int64_t level, int64_t in_level, int64_t q, const Direct *d, const double *b, double *h) {
    int64_t width = d->coefficients + d->others, from = map->start[level], count = map->start[level + 1] - from;
    const double *direct = map->direct + unit * width, *cross = map->cross + q * from + in_level * count;
    double sum = map->product[unit];
    for (int64_t k = 0; k < d->coefficients; k++) sum -= direct[k] * d->v[k];
    for (int64_t k = 0; k < d->others; k++) sum -= direct[d->coefficients + k] * d->delta[k];
    for (int64_t k = 0; k < count; k++) sum -= cross[k] * b[map->column[from + k]];
    *h = sum;
}

static ALWAYS void remaining_back(const Map *map, int64_t unit, int64_t level, int64_t in_level, int64_t q, const Direct *d, double h_bar, double *b_bar) {
    int64_t width = d->coefficients + d->others, from = map->start[level], count = map->start[level + 1] - from;
    const double *direct = map->direct + unit * width, *cross = map->cross + q * from + in_level * count;
    for (int64_t k = 0; k < d->coefficients; k++) d->v_bar[k] -= direct[k] * h_bar;
    for (int64_t k = 0; k < d->others; k++) d->delta_bar[k] -= direct[d->coefficients + k] * h_bar;
    for (int64_t k = 0; k < count; k++) b_bar[map->column[from + k]] -= cross[k] * h_bar;
}

/* C of C C' = I + L'SL, in place of the lower triangle of c. */
static inline void level_root(const double *s, const double *scale, int64_t q, double *sl, double *c) {
    for (int64_t i = 0; i < q; i++) for (int64_t k = 0; k < q; k++) {
        double sum = 0.0;
        for (int64_t m = k; m < q; m++) sum += s[i * q + m] * scale[m * q + k];
        sl[i * q + k] = sum;                             /* S L */
    }
    for (int64_t i = 0; i < q; i++) for (int64_t k = 0; k <= i; k++) {
        double sum = i == k ? 1.0 : 0.0;
        for (int64_t m = i; m < q; m++) sum += scale[m * q + i] * sl[m * q + k];
        for (int64_t m = 0; m < k; m++) sum -= c[i * q + m] * c[k * q + m];
        c[i * q + k] = i == k ? sqrt(sum) : sum / c[k * q + k];
    }
}

static inline void solve_lower(const double *c, int64_t q, double *t) {
    for (int64_t i = 0; i < q; i++) { for (int64_t k = 0; k < i; k++) t[i] -= c[i * q + k] * t[k]; t[i] /= c[i * q + i]; }
}

static inline void solve_upper(const double *c, int64_t q, double *t) {
    for (int64_t i = q - 1; i >= 0; i--) { for (int64_t k = i + 1; k < q; k++) t[i] -= c[k * q + i] * t[k]; t[i] /= c[i * q + i]; }
}

/* Numbers of scratch that one level needs. */
static int64_t scratch_of(int64_t q) { return 4 * q * q + 4 * q; }

/* Units of one level; h is kept, c is left in scratch. */
static ALWAYS double unit_forward(const Map *map, const double *scale, int64_t q, int64_t level, const double *v, double *u, const double *h, double *scratch) {
    double *c = scratch, *sl = c + q * q, *t = sl + q * q, *e = t + q, log_det = 0.0;
    level_root(map->precision + level * q * q, scale, q, sl, c);
    for (int64_t i = 0; i < q; i++) {
        t[i] = 0.0; e[i] = v[i];
        for (int64_t m = i; m < q; m++) t[i] += scale[m * q + i] * h[m];
        log_det -= log(c[i * q + i]);
    }
    solve_lower(c, q, t);
    for (int64_t i = 0; i < q; i++) e[i] = t[i] + v[i];
    solve_upper(c, q, e);
    for (int64_t i = 0; i < q; i++) u[i] = e[i];
    return log_det;
}

/* V'x and Vx of a square matrix V. */
WIDE static void turned(const double *vectors, int64_t n, const double *x, double *out) {
    memset(out, 0, sizeof(double) * (size_t)n);
    for (int64_t i = 0; i < n; i++) add_column(x[i], vectors + i * n, n, out);
}

static void turned_back(const double *vectors, int64_t n, const double *x, double *out) {
    for (int64_t i = 0; i < n; i++) out[i] = dot(vectors + i * n, x, n);
}

/* Single effects t of precisions of their own: 1/A = r, u = s r h + sqrt(r) v in place of t, which is h; log |du/dv|. */
WIDE static double singles(const double *precision, double s, int64_t n, const double *v, const double *h, double *t) {
    double logs = 0.0, a[BLOCK];
    for (int64_t from = 0; from < n; from += BLOCK) {
        int64_t count = n - from < BLOCK ? n - from : BLOCK;
        double product = 1.0;
        for (int64_t k = 0; k < count; k++) {
            int64_t at = from + k;
            a[k] = 1.0 + precision[at] * s * s;
            double r = 1.0 / a[k];
            t[at] = s * r * h[at] + sqrt(r) * v[at];
        }
        for (int64_t k = 0; k < count; k++) {            /* one logarithm for many */
            product *= a[k];
            if (product > 1e150) { logs += log(product); product = 1.0; }
        }
        logs += log(product);
    }
    return -0.5 * logs;
}

/* From the gradient g in such units to those in v and h; that in s, with the one of log |du/dv|. */
WIDE static double singles_back(const double *precision, double s, int64_t n, const double *v, const double *h, const double *g, double *v_bar, double *h_bar) {
    double bar[BLOCK], sum = 0.0;
    for (int64_t from = 0; from < n; from += BLOCK) {
        int64_t count = n - from < BLOCK ? n - from : BLOCK;
        for (int64_t k = 0; k < count; k++) {
            int64_t at = from + k;
            double value = precision[at], r = 1.0 / (1.0 + value * s * s), root = sqrt(r);
            bar[k] = g[at] * (r * (2.0 * r - 1.0) * h[at] - value * s * r * root * v[at]) - value * s * r;
            v_bar[at] = root * g[at];
            h_bar[at] = s * r * g[at];
        }
        sum += lanes(bar, count);
    }
    return sum;
}

/* Units and effects of a factor; log |du/dv|. */
static double map_forward(const Factor *factor, const Map *map, const double *scale, const Direct *d, const double *v, const double *all_b,
                          double *h, double *u, double *b, double *scratch) {
    int64_t q = factor->size, n = factor->levels;
    double log_det = 0.0;
    if (!map->precision) memcpy(u, v, sizeof(double) * (size_t)(n * q));
    else {
        for (int64_t l = 0; l < n; l++) for (int64_t i = 0; i < q; i++) remaining(map, l * q + i, l, i, q, d, all_b, h + l * q + i);
        if (map->is_whole) {
            double *t = scratch, *y = t + n;
            turned(map->precision, n, h, t);
            log_det = singles(map->values, *scale, n, v, t, y);
            turned_back(map->precision, n, y, u);
        } else if (q == 1) log_det = singles(map->precision, *scale, n, v, h, u);
        else if (q == 2) for (int64_t l = 0; l < n; l++) log_det += unit_forward(map, scale, 2, l, v + l * 2, u + l * 2, h + l * 2, scratch);
        else for (int64_t l = 0; l < n; l++) log_det += unit_forward(map, scale, q, l, v + l * q, u + l * q, h + l * q, scratch);
    }
    for (int64_t l = 0; l < n; l++, u += q, b += q)
        for (int64_t i = 0; i < q; i++) { b[i] = 0.0; for (int64_t k = 0; k <= i; k++) b[i] += scale[i * q + k] * u[k]; }
    return log_det;
}

/* One level: from the gradient g in its units to that in v, in h and, added, in the scale. */
static ALWAYS void unit_back(const Map *map, const double *scale, int64_t q, int64_t level, const double *v, const double *u, const double *h,
                       const double *g, double *v_bar, double *h_bar, double *bar, double *scratch) {
    double *c = scratch, *sl = c + q * q, *x = sl + q * q, *y = x + q * q, *a = y + q * q, *e = a + q;
    level_root(map->precision + level * q * q, scale, q, sl, c);
    for (int64_t i = 0; i < q; i++) { v_bar[i] = g[i]; e[i] = v[i]; }
    solve_lower(c, q, v_bar);
    for (int64_t i = 0; i < q; i++) a[i] = v_bar[i];
    solve_upper(c, q, a);
    solve_upper(c, q, e);
    /* x = lower half of C' C_bar, where C_bar = - tril(e v_bar') - diag(1/C_kk). */
    for (int64_t i = 0; i < q; i++) for (int64_t k = 0; k <= i; k++) {
        double sum = i == k ? -1.0 : 0.0;
        for (int64_t m = i; m < q; m++) sum -= c[m * q + i] * e[m] * v_bar[k];
        x[i * q + k] = i == k ? 0.5 * sum : sum;
    }
    for (int64_t i = 0; i < q; i++) for (int64_t k = i + 1; k < q; k++) x[i * q + k] = 0.0;
    /* A_bar = sym(C^-T x C^-1) - (u^ a' + a u^')/2, with u^ = u - e. */
    for (int64_t k = 0; k < q; k++) {
        for (int64_t i = 0; i < q; i++) y[i] = x[i * q + k];
        solve_upper(c, q, y);
        for (int64_t i = 0; i < q; i++) x[i * q + k] = y[i];
    }
    for (int64_t i = 0; i < q; i++) solve_upper(c, q, x + i * q);
    for (int64_t i = 0; i < q; i++) for (int64_t k = 0; k < q; k++)
        y[i * q + k] = 0.5 * (x[i * q + k] + x[k * q + i] - (u[i] - e[i]) * a[k] - a[i] * (u[k] - e[k]));
    for (int64_t i = 0; i < q; i++) {
        h_bar[i] = 0.0;
        for (int64_t k = 0; k <= i; k++) {
            double sum = h[i] * a[k];
            for (int64_t m = 0; m < q; m++) sum += 2.0 * sl[i * q + m] * y[m * q + k];
            bar[i * q + k] += sum;
            h_bar[i] += scale[i * q + k] * a[k];
        }
    }
}

/* Of all levels together: by the eigenvectors. */
static double whole_back(const Map *map, double s, int64_t n, const double *v, const double *h, const double *g, double *v_bar, double *h_bar, double *scratch) {
    double *t = scratch, *y = t + n, *t_bar = y + n;
    turned(map->precision, n, h, t);
    turned(map->precision, n, g, y);
    double bar = singles_back(map->values, s, n, v, t, y, v_bar, t_bar);
    turned_back(map->precision, n, t_bar, h_bar);
    return bar;
}

/* From the gradient in the effects of a factor to those in v, in the scale, and in all that h holds; the log
 * density of the units, which are standard normal. g is scratch of the factor's size, like h_bar. */
static double map_back(const Factor *factor, const Map *map, const double *scale, const Direct *d, const double *v, const double *u, const double *h,
                       const double *b_bar, double *all_b_bar, double *v_bar, double *bar, double *g, double *h_bar, double *scratch) {
    int64_t q = factor->size, n = factor->levels;
    double lp = 0.0;
    for (int64_t l = 0; l < n; l++)
        for (int64_t k = 0; k < q; k++) {
            int64_t at = l * q + k;
            double sum = -u[at];
            lp -= 0.5 * u[at] * u[at];
            for (int64_t i = k; i < q; i++) { sum += scale[i * q + k] * b_bar[l * q + i]; bar[i * q + k] += b_bar[l * q + i] * u[at]; }
            g[at] = sum;
        }
    if (!map->precision) { memcpy(v_bar, g, sizeof(double) * (size_t)(n * q)); return lp; }
    if (map->is_whole) *bar += whole_back(map, *scale, n, v, h, g, v_bar, h_bar, scratch);
    else if (q == 1) *bar += singles_back(map->precision, *scale, n, v, h, g, v_bar, h_bar);
    else if (q == 2) for (int64_t l = 0; l < n; l++) unit_back(map, scale, 2, l, v + l * 2, u + l * 2, h + l * 2, g + l * 2, v_bar + l * 2, h_bar + l * 2, bar, scratch);
    else for (int64_t l = 0; l < n; l++) unit_back(map, scale, q, l, v + l * q, u + l * q, h + l * q, g + l * q, v_bar + l * q, h_bar + l * q, bar, scratch);
    for (int64_t l = 0; l < n; l++) for (int64_t i = 0; i < q; i++) remaining_back(map, l * q + i, l, i, q, d, h_bar[l * q + i], all_b_bar);
    return lp;
}

#endif
