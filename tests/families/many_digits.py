"""Log densities in decimal arithmetic of fifty digits and more: what floats are compared with.

Each takes numbers that floats hold exactly: the response, the linear predictor of the mean (the log of a
count's or an amount's, the logit of a proportion's) and a further parameter.
"""

from decimal import Decimal, getcontext, localcontext
from fractions import Fraction
from functools import cache
from math import comb

DIGITS = 60
PI = Decimal("3.14159265358979323846264338327950288419716939937510582097494459230781640628620899862803482534")


@cache
def bernoulli(n):
    """Return the Bernoulli number B_n."""
    if n == 0:
        return Fraction(1)
    return -sum(comb(n + 1, k) * bernoulli(k) for k in range(n)) / Fraction(n + 1)


def log_gamma(x):
    """Return log Gamma(x) for x above 0, by Stirling's series from 40 on."""
    with localcontext() as context:
        context.prec = DIGITS + 10 + max(0, x.adjusted()) + 5
        shift = Decimal(1)
        while x < 40:
            shift *= x
            x += 1
        total = (x - Decimal("0.5")) * x.ln() - x + (2 * PI).ln() / 2 - shift.ln()
        for k in range(1, 40):
            b = bernoulli(2 * k) / (2 * k * (2 * k - 1))
            term = Decimal(b.numerator) / Decimal(b.denominator) / x ** (2 * k - 1)
            total += term
            if abs(term) < Decimal(10) ** -DIGITS:
                break
    return total


def softplus(x):
    return (1 + x.exp()).ln()


def negative_binomial(y, mu, size):
    total = size + mu
    value = log_gamma(y + size) - log_gamma(size) - log_gamma(y + 1) + size * (size / total).ln()
    return value + y * (mu / total).ln()


def nb2(y, n, eta, shape):
    return negative_binomial(y, eta.exp(), shape)


def nb1(y, n, eta, shape):
    return negative_binomial(y, eta.exp(), eta.exp() * shape)


def generalized_poisson(y, n, eta, shape):
    spill = 1 / (1 + shape)
    theta = eta.exp() * (1 - spill)
    return theta.ln() + (y - 1) * (theta + spill * y).ln() - theta - spill * y - log_gamma(y + 1)


def log_beta(a, b):
    return log_gamma(a) + log_gamma(b) - log_gamma(a + b)


def shapes(eta, phi):
    return phi / (1 + (-eta).exp()), phi / (1 + eta.exp())


def beta_binomial(y, n, eta, phi):
    a, b = shapes(eta, phi)
    choices = log_gamma(n + 1) - log_gamma(y + 1) - log_gamma(n - y + 1)
    return choices + log_beta(a + y, b + n - y) - log_beta(a, b)


def beta(y, n, eta, phi):
    a, b = shapes(eta, phi)
    return (a - 1) * y.ln() + (b - 1) * (1 - y).ln() - log_beta(a, b)


def gamma(y, n, eta, shape):
    return shape * (shape.ln() - eta) + (shape - 1) * y.ln() - shape * y * (-eta).exp() - log_gamma(shape)


EULER = Decimal("0.57721566490153286060651209008240243104215933593992359880576723488486772677766467")
ZETA_3 = Decimal("1.20205690315959428539973816151144999076498629234049888179227155534183820578631309")


def log_gamma_of_one_and(x):
    """Return log Gamma(1 + x), of small x by its series."""
    if x > Decimal(10) ** -16:
        return log_gamma(1 + x)
    return -EULER * x + PI**2 / 12 * x**2 - ZETA_3 / 3 * x**3 + PI**4 / 360 * x**4


def weibull(y, n, eta, shape):
    log_hazard = shape * (y.ln() - eta + log_gamma_of_one_and(1 / shape))
    return shape.ln() - y.ln() + log_hazard - log_hazard.exp()


def inverse_gaussian(y, n, eta, shape):
    excess = y / eta.exp() - 1
    return (shape.ln() - (2 * PI).ln() - 3 * y.ln() - shape / y * excess * excess) / 2


def student(y, n, eta, nu):
    constant = log_gamma((nu + 1) / 2) - log_gamma(nu / 2) - (PI * nu).ln() / 2
    return constant - (nu + 1) / 2 * (1 + (y - eta) ** 2 / nu).ln()


def zero_inflated(density, zero):
    """Return the density with extra zeros."""

    def mixed(y, n, eta, shape):
        rest = (1 - zero).ln() + density(y, n, eta, shape)
        return rest if y > 0 else (zero + rest.exp()).ln()

    return mixed


def hurdle(density, zero):
    """Return the density of counts above zero, zeros having a probability of their own."""

    def mixed(y, n, eta, shape):
        if y == 0:
            return zero.ln()
        return (1 - zero).ln() + density(y, n, eta, shape) - (1 - density(0 * y, n, eta, shape).exp()).ln()

    return mixed


def beside_ends(density, log_share):
    """Return the density of numbers beside ends with probabilities of their own."""
    return lambda y, n, eta, shape: density(y, n, eta, shape) + log_share(eta)


def evaluated(density, y, n, eta, parameter):
    """Return a density at floats, with the digits that its large terms cost."""
    sizes = [Decimal(abs(float(value))).adjusted() for value in (y, n, parameter) if value]
    sizes.append(int(abs(eta) / 2.3) + 1)
    with localcontext() as context:
        context.prec = DIGITS + 20 + 2 * max(0, *sizes) + max(0, -min(sizes))
        return +density(*(Decimal(float(value)) for value in (y, n, eta, parameter)))


def slopes(density, y, n, eta, parameter):
    """Return the slopes in the linear predictor and in the log of the parameter, by differences."""
    with localcontext() as context:
        sizes = [Decimal(abs(float(value))).adjusted() for value in (y, n, parameter) if value]
        sizes.append(int(abs(eta) / 2.3) + 1)
        context.prec = 2 * DIGITS + 20 + 2 * max(0, *sizes) + max(0, -min(sizes))
        step = Decimal(10) ** -20
        y, n, eta, parameter = (Decimal(float(value)) for value in (y, n, eta, parameter))
        in_eta = (density(y, n, eta + step, parameter) - density(y, n, eta - step, parameter)) / (2 * step)
        up, down = (density(y, n, eta, parameter * (1 + side * step)) for side in (1, -1))
        return +in_eta, +((up - down) / (2 * step))


assert getcontext().prec >= 28
