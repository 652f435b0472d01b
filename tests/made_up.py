"""A small made-up assessment with every status, for tests of what is shown: no table is read."""

from datetime import date

import numpy as np

from tropism.assessment.reading import direction, read, unusual
from tropism.assessment.result import Assessment, Coverage, EvidenceRow
from tropism.dyads import Triad, Window
from tropism.series import Provenance, Series
from tropism.shifts import Estimate, infer_shifts

TRIAD = Triad("PAK", "RUS", "USA")
NAMES = ("Pakistan", "Russia", "the United States")
WINDOW = Window(2004, 2013, 2014)
SOURCE = Provenance(
    source="a made-up source of votes",
    licence="CC0 1.0",
    as_of="2026-01-31",
    version="1",
    sha256="ab" * 32,
    citation="Nobody (2026), Nothing, 1-2.",
    url="https://example.org/data",
)
OTHER = Provenance(source="dated facts, made up", licence="MIT", as_of="2026-02-28", sha256="cd" * 32)
HOSTILE = '</script><img src=x onerror="window.__x=1">\'"><svg onload=window.__x=2>'


def panel(name, measured_in, block, *, states=60, years=range(1995, 2025), move=0.3, gaps=(), draws=1):
    """Dyads of PAK and made-up states toward RUS and USA; PAK's gap rises by ``move`` in 2014."""
    rng = np.random.default_rng(sum(map(ord, name)))
    years = np.array(years)
    codes = ("PAK", "IND", "TUR", *(f"X{i:02d}" for i in range(states - 3)))
    units, paths = [], []
    for pole in TRIAD.poles:
        for code in codes:
            path = 0.4 + rng.normal(0, 0.1) + np.cumsum(rng.normal(0, 0.015, years.size))
            if code == "PAK":
                path = path + (move / 2 if pole == "RUS" else -move / 2) * (years >= 2014)
                path[np.isin(years, gaps)] = np.nan
            units.append(f"{code}>{pole}")
            paths.append(path)
    values = np.array(paths)[None] + rng.normal(0, 0.02, (draws, 1, 1)) * (draws > 1)
    return Series(
        name=name,
        values=values,
        missing=np.isnan(values[0]),
        units=tuple(units),
        years=years,
        label=name,
        measured_in=measured_in,
        block=block,
        signal="cheap",
        notes=("RUS to 1991 is SUN, whose seat it took over.",),
    )


def row(name, title, status, series=None, **fields):
    """One line of evidence, filled as `assess` fills it."""
    shifts = infer_shifts(series, TRIAD, WINDOW) if series is not None and status != "level" else None
    shift = shifts.of() if status in ("ranked", "unranked") else None
    before, after = shifts.years("PAK") if shifts is not None else (0, 0)
    words = {
        "level": "cannot tell (one year)",
        "short": "cannot tell (short)",
        "absent": "cannot tell (not covered)",
    }
    defaults = dict(
        name=name,
        title=title,
        question=f"Is this a question about {NAMES[0]}, {NAMES[1]} and {NAMES[2]} ({title})?",
        block="votes",
        signal="cheap",
        measured_in="" if series is None else series.measured_in,
        status=status,
        direction=words[status] if shift is None else direction(shift, NAMES),
        unusual="" if shift is None else unusual(shift),
        coverage=Coverage((2004, 2013), (2014, 2024), before, after, 57, (SOURCE,)),
        how_to_read="Higher is closer.",
        contradicted_by="The same change in most other states.",
        blind_to=("votes after June 2024", f"what only {title} cannot see"),
        shift=shift,
        notes=() if series is None else series.notes,
        series=series,
        shifts=shifts,
    )
    return EvidenceRow(**(defaults | fields))


def assessment(**fields):
    """Ranked rows with and without draws, and one row each of level, short, absent and unranked."""
    one_year = panel("inputs", "share of imported inputs", "trade", years=[2022])
    level = [float(one_year.path(f"PAK>{pole}")[1][0]) / 4 for pole in TRIAD.poles]
    rows = (
        row(
            "alike",
            "UN votes: similarity",
            "ranked",
            panel("alike", "Scott's pi", "votes", gaps=(2005, 2019)),
        ),
        row("drawn", "Estimated positions", "ranked", panel("drawn", "points", "votes", move=0.02, draws=40)),
        row(
            "imports",
            "Energy and mineral imports",
            "ranked",
            panel("imports", "share of recorded imports", "trade", move=-0.2),
            block="trade",
            amounts=("Russia: 1.0 million USD → 34.3 million USD a year",),
            missing=("no record with Russia: 2005, 2019",),
        ),
        row("few", "Few states", "unranked", panel("few", "points", "trade", states=9), block="trade"),
        row(
            "inputs",
            "Imported inputs, 2022",
            "level",
            one_year,
            block="trade",
            toward_level=Estimate(level[0]),
            away_level=Estimate(level[1]),
            coverage=Coverage((2022, 2022), (2022, 2022), 0, 1, 57, (SOURCE,)),
        ),
        row("brief", "A short line", "short", panel("brief", "points", "trade", years=range(2012, 2025))),
        row(
            "members",
            "Shared organisations",
            "absent",
            block="institutions",
            missing=("no data on Pakistan with Russia",),
            remarks=("SCO: full member 2017-06-09",),
            coverage=Coverage((2004, 2013), (2014, 2014), 0, 0, 0, (OTHER,)),
        ),
    )
    verdict, reading = read(rows, NAMES, WINDOW)
    event = {
        "date": date(2014, 6, 2),
        "date_precision": "day",
        "actor": "RUS",
        "target": "PAK",
        "kind": "arms",
        "description": "Russia lifts its embargo on arms for Pakistan",
        "source_url": "https://example.org/news?a=1&b=2",
        "accessed": date(2026, 11, 23),
        "quote": "Russia has lifted an embargo",
    }
    later = event | {"date": date(2017, 6, 1), "date_precision": "month", "kind": "aid_suspension"}
    return Assessment(
        **(
            dict(
                triad=TRIAD,
                names=NAMES,
                window=WINDOW,
                event=2014,
                rows=rows,
                verdict=verdict,
                reading=reading,
                events=(later, event),
                event_sources=(),
                version="0.0.test",
            )
            | fields
        )
    )
