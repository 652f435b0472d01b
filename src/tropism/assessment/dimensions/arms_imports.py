"""Whose weapons a state receives."""

from tropism import arms
from tropism.assessment.dimension import Dimension, Poles, Tables, first
from tropism.assessment.reading import suppliers_in_words
from tropism.dyads import Triad, Window
from tropism.series import Series

#: The register tells deal by deal, the table of totals supplier by supplier: either will do.
TABLES = ("arms_transfers", "arms_totals")


def measure(tables: Tables, poles: Poles) -> Series:
    """Share of arms imports that came from each pole, over trailing five years."""
    return arms.import_share_series(first(tables, TABLES), poles.all)


def levels(tables: Tables, poles: Poles) -> Series:
    """What each pole delivered, in million TIV."""
    return arms.import_level_series(first(tables, TABLES), poles.all)


def remarks(tables: Tables, triad: Triad, poles: Poles, window: Window) -> tuple[str, ...]:
    """On how few suppliers the state hangs: one that buys from more is spreading, not turning."""
    deliveries = first(tables, TABLES)
    spans = (
        (window.before_start, window.before_end),
        (window.after_start, window.after_end or window.after_start),
    )
    before, after = (
        suppliers_in_words(*arms.concentration(deliveries, triad.state, *span)) for span in spans
    )
    return (f"suppliers and their concentration (1 is a single one): {before} → {after}",)


DIMENSION = Dimension(
    name="arms_imports",
    title="Arms imports",
    question="Does {A} take more of its arms from {B} and fewer from {C}?",
    block="arms",
    signal="costly",
    tables=(),
    either=TABLES,
    measure=measure,
    levels=levels,
    remarks=remarks,
    how_to_read=(
        "Share of major arms delivered in the five years up to each year, by SIPRI's trend-indicator value "
        "(TIV), which measures capability, not price. Costly: weapons bind a state to their maker for parts,"
        " training and ammunition for decades."
    ),
    contradicted_by=(
        "One large delivery on a small base; orders placed before the event; more suppliers at once, which "
        "is spreading of risks; a pole that lost buyers everywhere."
    ),
    blind_to=(
        "small arms, ammunition, services and most parts",
        "orders not yet delivered",
        "years in which the state imported no major arms",
    ),
    order=70,
)
