"""Whose purse a state lives on."""

from tropism import aid
from tropism.assessment.dimension import Dimension, Poles, Tables
from tropism.series import Series


def measure(tables: Tables, poles: Poles) -> Series:
    """Share of the aid received that came from each pole."""
    return aid.share_series(tables["aid"], poles.all)


def levels(tables: Tables, poles: Poles) -> Series:
    """Aid from each pole, in constant dollars."""
    return aid.level_series(tables["aid"], poles.all)


DIMENSION = Dimension(
    name="aid",
    title="Aid",
    question="Does more of the aid to {A} come from {B}, and less from {C}?",
    block="aid",
    signal="costly",
    tables=("aid",),
    measure=measure,
    levels=levels,
    how_to_read=(
        "Share of the official development assistance that the state received in each year, at constant "
        "prices. Costly for the patron, who pays: the row says more of its turn than of the state's."
    ),
    contradicted_by=(
        "A disaster or a war to which all donors gave; debt relief, which is booked in one year; a donor "
        "that changed its aid to everybody."
    ),
    blind_to=(
        "donors that do not report to the OECD (China; the Soviet Union)",
        "military aid, loans at market terms and support through banks",
    ),
    order=55,
)
