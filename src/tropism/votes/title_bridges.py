"""Bridges between roll calls that repeat one title in a later session."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from tropism.errors import SchemaError
from tropism.votes.ballots import as_frame
from tropism.votes.vote_sets import RollCalls

if TYPE_CHECKING:
    import pandas as pd
    import pyarrow as pa

#: Letters of a title that are compared. Voeten's descriptions to session 61 end at 244 characters, the same
#: text at different words.
TITLE_LETTERS = 150


def bridges_by_title(rollcalls: pd.DataFrame | pa.Table, *, within: int = 2) -> pd.DataFrame:
    """Find roll calls that repeat the title of an earlier session: bridges for `estimate_ideal_points`.

    Two titles are the same if their words are, once what changes with the session is taken out: case,
    punctuation, numbers, years, symbols of documents and what follows ": resolution / adopted by". Votes are
    never looked at: bridges chosen by equal votes would make states stand still. Roll calls on paragraphs and
    amendments, titles that a session has twice, and roll calls without a title make no bridge.

    An equal title is no equal text: "Report of the Human Rights Council" is a title of every year. A session
    whose record has no titles gets no bridges.

    Parameters
    ----------
    rollcalls : DataFrame or Table, one row per roll call
        ``rcid`` (or ``rollcall``), ``session``, ``para``, ``amend`` and ``title``; in its place Voeten's
        ``short`` and ``descr``, of which that one is read that names the text and not its agenda item.
    within : int
        Most sessions from a roll call to its repeat; 2 for texts that come every other year.

    Returns
    -------
    DataFrame
        ``earlier`` and ``later``: each roll call and the next one with its title. Empty if there is none.

    Raises
    ------
    SchemaError
        If a column is missing or a roll call is repeated.

    Examples
    --------
    >>> import pandas as pd
    >>> rollcalls = pd.DataFrame(
    ...     {
    ...         "rcid": [10, 20, 30],
    ...         "session": [40, 41, 41],
    ...         "para": 0,
    ...         "amend": 0,
    ...         "title": ["Right to peace", "RIGHT TO PEACE (A/RES/41/10)", "Question of Antarctica"],
    ...     }
    ... )
    >>> bridges_by_title(rollcalls).values.tolist()
    [[10, 20]]
    """
    import pandas as pd

    calls = RollCalls(as_frame(rollcalls))
    calls.refuse_repeated()
    whole = pd.DataFrame(
        {
            "earlier": calls.column("rcid"),
            "session": calls.column("session"),
            "title": _titles(calls.table).map(normalised_title),
        }
    )[~calls.parts()]
    whole = whole[whole["title"] != ""]
    whole = whole[~whole.duplicated(["session", "title"], keep=False)].sort_values(["title", "session"])
    following = whole.groupby("title").shift(-1)
    near = (following["session"] - whole["session"] <= within).to_numpy(dtype=bool, na_value=False)
    found = whole[near].assign(later=following["earlier"][near].astype(whole["earlier"].dtype))
    return found.sort_values(["session", "earlier"])[["earlier", "later"]].reset_index(drop=True)


def normalised_title(title: str) -> str:
    """The words of a title that do not change from session to session, for comparison only.

    Examples
    --------
    >>> normalised_title("Follow-up to A/RES/72/251 on the 2013 meeting : resolution / adopted by the Gen")
    'follow up to on the meeting'
    """
    text = re.split(r"\s*:\s*res\w*\s*(?:/|$)", title.casefold())[0]
    text = re.sub(r"\ba/[a-z0-9./()-]+", " ", text)  # A/RES/41/10, A/C.1/72/L.6, A/2046
    text = re.sub(r"\b\d+/\d+[a-z]?\b|\([ivxlc]+\)", " ", text)  # 39/51, (XXIII)
    text = re.sub(r"[\W\d_]+", " ", text)
    return text.strip()[:TITLE_LETTERS].strip()


def _titles(table: pd.DataFrame) -> pd.Series:
    """The text that names each roll call; empty where there is none."""
    if "title" in table:
        return table["title"].fillna("").astype(str)
    for name in ("short", "descr"):
        if name not in table:
            raise SchemaError(
                f"rollcalls: lacks the column title, and {name} in its place; it has "
                f"{', '.join(map(str, table.columns))}."
            )
    short, long = (table[name].fillna("").astype(str) for name in ("short", "descr"))
    # Sessions 71-73 describe the agenda item ("A/72/251 54 - Report of ..."), which many texts share.
    return long.where(~long.str.match(r"A/\d+/251\b") & (long.str.strip() != ""), short)
