"""Two fits in, what differs between their draws or their posteriors out."""

import numpy as np
from arviz import ess, rhat


def same(one, other, chains=None):
    """Hold the draws of the first chains to be the same to the bit."""
    for name, values in one.draws["posterior"].data_vars.items():
        np.testing.assert_array_equal(values[:chains], other.draws["posterior"][name][:chains])


def quantities(fit):
    """Return every number of the posterior, shape (chain, draw), by name and place."""
    posterior = fit.draws["posterior"]
    return {
        f"{name}{list(at)}": values[(slice(None), slice(None), *at)]
        for name in posterior.data_vars
        for values in [posterior[name].to_numpy()]
        for at in np.ndindex(values.shape[2:])
    }


def differences(fit, graph):
    """List what differs: means by 4.5 Monte Carlo errors, standard deviations by 15 %, and chains apart."""
    ours, theirs, found = quantities(fit), quantities(graph), []
    assert ours.keys() == theirs.keys()
    for key, values in ours.items():
        other = theirs[key]
        if np.ptp(values) < 1e-12:
            continue
        error = np.hypot(values.std() / np.sqrt(ess(values)), other.std() / np.sqrt(ess(other)))
        spread = other.std() * (0.15 + 4.5 / np.sqrt(2 * min(ess(values), ess(other))))
        if abs(values.mean() - other.mean()) > 4.5 * error:
            found.append(f"mean of {key}: {values.mean():.4g} and {other.mean():.4g}")
        if abs(values.std() - other.std()) > spread:
            found.append(f"sd of {key}: {values.std():.4g} and {other.std():.4g}")
        if rhat(values) > 1.05:
            found.append(f"chains of {key}: {float(rhat(values)):.3f}")
    return found
