"""What publics think of other countries: Pew Global Attitudes, as shares of respondents.

Pew does not allow respondents' files to be passed on, aggregates with attribution are. Layout of aggregates:
``survey_year, country_iso3, target, very_favorable, somewhat_favorable, somewhat_unfavorable,
very_unfavorable, dk_refused`` (percent), ``favorable, unfavorable`` (whole percent), ``n`` (interviews).
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pyarrow as pa

from tropism.errors import SchemaError
from tropism.sources.source import Source, Years
from tropism.sources.state_codes import named_in, with_states
from tropism.tables.files import numbers, read_data, tell_apart, whole_numbers, within, without_repeats

_SHARES = ("favorable", "unfavorable", "very_favorable", "very_unfavorable")
_COLUMNS = ("survey_year", "country_iso3", "target", *_SHARES, "n")
#: Bodies that surveys ask about, beside states.
BODIES = ("EU", "UN")
#: Pew's code of the Palestinian territories.
_OTHER = {"PLS": "PSE"}


def parse(files: Sequence[Path], years: Years = None) -> dict[str, pa.Table]:
    """Read aggregates as ``opinion``.

    Raises
    ------
    SchemaError
        If the layout is another, a share is no percentage, or a state is unknown.
    """
    import pandas as pd

    found = tell_apart(files, {"shares": _COLUMNS}, what="Pew's aggregates")
    frames = []
    for part in found["shares"]:
        raw = read_data(part, columns=_COLUMNS, nulls=("", "NA"))
        frame = pd.DataFrame(
            {
                "country": raw["country_iso3"].cast(pa.string()).to_pandas(),
                "target": raw["target"].cast(pa.string()).to_pandas(),
                "year": whole_numbers(raw, "survey_year", file=part, needed=True).to_pandas(),
                "interviews": whole_numbers(raw, "n", file=part).to_pandas(),
            }
            | {name: numbers(raw, name, file=part).to_pandas() for name in _SHARES}
        )
        for name in _SHARES:
            wrong = ~frame[name].between(0, 100) & frame[name].notna()
            if wrong.any():
                row = int(wrong.to_numpy().argmax())
                raise SchemaError(
                    f"{part}: {name} is {frame[name][row]:g} in row {row + 1}; expected percent, 0 to 100."
                )
        frames.append(frame)
    frame = within(pd.concat(frames, ignore_index=True), years)
    frame = with_states(frame, {"iso3": ("country", "year")}, _state, what="pew: surveys")
    keys = ["iso3", "target", "year"]
    frame = without_repeats(frame[[*keys, *_SHARES, "interviews"]], keys, what="pew: surveys")
    return {"opinion": pa.Table.from_pandas(frame, preserve_index=False)}


def _state(code: str, year: int) -> str:
    return named_in(_OTHER.get(code, code), int(year), territories=True).iso3


SOURCE = Source(
    name="pew",
    title="Global Attitudes, Pew Research Center: favourability of countries",
    tables=("opinion",),
    version="aggregates of the surveys of 2002 to 2023",
    years="2002-2023",
    licence="aggregates with attribution",
    terms=(
        "Respondents' files need an account and are not to be passed on; aggregates may be published with "
        "attribution. The opinions expressed are those of the author and not of Pew Research Center."
    ),
    citation="Pew Research Center, Global Attitudes Surveys 2002-2023.",
    page="https://www.pewresearch.org/",
    parse=parse,
    by_hand=(
        "Download the surveys with an account of your own from https://www.pewresearch.org/ and aggregate "
        "the favourability items to the columns survey_year, country_iso3, target, favorable, unfavorable, "
        "very_favorable, very_unfavorable, n."
    ),
    oddities=("Pakistan was surveyed in 2002-2015 only: nothing after the invasion of 2022.",),
)
