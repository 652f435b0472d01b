"""What a state has promised either pole."""

from collections.abc import Iterator

from tropism.alliances import WORDS, commitment_series
from tropism.assessment.dimension import Dimension, Poles, Tables, first, seated
from tropism.dyads import Triad, Window
from tropism.errors import DataNotPresentError
from tropism.series import Series
from tropism.states import find_state

#: ATOP reads obligations off the texts of treaties; the Correlates of War sort whole treaties.
TABLES = ("atop_alliances", "cow_alliances")


def measure(tables: Tables, poles: Poles) -> Series:
    """The strongest obligation of each state toward each pole."""
    return commitment_series(first(tables, TABLES), poles.all)


def remarks(tables: Tables, triad: Triad, poles: Poles, window: Window) -> tuple[str, ...]:
    """What the poles promised in turn, and the same by the second coding, where they differ."""
    return tuple(_others(tables, triad, poles, window))


def _others(tables: Tables, triad: Triad, poles: Poles, window: Window) -> Iterator[str]:
    table = first(tables, TABLES)
    own = _changes(commitment_series(table, poles.all), triad, window)
    returned = _changes(commitment_series(table, poles.all, promised="pole"), triad, window)
    if differing := _told(returned, own):
        yield f"promised by the pole: {differing}"
    try:
        second = commitment_series(tables["cow_alliances"], poles.all)
    except DataNotPresentError:
        return
    if "sender" in table.column_names:
        differing = _told(_changes(second, triad, window), own)
        yield f"by the Correlates of War: {differing or 'the same'} (data to {int(second.years[-1])})"


def _changes(series: Series, triad: Triad, window: Window) -> dict[str, str]:
    """Per pole, the obligation at the end of both windows, in words."""
    panel = seated(series, triad)
    said = {}
    for pole in triad.poles:
        unit = f"{triad.state}>{pole}"
        if unit not in panel:
            continue
        old, had = panel.select([unit]).last_over(window.before_start, window.before_end)
        new, has = panel.select([unit]).last_over(window.after_start, window.after_end or window.after_start)
        if had[0] and has[0]:
            said[pole] = f"{WORDS[int(old[0, 0])]} → {WORDS[int(new[0, 0])]}"
    return said


def _told(found: dict[str, str], beside: dict[str, str]) -> str:
    """What differs, pole by pole."""
    return ", ".join(
        f"with {find_state(pole).in_text} {words}"
        for pole, words in found.items()
        if words != beside.get(pole)
    )


DIMENSION = Dimension(
    name="alliances",
    title="Alliances",
    question="Has {A} promised {B} more in a crisis, and {C} less?",
    block="institutions",
    signal="costly",
    tables=(),
    either=TABLES,
    measure=measure,
    remarks=remarks,
    how_to_read=(
        "The strongest obligation of the state toward the pole at the end of each window: 3 to fight beside "
        "it, 2 to stay neutral or not to attack, 1 to consult, 0 none. Costly: it may have to be honoured."
    ),
    contradicted_by=(
        "A treaty on paper that nobody acts on; one that both poles share; an alliance that ended because a "
        "pole dissolved it."
    ),
    blind_to=(
        "ties without a treaty: bases, guarantees by word, arms",
        "whether an obligation would be kept",
        "treaties after the data's last year",
    ),
    order=58,
    summary="last",
)
