"""Sample the BUGS examples with JAGS and store what it finds; the package itself has no need of JAGS.

Run ``python tests/oracles/make_bugs.py [names...]`` where ``jags`` is installed: it writes ``bugs.json``,
with the model of each example as JAGS read it, seeds, numbers of draws, and means and sds with Monte Carlo
errors. The models are the examples' own; columns are centred where that lets the chains mix and flat priors
do not notice. Data: ``bugs/*.csv``, and ``epil`` of the package.
"""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
from arviz_stats.base import array_stats

HERE = Path(__file__).resolve().parent
CHAINS = 4


@dataclass(frozen=True)
class Example:
    """A model in the language of BUGS, its data, and the quantities to look at."""

    model: str
    data: dict[str, object]
    monitors: tuple[str, ...]
    draws: int = 25_000
    thin: int = 4
    burn_in: int = 10_000
    #: Off for Poisson responses: there the module's sampler replaces the likelihood by a mixture of normals.
    glm: bool = True


def _table(name: str) -> pd.DataFrame:
    return pd.read_csv(HERE / "bugs" / f"{name}.csv")


def _columns(name: str, **names: str) -> dict[str, object]:
    table = _table(name)
    return {ours: table[theirs].tolist() for ours, theirs in names.items()} | {"N": len(table)}


def _centred(values: pd.Series) -> list[float]:
    return (values - values.mean()).tolist()


GAMMA = "tau ~ dgamma(0.001, 0.001)\n  sigma <- 1 / sqrt(tau)"
SEEDS = """model {{
  for (i in 1:N) {{
    r[i] ~ dbin(p[i], n[i])
    logit(p[i]) <- a + a1 * x1[i] + a2 * x2[i] + a12 * x1[i] * x2[i] + b[i]
    b[i] ~ dnorm(0, tau)
  }}
  a ~ dnorm(0, 1.0E-6)
  a1 ~ dnorm(0, 1.0E-6)
  a2 ~ dnorm(0, 1.0E-6)
  a12 ~ dnorm(0, 1.0E-6)
  {prior}
}}
"""
SEEDS_DATA = _columns("seeds", r="r", n="n", x1="x1", x2="x2")
SEEDS_NAMES = ("a", "a1", "a2", "a12", "sigma")


def _seeds() -> dict[str, Example]:
    uniform = "sigma ~ dunif(0, 10)\n  tau <- 1 / (sigma * sigma)"
    return {
        "seeds": Example(SEEDS.format(prior=GAMMA), SEEDS_DATA, SEEDS_NAMES),
        "seeds_uniform": Example(SEEDS.format(prior=uniform), SEEDS_DATA, SEEDS_NAMES),
    }


def _salm() -> dict[str, Example]:
    table = _table("salm")
    log_dose = np.log(table["dose"] + 10)
    data = {
        "y": table["y"].tolist(),
        "lx": _centred(log_dose),
        "x": _centred(table["dose"]),
        "mlx": float(log_dose.mean()),
        "mx": float(table["dose"].mean()),
        "N": len(table),
    }
    toxic = """model {
  for (i in 1:N) {
    y[i] ~ dpois(mu[i])
    log(mu[i]) <- centre + beta * lx[i] + gamma * x[i] + b[i]
    b[i] ~ dnorm(0, tau)
  }
  centre ~ dnorm(0, 1.0E-4)
  beta ~ dnorm(0, 1.0E-4)
  gamma ~ dnorm(0, 1.0E-10)
  alpha <- centre - beta * mlx - gamma * mx
  tau ~ dgamma(0.001, 0.001)
  sigma <- 1 / sqrt(tau)
}
"""
    uniform = """model {
  for (i in 1:N) {
    y[i] ~ dpois(mu[i])
    log(mu[i]) <- centre + beta * lx[i] + b[i]
    b[i] ~ dnorm(0, tau)
  }
  centre ~ dnorm(0, 1.0E-4)
  beta ~ dnorm(0, 1.0E-4)
  alpha <- centre - beta * mlx
  sigma ~ dunif(0, 100)
  tau <- 1 / (sigma * sigma)
}
"""
    plain = {name: value for name, value in data.items() if name not in ("x", "mx")}
    return {
        "salm": Example(toxic, data, ("alpha", "beta", "gamma", "sigma"), thin=20, glm=False),
        "salm_uniform": Example(uniform, plain, ("alpha", "beta", "sigma"), thin=20, glm=False),
    }


def _surgical() -> dict[str, Example]:
    model = """model {
  for (i in 1:N) {
    r[i] ~ dbin(p[i], n[i])
    logit(p[i]) <- b[i]
    b[i] ~ dnorm(mu, tau)
  }
  mu ~ dnorm(0, 1.0E-6)
  tau ~ dgamma(0.001, 0.001)
  sigma <- 1 / sqrt(tau)
}
"""
    return {"surgical": Example(model, _columns("surgical", r="r", n="n"), ("mu", "sigma"))}


def _equiv() -> dict[str, Example]:
    model = """model {
  for (i in 1:N) {
    y[i] ~ dnorm(mu + phi * treat[i] + pi * period[i] + d[subject[i]], tau1)
  }
  for (j in 1:10) {
    d[j] ~ dnorm(0, tau2)
  }
  mu ~ dnorm(0, 1.0E-6)
  phi ~ dnorm(0, 1.0E-6)
  pi ~ dnorm(0, 1.0E-6)
  tau1 ~ dgamma(0.001, 0.001)
  tau2 ~ dgamma(0.001, 0.001)
  sigma1 <- 1 / sqrt(tau1)
  sigma2 <- 1 / sqrt(tau2)
  theta <- exp(phi)
}
"""
    table = _table("equiv")
    data = {
        "y": table["y"].tolist(),
        "treat": (1.5 - table["treatment"]).tolist(),
        "period": (1.5 - table["period"]).tolist(),
        "subject": table["subject"].tolist(),
        "N": len(table),
    }
    return {"equiv": Example(model, data, ("mu", "phi", "pi", "theta", "sigma1", "sigma2"), draws=50_000)}


def _dyes() -> dict[str, Example]:
    model = """model {
  for (i in 1:N) {
    y[i] ~ dnorm(mu[batch[i]], tau1)
  }
  for (j in 1:6) {
    mu[j] ~ dnorm(theta, tau2)
  }
  theta ~ dnorm(0, 1.0E-10)
  tau1 ~ dgamma(0.001, 0.001)
  tau2 ~ dgamma(0.001, 0.001)
  sigma1 <- 1 / sqrt(tau1)
  sigma2 <- 1 / sqrt(tau2)
  between <- (1 / tau2) / (1 / tau1 + 1 / tau2)
}
"""
    data = _columns("dyes", y="y", batch="batch")
    return {"dyes": Example(model, data, ("theta", "sigma1", "sigma2", "between"), draws=100_000, thin=10)}


def _rats() -> dict[str, Example]:
    model = """model {
  for (i in 1:N) {
    y[i] ~ dnorm(a[rat[i]] + b[rat[i]] * (day[i] - 22), tau)
  }
  for (j in 1:30) {
    a[j] ~ dnorm(centre, tau1)
    b[j] ~ dnorm(slope, tau2)
  }
  centre ~ dnorm(0, 1.0E-4)
  slope ~ dnorm(0, 1.0E-4)
  alpha0 <- centre - 22 * slope
  tau ~ dgamma(0.001, 0.001)
  tau1 ~ dgamma(0.001, 0.001)
  tau2 ~ dgamma(0.001, 0.001)
  sigma <- 1 / sqrt(tau)
  sigma1 <- 1 / sqrt(tau1)
  sigma2 <- 1 / sqrt(tau2)
}
"""
    names = ("centre", "slope", "alpha0", "sigma", "sigma1", "sigma2")
    return {"rats": Example(model, _columns("rats", y="y", day="day", rat="rat"), names, thin=4)}


def _epil() -> dict[str, Example]:
    table = pd.read_csv(HERE.parents[1] / "glmm_bayes" / "datasets" / "epil.csv")
    base, age = np.log(table["base"] / 4), np.log(table["age"])
    treated = (table["trt"] == "progabide").astype(int)
    columns = {"base": base, "trt": treated, "both": base * treated, "age": age, "v4": table["V4"]}
    data: dict[str, object] = {name: _centred(values) for name, values in columns.items()}
    data |= {f"m{name}": float(values.mean()) for name, values in columns.items()}
    data |= {"y": table["y"].tolist(), "subject": table["subject"].astype(int).tolist(), "N": len(table)}
    model = """model {
  for (i in 1:N) {
    y[i] ~ dpois(mu[i])
    log(mu[i]) <- centre + a1 * base[i] + a2 * trt[i] + a3 * both[i] + a4 * age[i] + a5 * v4[i]
                  + s[subject[i]] + b[i]
    b[i] ~ dnorm(0, tau)
  }
  for (j in 1:59) {
    s[j] ~ dnorm(0, tau1)
  }
  centre ~ dnorm(0, 1.0E-4)
  a1 ~ dnorm(0, 1.0E-4)
  a2 ~ dnorm(0, 1.0E-4)
  a3 ~ dnorm(0, 1.0E-4)
  a4 ~ dnorm(0, 1.0E-4)
  a5 ~ dnorm(0, 1.0E-4)
  a0 <- centre - a1 * mbase - a2 * mtrt - a3 * mboth - a4 * mage - a5 * mv4
  tau ~ dgamma(0.001, 0.001)
  tau1 ~ dgamma(0.001, 0.001)
  sigma <- 1 / sqrt(tau)
  sigma1 <- 1 / sqrt(tau1)
}
"""
    names = ("a0", "a1", "a2", "a3", "a4", "a5", "sigma", "sigma1")
    return {"epil": Example(model, data, names, draws=5_000, thin=8, burn_in=5_000, glm=False)}


def _blocker() -> dict[str, Example]:
    model = """model {
  for (i in 1:N) {
    r[i] ~ dbin(p[i], n[i])
    logit(p[i]) <- mu[trial[i]] + delta[trial[i]] * treated[i]
  }
  for (j in 1:22) {
    mu[j] ~ dnorm(0, 1.0E-5)
    delta[j] ~ dnorm(d, tau)
  }
  d ~ dnorm(0, 1.0E-6)
  tau ~ dgamma(0.001, 0.001)
  sigma <- 1 / sqrt(tau)
}
"""
    data = _columns("blocker", r="r", n="n", trial="trial", treated="treated")
    return {"blocker": Example(model, data, ("d", "sigma", "mu[1]", "mu[22]"), thin=8)}


def _lsat() -> dict[str, Example]:
    table = _table("lsat")
    answers = np.repeat(table.filter(like="item").to_numpy(), table["students"], axis=0)
    model = """model {
  for (i in 1:N) {
    for (k in 1:5) {
      y[i, k] ~ dbern(p[i, k])
      logit(p[i, k]) <- a[k] + s[i]
    }
    s[i] ~ dnorm(0, tau)
  }
  for (k in 1:5) {
    a[k] ~ dnorm(0, 0.0001)
  }
  beta ~ dnorm(0, 0.0001) T(0, )
  tau <- 1 / (beta * beta)
}
"""
    names = (*(f"a[{k}]" for k in range(1, 6)), "beta")
    return {
        "lsat": Example(model, {"y": answers, "N": len(answers)}, names, draws=8_000, thin=1, burn_in=1_000)
    }


def _oxford() -> dict[str, Example]:
    model = """model {
  for (i in 1:N) {
    r[i] ~ dbin(p[i], n[i])
    logit(p[i]) <- mu[stratum[i]] + case[i] * psi[stratum[i]]
  }
  for (j in 1:120) {
    psi[j] <- alpha + beta1 * year[2 * j] + beta2 * (year[2 * j] * year[2 * j] - 22) + sigma * b[j]
    b[j] ~ dnorm(0, 1)
    mu[j] ~ dnorm(0, 1.0E-6)
  }
  alpha ~ dnorm(0, 1.0E-6)
  beta1 ~ dnorm(0, 1.0E-6)
  beta2 ~ dnorm(0, 1.0E-6)
  sigma ~ dunif(0, 3)
}
"""
    data = _columns("oxford", r="r", n="n", stratum="stratum", case="case", year="year")
    return {
        "oxford": Example(
            model, data, ("alpha", "beta1", "beta2", "sigma"), draws=10_000, thin=10, burn_in=4_000
        )
    }


EXAMPLES = (
    _seeds() | _salm() | _surgical() | _equiv() | _dyes() | _rats() | _epil() | _blocker() | _lsat()
    | _oxford()
)  # fmt: skip


def _dumped(name: str, value: object) -> str:
    """Write one variable as R's dump does, column by column."""
    array = np.asarray(value)
    numbers = ", ".join(repr(float(x)) if array.dtype.kind == "f" else str(int(x)) for x in array.ravel("F"))
    if array.ndim == 0:
        return f'"{name}" <- {numbers}'
    if array.ndim == 1:
        return f'"{name}" <- c({numbers})'
    return f'"{name}" <- structure(c({numbers}), .Dim = c({", ".join(map(str, array.shape))}))'


def run(name: str) -> dict[str, object]:
    """Sample one example and summarise its quantities."""
    example = EXAMPLES[name]
    seeds = [20261129 + 1000 * chain + len(name) for chain in range(CHAINS)]
    draws: dict[str, list[np.ndarray]] = {monitor: [] for monitor in example.monitors}
    with tempfile.TemporaryDirectory() as folder:
        place = Path(folder)
        (place / "model.bug").write_text(example.model)
        (place / "data.R").write_text("\n".join(_dumped(k, v) for k, v in example.data.items()) + "\n")
        commands = ["load glm"] if example.glm else []
        commands += ["model in model.bug", "data in data.R", f"compile, nchains({CHAINS})"]
        for chain, seed in enumerate(seeds, 1):
            text = f'".RNG.name" <- "base::Mersenne-Twister"\n".RNG.seed" <- {seed}\n'
            (place / f"start{chain}.R").write_text(text)
            commands.append(f"parameters in start{chain}.R, chain({chain})")
        commands += ["initialize", f"update {example.burn_in}"]
        commands += [f"monitor {monitor}, thin({example.thin})" for monitor in example.monitors]
        commands += [f"update {example.draws * example.thin}", "coda *", "exit"]
        (place / "run.cmd").write_text("\n".join(commands) + "\n")
        done = subprocess.run(["jags", "run.cmd"], cwd=place, capture_output=True, text=True, check=True)
        index = [line.split() for line in (place / "CODAindex.txt").read_text().splitlines()]
        for chain in range(1, CHAINS + 1):
            values = np.loadtxt(place / f"CODAchain{chain}.txt")[:, 1]
            for monitor, start, stop in index:
                draws[monitor].append(values[int(start) - 1 : int(stop)])
    software = next(line for line in done.stdout.splitlines() if line.startswith("Welcome to JAGS"))
    return {
        "software": software.removeprefix("Welcome to ").split(" on ")[0],
        "model": example.model,
        "seeds": seeds,
        "chains": CHAINS,
        "glm_module": example.glm,
        "burn_in": example.burn_in,
        "draws": example.draws,
        "thin": example.thin,
        "parameters": {monitor: summary(np.stack(chains)) for monitor, chains in draws.items()},
    }


def summary(draws: np.ndarray) -> dict[str, float]:
    """Return mean and sd with their Monte Carlo errors."""
    axes = {"chain_axis": 0, "draw_axis": 1}
    return {
        "mean": float(draws.mean()),
        "sd": float(draws.std(ddof=1)),
        "mcse_mean": float(array_stats.mcse(draws, method="mean", **axes)),
        "mcse_sd": float(array_stats.mcse(draws, method="sd", **axes)),
        "r_hat": float(array_stats.rhat(draws, **axes)),
        "ess_bulk": float(array_stats.ess(draws, method="bulk", **axes)),
    }


def main() -> None:
    """Run the examples named on the command line, or all."""
    path = HERE / "bugs.json"
    for name in sys.argv[1:] or list(EXAMPLES):
        result = run(name)
        found = json.loads(path.read_text(encoding="utf-8")) if path.exists() else {}
        found[name] = result
        path.write_text(json.dumps(found, indent=1) + "\n", encoding="utf-8")
        for monitor, entry in found[name]["parameters"].items():
            words = " ".join(f"{key} {value:.5g}" for key, value in entry.items())
            print(f"{name:14}{monitor:10} {words}", flush=True)


if __name__ == "__main__":
    main()
