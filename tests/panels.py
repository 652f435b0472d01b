"""Small tables of dyads and years, and what a panel says of one of them."""

import pyarrow as pa


def path(series, unit):
    """The values of a unit by year, missing ones left out."""
    years, values = series.path(unit)
    return dict(zip(years.tolist(), values.tolist(), strict=True))


def flagged(kinds, *rows, prefix=""):
    """A table of rows (sender, target, year, words) with a flag for each kind that is among the words."""
    held = {name: [row[i] for row in rows] for i, name in enumerate(("sender", "target", "year"))}
    return pa.table(held | {prefix + kind: [kind in row[3].split() for row in rows] for kind in kinds})
