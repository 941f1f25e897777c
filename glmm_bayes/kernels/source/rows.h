/* Log likelihoods of single rows, with their derivatives: one case a family; links stand by themselves.
 *
 * A row has two numbers, y and n. Of successes n are the trials; of counts the units that they are the sum of;
 * of shares y and n are log y and log(1 - y); of categories y is their place from 0, n the discrimination;
 * of gamma numbers y is log y.
 */
#ifndef GLMM_BAYES_ROWS_H
#define GLMM_BAYES_ROWS_H
#include "special.h"

enum { SUCCESSES, POISSON, NEGATIVE_BINOMIAL, GAMMA_ROWS, NORMAL_ROWS, STUDENT_ROWS, BETA_ROWS, CUMULATIVE };
enum { LOGIT, PROBIT, CLOGLOG, LOG, IDENTITY };

/* What all rows have in common at parameters p: an addend, its derivatives in them, the log of the first. */
typedef struct { double value, slope[2], log_first; } Common;

/* Logs of a probability and of its complement; the derivative of one, and minus that of the other. */
typedef struct { double log_p, log_q, up, down; } Chance;

/* A positive mean, its log and the derivative of the log. */
typedef struct { double value, log, rate; } Mean;

static Common common_at(int64_t kind, const double *p) {
    Common c = { 0.0, { 0.0, 0.0 }, 0.0 };
    double rest, excess, more;
    switch (kind) {
    case GAMMA_ROWS: case BETA_ROWS: {
        double sign = kind == GAMMA_ROWS ? 1.0 : -1.0;
        c.log_first = log(p[0]);
        rest = binet(p[0], c.log_first, &excess);
        c.value = sign * (0.5 * c.log_first - rest);
        c.slope[0] = sign * excess / p[0];
        break;
    }
    case NORMAL_ROWS: case STUDENT_ROWS:
        c.value = -log(p[0]); c.slope[0] = -1.0 / p[0];
        if (kind == STUDENT_ROWS) {                     /* log Gamma(a + 1/2) - log Gamma(a) - log(nu)/2, a = nu/2 */
            double a = 0.5 * p[1], top = a + 0.5, log_a = log(a), log_top = log(top);
            rest = binet(top, log_top, &excess) - binet(a, log_a, &more);
            c.value += (a - 0.5) * log1p(0.5 / a) + 0.5 * (log_top - 1.0) + rest - 0.5 * log(p[1]);
            c.slope[1] = 0.5 * (log1p(0.5 / a) - excess / top + more / a - 1.0 / p[1]);
        }
    }
    return c;
}

/* Whether there is a probability at a linear predictor; which one. */
static int chance_at(int64_t link, double eta, Chance *c) {
    switch (link) {
    case LOGIT: {
        double t = exp(-fabs(eta)), rest = log1p(t), far = 1.0 / (1.0 + t), near = t / (1.0 + t);
        c->log_p = (eta < 0 ? eta : 0.0) - rest; c->log_q = -(eta > 0 ? eta : 0.0) - rest;
        c->up = eta > 0 ? near : far; c->down = eta > 0 ? far : near;
        return 1;
    }
    case PROBIT:
        c->log_p = log_normal_cdf(eta, &c->up); c->log_q = log_normal_cdf(-eta, &c->down);
        return 1;
    case CLOGLOG: {
        double e = exp(eta);
        c->log_p = eta < -30.0 ? eta - 0.5 * e : log1mexp(e); c->log_q = -e;
        c->up = e < 1e-15 ? 1.0 : (e > 700.0 ? 0.0 : e / expm1(e)); c->down = e;
        return 1;
    }
    case LOG:
        c->log_p = eta; c->log_q = eta < 0 ? log1mexp(-eta) : -INFINITY;
        c->up = 1.0; c->down = 1.0 / expm1(-eta);
        return eta <= 0.0;
    default:                                             /* IDENTITY */
        c->log_p = log(eta); c->log_q = log1p(-eta); c->up = 1.0 / eta; c->down = 1.0 / (1.0 - eta);
        return eta >= 0.0 && eta <= 1.0;
    }
}

/* Whether there is a positive mean of so many units at a linear predictor; under a log its offset has them. */
static int mean_at(int64_t link, double units, double eta, Mean *mean) {
    if (link == LOG) { mean->value = exp(eta); mean->log = eta; mean->rate = 1.0; return 1; }
    mean->value = units * eta; mean->log = log(mean->value); mean->rate = 1.0 / eta;
    return eta > 0.0;
}

/* log(F(high) - F(low)), its derivatives in both and their sum, whose digits are its own. */
static double between(int64_t link, double low, double high, double *slope, double *sum) {
    double value, apart = high - low;
    if (link == LOGIT) {
        double more = 1.0 / expm1(apart), above = 1.0 / (1.0 + exp(high)), below = 1.0 / (1.0 + exp(-low));
        slope[0] = -below - more; slope[1] = above + more; *sum = above - below;
        return log1mexp(apart) - softplus(-high) - softplus(low);
    }
    if (link == CLOGLOG) {
        double e = exp(low), most = exp(high), gap = -most * expm1(-apart), small = gap < 1e-8;
        value = small ? high + log1mexp(apart) - 0.5 * gap : log1mexp(gap);
        *sum = (small ? 1.0 - 0.5 * gap : (gap > 700.0 ? 0.0 : gap / expm1(gap))) - e;
        slope[1] = gap > 700.0 ? 0.0 : (small ? (0.5 * gap - 1.0) / expm1(-apart) : most / expm1(gap));
        slope[0] = -e - exp(-apart) * slope[1];
        return value - e;
    }
    double top = low > 0 ? -low : high, end = low > 0 ? -high : low, unused;
    double log_top = log_normal_cdf(top, &unused), half = -0.5 * apart * (low + high);
    value = log_top + log1mexp(log_top - log_normal_cdf(end, &unused));
    slope[0] = -exp(-0.5 * low * low - LOG_ROOT_2PI - value);
    slope[1] = exp(-0.5 * high * high - LOG_ROOT_2PI - value);
    *sum = fabs(half) < 1.0 ? -slope[0] * expm1(half) : slope[0] + slope[1];
    return value;
}

/* A share, of which one part is like the other: a d + log(a)/2 - rest of log Gamma(a), a = share x precision. */
static double share_part(double a, double log_a, double d, int is_near, double *eta_part, double *phi_part) {
    double excess, rest = binet(a, log_a, &excess), weighed = a * (is_near ? d - expm1(d) : d);
    *eta_part = a * d + excess; *phi_part = weighed + excess;
    return weighed + 0.5 * log_a - rest;
}

/* Log likelihood of a row up to a constant, its derivative in eta and those in the parameters p (slopes of
 * parameters that a family does not have are left as they are). Minus infinity where eta has no mean. */
static double row_at(int64_t kind, int64_t link, double y, double n, double eta, const double *p, const Common *common,
                     double *slope, double *back) {
    Mean mean;
    Chance chance;
    *slope = 0.0;
    switch (kind) {
    case SUCCESSES: {
        double rest = n - y;
        if (!chance_at(link, eta, &chance)) return -INFINITY;
        *slope = (y > 0 ? y * chance.up : 0.0) - (rest > 0 ? rest * chance.down : 0.0);
        return (y > 0 ? y * chance.log_p : 0.0) + (rest > 0 ? rest * chance.log_q : 0.0);
    }
    case POISSON:
        if (!mean_at(link, n, eta, &mean)) return -INFINITY;
        *slope = (y - mean.value) * mean.rate;
        return y * mean.log - mean.value;
    case NEGATIVE_BINOMIAL: {
        if (!mean_at(link, n, eta, &mean)) return -INFINITY;
        double mu = mean.value, shape = n * p[0], ratio = mu / shape, more, logs = log1p(ratio), value = rising(y, shape, &more);
        *slope = (isinf(mu) ? -shape : (y - mu) / (1.0 + ratio)) * mean.rate;
        back[0] = n * (more - logs + (y + shape) * ratio / (shape + mu));
        return isinf(ratio) ? -INFINITY : y * mean.log + value - (y + shape) * logs;
    }
    case GAMMA_ROWS: {
        if (!mean_at(link, n, eta, &mean)) return -INFINITY;
        double log_ratio = y - mean.log, less = expm1(log_ratio);
        *slope = p[0] * less * mean.rate;
        back[0] = common->slope[0] + log_ratio - less;
        return common->value + p[0] * (log_ratio - less);
    }
    case NORMAL_ROWS: {
        double mu = link == LOG ? exp(eta) : eta, z = (y - mu) / p[0];
        *slope = z / p[0] * (link == LOG ? mu : 1.0);
        back[0] = common->slope[0] + z * z / p[0];
        return common->value - 0.5 * z * z;
    }
    case STUDENT_ROWS: {
        double mu = link == LOG ? exp(eta) : eta, z = (y - mu) / p[0], nu = p[1], ratio = z * z / nu, share = ratio / (1.0 + ratio);
        *slope = (nu + 1.0) * z / (p[0] * nu * (1.0 + ratio)) * (link == LOG ? mu : 1.0);
        back[0] = common->slope[0] + (nu + 1.0) * share / p[0];
        back[1] = common->slope[1] + 0.5 * ((nu + 1.0) * share / nu - log1p(ratio));
        return common->value - 0.5 * (nu + 1.0) * log1p(ratio);
    }
    case BETA_ROWS: {
        if (!chance_at(link, eta, &chance)) return -INFINITY;
        double log_a = chance.log_p + common->log_first, log_b = chance.log_q + common->log_first;
        double d = y - chance.log_p, e = n - chance.log_q, eta_part[2], phi_part[2];
        int is_near = fabs(d) < 1.0 && fabs(e) < 1.0;   /* then a (exp(d) - 1) and b (exp(e) - 1) add up to 0 */
        double value = share_part(exp(log_a), log_a, d, is_near, eta_part, phi_part)
            + share_part(exp(log_b), log_b, e, is_near, eta_part + 1, phi_part + 1);
        *slope = chance.up * eta_part[0] - chance.down * eta_part[1];
        back[0] = common->slope[0] + (phi_part[0] + phi_part[1]) / p[0];
        return common->value + value;
    }
    default: {                                           /* CUMULATIVE: p are the thresholds on both sides */
        double sum, value = between(link, n * (p[0] - eta), n * (p[1] - eta), back, &sum);
        *slope = -n * sum; back[0] *= n; back[1] *= n;
        return value;
    }
    }
}

#endif
