"""Log likelihoods of single rows in decimals of a hundred digits and more: what a kernel's are compared with.

Each takes decimals that floats hold: the two numbers of a row, as the C source is given them, its linear
predictor and the parameters.
"""

from decimal import Decimal, localcontext

from tests.families import many_digits as digits

HALF = Decimal("0.5")
#: Beyond it exp(-x) is 0 to the last digit, even where it is all there is.
ENDLESS = 2000


def normal_cdf(x):
    """Return the standard normal distribution function: Laplace's continued fraction, a series near 0."""
    density = (-x * x / 2).exp() / (2 * digits.PI).sqrt()
    if abs(x) > 3:
        below = abs(x)
        for k in range(1000, 0, -1):
            below = abs(x) + k / below
        return density / below if x < 0 else 1 - density / below
    term = total = x
    for k in range(3, 300, 2):
        term = term * x * x / k
        total += term
    return HALF + total * density


def log_between_zero_and(gap):
    """Return log(1 - exp(-gap))."""
    return Decimal(0) if gap > ENDLESS else (1 - (-gap).exp()).ln()


#: Logs of a probability and of its complement, by link.
CHANCES = {
    "logit": lambda eta: (-(1 + (-eta).exp()).ln(), -(1 + eta.exp()).ln()),
    "probit": lambda eta: (normal_cdf(eta).ln(), normal_cdf(-eta).ln()),
    "cloglog": lambda eta: (log_between_zero_and(eta.exp()), -eta.exp()),
    "log": lambda eta: (eta, (1 - eta.exp()).ln()),
    "identity": lambda eta: (eta.ln(), (1 - eta).ln()),
}


def log_mean(link, n, eta):
    return eta if link == "log" else (n * eta).ln()


def location(link, eta):
    return eta.exp() if link == "log" else eta


def successes(link, y, n, eta, p):
    log_p, log_q = CHANCES[link](eta)
    return (y * log_p if y else 0) + ((n - y) * log_q if n > y else 0)


def poisson(link, y, n, eta, p):
    return y * log_mean(link, n, eta) - log_mean(link, n, eta).exp()


def negative_binomial(link, y, n, eta, p):
    mean = log_mean(link, n, eta).exp()
    return digits.negative_binomial(y, mean, n * p[0]) + digits.log_gamma(y + 1)


def gamma(link, y, n, eta, p):
    density = digits.gamma(y.exp(), n, log_mean(link, n, eta), p[0])
    return density + y + (2 * digits.PI).ln() / 2


def normal(link, y, n, eta, p):
    return -(((y - location(link, eta)) / p[0]) ** 2) / 2 - p[0].ln()


def student(link, y, n, eta, p):
    z = (y - location(link, eta)) / p[0]
    return digits.student(z, n, Decimal(0), p[1]) + digits.PI.ln() / 2 - p[0].ln()


def beta(link, y, n, eta, p):
    log_p, log_q = CHANCES[link](eta)
    a, b = p[0] * log_p.exp(), p[0] * log_q.exp()
    return a * y + b * n - digits.log_beta(a, b) + (2 * digits.PI).ln() / 2


def cumulative(link, y, n, eta, p):
    low, high = (n * (one - eta) for one in p)
    if link == "cloglog":
        return log_between_zero_and(high.exp() - low.exp()) - low.exp()
    if link == "probit":
        # From the tail that is smaller, which has more digits.
        low, high = (-high, -low) if low > 0 else (low, high)
        return (normal_cdf(high) - normal_cdf(low)).ln()
    return (1 / (1 + (-high).exp()) - 1 / (1 + (-low).exp())).ln()


def with_slopes(density, link, y, n, eta, p):
    """Return the log likelihood, and its slopes in the linear predictor and in each parameter."""
    with localcontext() as context:
        context.prec = 160
        y, n, eta, *p = (Decimal(float(value)) for value in (y, n, eta, *p))
        step = Decimal(10) ** -30
        value = density(link, y, n, eta, p)
        slopes = [_slope(lambda at: density(link, y, n, at, p), eta, step)]
        for k, own in enumerate(p):
            slopes.append(
                _slope(lambda at, k=k: density(link, y, n, eta, [*p[:k], at, *p[k + 1 :]]), own, step * own)
            )
        return float(value), [float(slope) for slope in slopes]


def _slope(function, at, step):
    return (function(at + step) - function(at - step)) / (2 * step)
