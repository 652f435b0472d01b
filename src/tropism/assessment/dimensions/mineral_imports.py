"""How much of a state's energy and mineral imports comes from either pole."""

from tropism.assessment.dimension import Dimension, Poles, Tables
from tropism.assessment.reading import amount, possessive
from tropism.dyads import Triad, Window
from tropism.errors import DataNotPresentError, IdentificationError, TriadError
from tropism.series import Series
from tropism.states import find_state
from tropism.trade.diversion import Diversion, diversion
from tropism.trade.shares import import_level_series, import_share_series

#: The sanctions whose diversion is told: in the table, only these made the largest buyers of energy leave.
REGIME = "RUS-2022"
#: Made on demand: enough for an interval.
DRAWS = 300


def measure(tables: Tables, poles: Poles) -> Series:
    """Share of recorded imports in the 74 products that comes from each pole."""
    return import_share_series(tables["mineral_trade"], poles.all)


def levels(tables: Tables, poles: Poles) -> Series:
    """The same flows in thousand US dollars."""
    return import_level_series(tables["mineral_trade"], poles.all)


def remarks(tables: Tables, triad: Triad, poles: Poles, window: Window) -> tuple[str, ...]:
    """Where a pole came under sanctions: what they alone would divert to a state that did not join."""
    measures = [row for row in tables["sanctions"].to_pylist() if row["regime"] == REGIME]
    began = min((row["start_date"].year for row in measures), default=None)
    target = next((row["target"] for row in measures), None)
    if began is None or target not in triad.poles or not _covers(window, began + 1):
        return ()
    state, seller = (find_state(code).in_text for code in (triad.state, target))
    try:
        found = diversion(
            triad.state,
            target,
            before=began - 1,
            after=began + 1,
            regime=REGIME,
            unit="share_points",
            draws=DRAWS,
            flows=tables["mineral_trade"],
        )
    except TriadError:
        return (
            f"{state} joined the sanctions of {began} on {seller}: none of its purchases count as diversion",
        )
    except (DataNotPresentError, IdentificationError):
        return (
            f"what the sanctions of {began} on {seller} diverted cannot be told: no purchases on record in "
            f"{began - 1} or {began + 1}, or too few states to compare with",
        )
    return _taken_apart(found, seller, began)


def _covers(window: Window, year: int) -> bool:
    return window.after_start <= year <= (window.after_end or year)


def _taken_apart(found: Diversion, seller: str, began: int) -> tuple[str, ...]:
    before, after = (f"{100 * share:.1f} %" for share in found.shares)
    value = " → ".join(amount(1000 * million) for million in found.million_usd)
    rows = {(row["state"], row["component"]): row for row in found.tidy().to_dict("records")}

    def told(state: str, component: str) -> str:
        row = rows[state, component]
        return f"{_points(row['estimate'])} pp [{_points(row['lower'])}, {_points(row['upper'])}]"

    return (
        f"{possessive(seller)} share before and after the sanctions of {began}, {found.before} → "
        f"{found.after}: {before} → {after} ({value}), {_points(found.observed)} pp",
        f"diversion by these sanctions alone would bring {told(found.buyer, 'diversion')}",
        f"median change among {len(found.matched)} matched states that did not join: "
        f"{told('median matched', 'observed')}",
        f"not explained by diversion: {told(found.buyer, 'not explained by diversion')}; that is no tilt: a "
        "model of varieties by country (Armington) understates how far oil is diverted, and not to join the "
        "sanctions is itself policy",
    )


def _points(share: float) -> str:
    """``+0.06`` for 0.0006: tiny changes keep a digit."""
    points = 100 * share
    return f"{points:+.{1 if abs(points) >= 0.095 else 2}f}"


DIMENSION = Dimension(
    name="mineral_imports",
    title="Energy and mineral imports",
    question="Does {A} buy more of its energy and minerals from {B} and less from {C}?",
    block="trade",
    signal="cheap",
    tables=("mineral_trade", "sanctions", "memberships", "trade_estimates"),
    measure=measure,
    levels=levels,
    remarks=remarks,
    how_to_read=(
        "Share of the state's recorded imports in 74 energy and mineral products, by value. Where a pole "
        "came under the sanctions of 2022, what they alone would divert to a state that did not join is set "
        "beside the change; brackets hold 90 % of draws over shock, elasticity and ordinary moves of shares."
    ),
    contradicted_by=(
        "A price effect, a tiny base, a rise that diversion alone would bring, or the same rise among "
        "matched states."
    ),
    blind_to=(
        "refined oil products (HS 2710) and all other goods",
        "trade that was not recorded: no row means no record, never zero",
        "Russia's own reports, which thin out after 2021, and its pipeline gas to Turkey after 1999",
    ),
    order=30,
)
