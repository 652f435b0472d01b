"""Mirror statistics: what the exporter says it sold beside what the importer says it bought.

Two customs services count the same flow. Where their figures differ by more than freight and insurance, the
difference says something about the records; it never says by itself which record is right.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from tropism.errors import DataNotPresentError, IdentificationError, SchemaError
from tropism.series import Provenance, as_json, cited
from tropism.states import find_state
from tropism.trade.flows import data_sha256, stated_provenance
from tropism.trade.reports import WORLD, require_columns

if TYPE_CHECKING:
    import altair as alt
    import pandas as pd

#: Largest ratio of import (c.i.f.) to export (f.o.b.) put down to freight and insurance: an assumption. The
#: table trade_estimates gives 1.06, the IMF's factor for all pairs and the OECD's average over them; distant
#: and bulky trade costs more, so that the band is wider.
CIF_FOB = 1.10

PAPERS = (
    "International Monetary Fund (2017), Direction of Trade Statistics Yearbook: a c.i.f./f.o.b. factor of "
    "1.06.",
    "OECD (2016), Statistical Insights: New OECD Database on International Transport and Insurance Costs.",
    "Fisman and Wei (2004), Tax Rates and Tax Evasion: Evidence from 'Missing Imports' in China, JPE 112(2).",
    "Fisman, Moustakerski and Wei (2008), Outsourcing Tariff Evasion: A New Explanation for Entrepot Trade, "
    "REStat 90(3).",
    "Ferrantino and Wang (2008), Accounting for Discrepancies in Bilateral Trade: The Case of China, Hong "
    "Kong, and the United States, China Economic Review 19(3).",
)

_KEYS = ["exporter", "importer", "year"]


@dataclass(frozen=True, eq=False)
class Mirror:
    """Both reports of one flow, year by year.

    Attributes
    ----------
    exporter, importer : str
    years : ndarray of int, shape (years,)
        Years with at least one of the two reports.
    by_exporter, by_importer : ndarray, shape (years,)
        What either reports, in current US dollars; NaN where it has no report.
    cif_fob : float
        Ratio of the importer's to the exporter's figure up to which freight and insurance explain it.
    suspects : DataFrame
        Third countries through which the missing part may have gone: year, via, could_explain_usd,
        share_of_gap, why. A suspicion, never proof: see `mirror`.
    settings : dict
    provenance : tuple of Provenance
    notes : tuple of str
    """

    exporter: str
    importer: str
    years: np.ndarray
    by_exporter: np.ndarray
    by_importer: np.ndarray
    cif_fob: float
    suspects: pd.DataFrame
    settings: dict[str, Any]
    provenance: tuple[Provenance, ...] = ()
    notes: tuple[str, ...] = ()

    @property
    def gap_usd(self) -> np.ndarray:
        """Importer's figure less the exporter's, shape (years,); NaN with one report."""
        return self.by_importer - self.by_exporter

    @property
    def log_ratio(self) -> np.ndarray:
        """Log of the importer's over the exporter's figure, shape (years,); NaN unless both are positive."""
        both = (self.by_importer > 0) & (self.by_exporter > 0)
        return np.log(np.where(both, self.by_importer, np.nan) / np.where(both, self.by_exporter, np.nan))

    @property
    def excess_usd(self) -> np.ndarray:
        """What freight and insurance do not explain, shape (years,): positive where the importer has more."""
        return _excess(self.by_importer, self.by_exporter, self.cif_fob)

    def tidy(self) -> pd.DataFrame:
        """One row per year: both reports, gap_usd, log_ratio, excess_usd and a reading in words."""
        import pandas as pd

        words = np.select(
            [
                np.isnan(self.by_exporter),
                np.isnan(self.by_importer),
                self.excess_usd > 0,
                self.excess_usd < 0,
            ],
            [
                "only the importer reports",
                "only the exporter reports",
                "importer has more",
                "exporter has more",
            ],
            "within freight and insurance",
        )
        return pd.DataFrame(
            {
                "year": self.years,
                "by_exporter_usd": self.by_exporter,
                "by_importer_usd": self.by_importer,
                "gap_usd": self.gap_usd,
                "log_ratio": self.log_ratio,
                "excess_usd": self.excess_usd,
                "reading": words,
            }
        )

    def summary(self) -> pd.DataFrame:
        """The last ten years in million US dollars, with the strongest suspect of each."""
        table = self.tidy().tail(10).reset_index(drop=True)
        first = self.suspects.drop_duplicates("year").set_index("year")["via"]
        millions = {
            f"{side}_million_usd": table[f"{side}_usd"] / 1e6
            for side in ("by_exporter", "by_importer", "gap")
        }
        return table[["year"]].assign(
            **millions,
            ratio=np.exp(table["log_ratio"]),
            reading=table["reading"],
            suspect=[first.get(year, "") for year in table["year"]],
        )

    def plot(self) -> alt.VConcatChart:
        """Both reports over the years; of the last year with suspects, these as bars and on a map."""
        from tropism.trade.mirror_chart import draw

        return draw(self)

    def to_json(self) -> str:
        """All numbers, suspects, settings and sources."""
        return as_json(
            {
                "exporter": self.exporter,
                "importer": self.importer,
                "years": json.loads(self.tidy().to_json(orient="records")),
                "suspects": json.loads(self.suspects.to_json(orient="records")),
                "settings": self.settings,
            },
            self,
        )

    def cite(self) -> str:
        """Data and methods to cite, one a line."""
        return cited(self.provenance, PAPERS)


def mirror(
    flows: pd.DataFrame,
    exporter: str,
    importer: str,
    *,
    value: str = "trade_usd",
    cif_fob: float = CIF_FOB,
    min_share: float = 0.05,
) -> Mirror:
    """Set the exporter's and the importer's report of one flow side by side.

    Parameters
    ----------
    flows : DataFrame, one row per (exporter, importer, year, reporter)
        ``reporter`` is ``"exporter"``, ``"importer"`` or the label of the reporting state; ``value`` in
        current US dollars, a missing report has no row. For instance the stored table ``trade_reports``.
    exporter, importer : str
        As they stand in the table, or a name that `find_state` understands.
    value : str
        Column of the value.
    cif_fob : float
        Imports are valued with freight and insurance (c.i.f.), exports without (f.o.b.): a ratio from 1 to
        this counts as agreement. The default, 10 per cent, is an assumption: averages are 6 (table
        ``trade_estimates``), and single pairs lie on either side.
    min_share : float
        A third country that could explain less than this share of a year's excess is no suspect.

    Returns
    -------
    Mirror

    Raises
    ------
    SchemaError
        If a column is absent, a key repeated, a value negative or no number, or a reporter neither side.
    IdentificationError
        If the whole table holds one report of each flow, as reconciled tables (BACI) do.
    DataNotPresentError
        If neither of the two reports this flow in any year.

    Notes
    -----
    Suspects in a year in which the importer M has more from X than X reports to M: goods may go through H,
    where X books them as sold to H and M as bought from X, their origin (the pattern of Chinese goods by way
    of Hong Kong). A suspect H reports more sales to M than M books from H; what it could explain is at most
    that surplus, at most what X reports to H, and at most the excess itself. Where X reports more than M has,
    a suspect H is one from which M books more than H reports selling to M beyond freight: M may have booked
    goods of X under the country that consigned them. Both patterns also arise from timing, valuation, secrecy
    and error, and several suspects may compete for one excess.

    References
    ----------
    Ferrantino and Wang (2008), China Economic Review 19(3); Fisman, Moustakerski and Wei (2008), REStat
    90(3); Fisman and Wei (2004), JPE 112(2).

    Examples
    --------
    >>> import pandas as pd
    >>> rows = [("RUS", "IND", 2021, "exporter", 9.1e9), ("RUS", "IND", 2021, "importer", 8.7e9)]
    >>> flows = pd.DataFrame(rows, columns=["exporter", "importer", "year", "reporter", "trade_usd"])
    >>> mirror(flows, "RUS", "IND").tidy()["reading"].tolist()
    ['exporter has more']
    """
    import pandas as pd

    if not cif_fob >= 1:
        raise SchemaError(
            f"mirror: cif_fob is {cif_fob}; freight and insurance make imports dearer than exports, so give "
            "1 or more, for instance 1.1."
        )
    both = _side_by_side(flows, value)
    known = set(both.index.get_level_values(0)) | set(both.index.get_level_values(1))
    seller, buyer = (
        label if label in known else find_state(label, territories=True).iso3
        for label in (exporter, importer)
    )
    if seller == buyer:
        raise SchemaError(f"mirror: {exporter} and {importer} are both {seller}. Give two states.")
    here = both[(both.index.get_level_values(0) == seller) & (both.index.get_level_values(1) == buyer)]
    if here.empty:
        raise DataNotPresentError(
            f"mirror: neither {seller} nor {buyer} reports trade from {seller} to {buyer} in this table. Add "
            "their reports, or choose states that it covers."
        )
    here = here.droplevel([0, 1]).sort_index()
    return Mirror(
        exporter=seller,
        importer=buyer,
        years=here.index.to_numpy(dtype=np.int64),
        by_exporter=here["exporter"].to_numpy(),
        by_importer=here["importer"].to_numpy(),
        cif_fob=cif_fob,
        suspects=_suspects(both, seller, buyer, cif_fob, min_share),
        settings={
            "value": value,
            "cif_fob": cif_fob,
            "min_share": min_share,
            "data_sha256": data_sha256((), pd.util.hash_pandas_object(both).to_numpy()),
        },
        provenance=stated_provenance(flows),
        notes=_notes(here, seller, buyer, cif_fob),
    )


# ------------------------------------------------------------------------------------------ inside


def _side_by_side(flows: pd.DataFrame, value: str) -> pd.DataFrame:
    """Columns exporter and importer: what either reports, by (exporter, importer, year)."""
    if "reporter" not in flows.columns:
        raise IdentificationError(
            "mirror: the table has no column reporter. A table with one figure for each flow, such as BACI "
            "(mineral_trade), is already reconciled from both reports and cannot be mirrored: take reports "
            "as the two states made them (UN Comtrade, IMF IMTS) and say in `reporter` who made each."
        )
    require_columns(
        flows, [*_KEYS, value], "mirror", "Rename your columns, or say which one holds the value."
    )
    table = flows[[*_KEYS, "reporter", value]].astype(
        {"exporter": str, "importer": str, "reporter": str, "year": int, value: float}
    )
    role = np.select(
        [
            (table["reporter"] == "exporter") | (table["reporter"] == table["exporter"]),
            (table["reporter"] == "importer") | (table["reporter"] == table["importer"]),
        ],
        ["exporter", "importer"],
        "",
    )
    for fault, what in (
        (role == "", "is reported by neither side: reporter must be exporter, importer or one of the two"),
        (table["exporter"] == table["importer"], "goes from a state to itself: leave domestic sales out"),
        (~(table[value] >= 0), f"has no {value} of 0 or more: leave out what was not reported"),
    ):
        if np.any(fault):
            row = table[fault].iloc[0]
            raise SchemaError(
                f"mirror: {int(np.sum(fault))} rows; first {row['exporter']} to {row['importer']} in "
                f"{row['year']} (reporter {row['reporter']}, {value} {row[value]}) {what}."
            )
    table["reporter"] = role
    repeated = table.duplicated([*_KEYS, "reporter"])
    if repeated.any():
        row = table[repeated].iloc[0]
        raise SchemaError(
            f"mirror: {int(repeated.sum())} rows repeat a key; first {row['exporter']} to {row['importer']} "
            f"in {row['year']}, reported by the {row['reporter']}. Sum over products, or keep one."
        )
    sides = table["reporter"].unique()
    if len(sides) == 1:
        raise IdentificationError(
            f"mirror: every row is the {sides[0]}'s report, so that there is nothing to set it beside. A "
            "reconciled table (BACI) or COW's dyads hold one figure for each flow: add the other side's "
            "reports (UN Comtrade, IMF IMTS)."
        )
    return table.pivot(index=_KEYS, columns="reporter", values=value)


def _excess(by_importer: Any, by_exporter: Any, cif_fob: float) -> Any:
    """The part of importer's less exporter's figure outside of the band from 1 to ``cif_fob``."""
    over = np.maximum(by_importer - cif_fob * by_exporter, 0.0)
    under = np.minimum(by_importer - by_exporter, 0.0)
    return over + under


def _suspects(both: pd.DataFrame, seller: str, buyer: str, cif_fob: float, min_share: float) -> pd.DataFrame:
    """Third countries that could stand between, as the notes of `mirror` describe."""
    sold_by, bought_by = (both.index.get_level_values(level) for level in (0, 1))
    flow = both[(sold_by == seller) & (bought_by == buyer)].droplevel([0, 1])
    excess = _excess(flow["importer"], flow["exporter"], cif_fob).dropna()
    # All the world has no third countries.
    third = (bought_by == buyer) & (sold_by != seller) & (sold_by != WORLD) & (bought_by != WORLD)
    table = both[third].droplevel(1).rename_axis(["via", "year"]).reset_index()
    table["excess"] = table["year"].map(excess)
    table = table.dropna()
    # What X says it sold to H bounds what of it can have gone on. Where X has no report, nothing is known.
    to_third = both[(sold_by == seller) & (bought_by != buyer)].droplevel(0)["exporter"].to_dict()
    ceiling = [to_third.get(pair, np.nan) for pair in zip(table["via"], table["year"], strict=True)]
    passed_on = np.fmin(np.maximum(table["exporter"] - table["importer"], 0.0), ceiling)
    consigned = np.maximum(_excess(table["importer"], table["exporter"], cif_fob), 0.0)
    importer_more = table["excess"] > 0
    table["could_explain_usd"] = np.minimum(
        np.where(importer_more, passed_on, consigned), table["excess"].abs()
    )
    table["share_of_gap"] = table["could_explain_usd"] / table["excess"].abs()
    table["why"] = np.where(
        importer_more,
        f"reports more sales to {buyer} than {buyer} books from it",
        f"{buyer} books more from it than it reports selling",
    )
    table = table[table["share_of_gap"] >= min_share]
    columns = ["year", "via", "could_explain_usd", "share_of_gap", "why"]
    return table.sort_values(["year", "could_explain_usd"], ascending=[True, False])[columns].reset_index(
        drop=True
    )


def _notes(here: pd.DataFrame, seller: str, buyer: str, cif_fob: float) -> tuple[str, ...]:
    notes = [
        f"A ratio of the importer's to the exporter's figure from 1 to {cif_fob:g} counts as agreement: "
        "freight and insurance. Bulky goods over long ways may cost more.",
        "Suspects are countries whose own records do not fit either: a suspicion to follow up, never proof.",
    ]
    for side, state in (("exporter", seller), ("importer", buyer)):
        absent = here.index[here[side].isna()].tolist()
        if absent:
            years = ", ".join(map(str, absent[:5])) + (" …" if len(absent) > 5 else "")
            notes.append(
                f"{state} has no report of this flow in {len(absent)} of {len(here)} years: {years}."
            )
    return tuple(notes)
