"""Made-up worlds in which sanctions divert trade and nobody who stays out changes its policy."""

import numpy as np
import pandas as pd

JOINED = tuple(f"J{k:02d}" for k in range(12))
OUTSIDE = tuple(f"N{k:02d}" for k in range(24))
NAMES = ("TGT", *JOINED, *OUTSIDE)
BEFORE, AFTER = 2021, 2023


def clear(tastes, spending, supply, sigma, price):
    """Prices at which everybody sells its supply: plain loops of tatonnement, no code of the package."""
    for _ in range(5000):
        wanted = tastes * price[:, None] ** (1 - sigma)
        sales = (wanted / wanted.sum(axis=0) * spending).sum(axis=1)
        step = (sales / (price * supply)) ** (0.8 / sigma)
        price = price * step
        if np.abs(step - 1).max() < 1e-10:
            return wanted / wanted.sum(axis=0) * spending, price
    raise AssertionError("the made-up market does not clear")


def world(seed, *, sanctions=-1.5, favour=0.0, noise=0.12):
    """Flows of 2008 to 2023 among 37 states; from 2022 on sales of TGT to J00 … J11 are under sanctions.

    Tastes walk at random and jitter, spending and supply grow unevenly, sigma is anywhere between 2.75 and 6,
    and sanctions hold more or less tightly in each state. ``favour`` adds a change of policy of N00 toward
    TGT in 2022, in log points of its tastes.
    """
    rng = np.random.default_rng(seed)
    n = len(NAMES)
    sigma = rng.uniform(2.75, 6)
    supply, spending = rng.lognormal(4, 1, n), rng.lognormal(4, 1, n)
    supply[0] = 0.12 * supply[1:].sum()
    tastes = supply[:, None] * rng.lognormal(0, 0.8, (n, n))
    np.fill_diagonal(tastes, 0)
    supply *= spending.sum() / supply.sum()
    held = sanctions + rng.normal(0, 0.3, len(JOINED))
    price, rows = np.ones(n), []
    for year in range(2008, AFTER + 1):
        tastes = tastes * np.exp(rng.normal(0, noise, (n, n)))
        spending = spending * np.exp(rng.normal(0.03, 0.05, n))
        supply = supply * np.exp(rng.normal(0.03, 0.03, n))
        felt = tastes * np.exp(rng.normal(0, noise, (n, n)))
        if year >= 2022:
            felt[0, 1 : 1 + len(JOINED)] *= np.exp(held)
            felt[0, 1 + len(JOINED)] *= np.exp(favour)
        flows, price = clear(felt, spending, supply, sigma, price)
        i, j = np.nonzero(flows)
        names = np.array(NAMES)
        rows.append(
            pd.DataFrame(
                {"exporter": names[i], "importer": names[j], "year": year, "flow_million_usd": flows[i, j]}
            )
        )
    return pd.concat(rows, ignore_index=True)
