"""What a multiverse says, in sentences."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

from tropism.shifts.multiverse.axes import AXES, BETWEEN_POLES
from tropism.votes.vote_sets import VOTE_SETS

if TYPE_CHECKING:
    from tropism.shifts.multiverse.result import Multiverse

#: A joint test with a larger p-value shows nothing unusual.
LEVEL = 0.1
#: An axis that explains less of the disagreement is not named.
LEAST_SHARE = 0.05
#: Two vote sets whose difference shows what nuclear votes do.
WITH, WITHOUT = "all", "no-nuclear"

TITLES = {name: each.title.lower() for name, each in VOTE_SETS.items()} | {
    "all": "all roll calls",
    "no-nuclear": "all but nuclear roll calls",
    "middle-east": "Palestine and the Middle East",
    "important": "roll calls important to the United States",
    "contested": "roll calls contested in the Assembly",
    BETWEEN_POLES: "roll calls that divide the poles",
    "imports": "imports of energy and minerals",
    "exports": "exports of energy and minerals",
    "total-imports": "imports of all goods, by reports",
    "total-exports": "exports of all goods, by reports",
    "input-imports": "imports of inputs",
    "input-exports": "exports of inputs",
    "votes": "all questions on votes",
}
#: Axes as text has them.
DOING = {axis.name: axis.name.replace("_", " ") for axis in AXES}


def title(group: str) -> str:
    """A question as text has it; other lines of evidence go by their names."""
    return TITLES.get(group) or group.replace("_", " ")


def read(found: Multiverse) -> tuple[str, ...]:
    """A few sentences, the joint test first."""
    parts = (_joint(found), _groups(found), _nuclear(found), _one_session(found), _drivers(found))
    return tuple(sentence for part in parts for sentence in part)


def _joint(found: Multiverse) -> Iterator[str]:
    test = found._joint("votes")
    if test is None:
        yield "On votes there is no joint test: too few specifications or other states can be assessed."
        return
    a, b, c = found.names
    judged = (
        "Moves as large are usual among other states."
        if test.p_value > LEVEL
        else f"So large a move is unusual: {test.p_value:.0%} of states moved as far, itself included."
    )
    yield (
        f"Over the {test.specifications} counted specifications on votes (against all other states), "
        f"{_possessive(a)} middle move is {_move(test.move, b, c)}: {ordinal(test.rank)} of {test.n + 1} "
        f"states toward {b}, p = {test.p_value:.2f}. {judged}"
    )
    if test.bloc_p_value is not None:
        yield (
            f"With one unit for each of {test.blocs} voting blocs, p = {test.bloc_p_value:.2f}; the states "
            f"are worth about {test.effective_number:.0f} independent ones."
        )


def _groups(found: Multiverse) -> Iterator[str]:
    _, b, c = found.names
    tests = [test for group in found.groups if (test := found._joint(group)) is not None]
    unusual = [test for test in tests if test.p_value <= LEVEL]
    if unusual:
        said = (f"{title(test.group)} ({_move(test.move, b, c)}, p = {test.p_value:.2f})" for test in unusual)
        yield (
            f"Taken by itself, its move is unusual on {'; '.join(said)}: {len(unusual)} of {len(tests)} "
            f"questions; about {LEVEL * len(tests):.0f} would be by chance."
        )
    elif tests:
        yield (
            f"On none of the {len(tests)} questions, each by itself, is its move unusual (p of at most "
            f"{LEVEL:g})."
        )


def _nuclear(found: Multiverse) -> Iterator[str]:
    if not {WITH, WITHOUT} <= set(found.groups):
        return
    one, two = found._joint(WITH), found._joint(WITHOUT)
    if one is None or two is None:
        return
    _, b, c = found.names
    yield (
        f"Over windows of years the middle move on all roll calls is {_move(one.move, b, c)} (p = "
        f"{one.p_value:.2f}), without nuclear ones {_move(two.move, b, c)} (p = {two.p_value:.2f})."
    )


def _one_session(found: Multiverse) -> Iterator[str]:
    """The largest jump of one session near the event, with and without nuclear votes."""
    table = found.specifications[found.counted()]
    steps = {(str(row["vote_set"]), int(row["year"])): row for row in found.sessions.to_dict("records")}
    years = [year for vote_set, year in steps if vote_set == WITH]
    if not years or not ((table["vote_set"] == WITH) & (table["measure"] == "position")).any():
        return
    a, b, c = found.names
    year = max(years, key=lambda each: abs(steps[WITH, each]["move"]))
    jump, other = steps[WITH, year], steps.get((WITHOUT, year))
    if not _stands_out(jump):
        yield (
            f"No single session within two years of {found.event} stands out in {_possessive(a)} position on "
            "all roll calls."
        )
        return
    text = f"From {year - 1} to {year} {_possessive(a)} position on all roll calls jumps {_jump(jump, b, c)}"
    if other is None:
        yield f"{text}."
    elif _stands_out(other) and other["move"] * jump["move"] > 0:
        yield f"{text}; without nuclear roll calls too, {_jump(other, b, c)}."
    else:
        yield (
            f"{text}; without nuclear roll calls it does not: there it moves {_jump(other, b, c)}. Windows "
            f"that begin near {year} carry that jump: read them beside those without nuclear roll calls."
        )


def _jump(step: Mapping[Any, Any], b: str, c: str) -> str:
    """Which way, how far and where in the field."""
    toward = step["step"] > 0
    rank = step["rank"] if toward else step["n"] + 2 - step["rank"]
    way = f"toward {b if toward else c} by {abs(step['step']):.2f} sd"
    return f"{way} ({ordinal(int(rank))} of {int(step['n']) + 1} states that way)"


def _stands_out(step: Mapping[Any, Any]) -> bool:
    """Among the twentieth that moved most either way."""
    most = (step["n"] + 1) / 20
    return bool(step["rank"] <= most or step["rank"] >= step["n"] + 2 - most)


def _drivers(found: Multiverse) -> Iterator[str]:
    rows = found.drivers().to_dict("records")
    if not rows:
        return
    axes, rest = rows[:-1], float(rows[-1]["share"])
    said = [
        f"{DOING[str(row['axis'])]} ({row['share']:.0%})" for row in axes[:3] if row["share"] >= LEAST_SHARE
    ]
    beside = f"{rest:.0%} lies in combinations of choices"
    if said:
        yield f"Specifications on votes disagree by {', '.join(said)}; {beside}."
    else:
        yield f"No single choice makes specifications on votes disagree: {beside}."


def ordinal(number: int) -> str:
    """``1st``, ``2nd``, ``11th``."""
    ending = "th" if number % 100 in (11, 12, 13) else {1: "st", 2: "nd", 3: "rd"}.get(number % 10, "th")
    return f"{number}{ending}"


def _move(move: float, b: str, c: str) -> str:
    """A standardised move in words."""
    if abs(move) < 0.005:
        return "nothing either way"
    return f"{abs(move):.2f} spreads of the field toward {b if move > 0 else c}"


def _possessive(name: str) -> str:
    return f"{name}'" if name.endswith("s") else f"{name}'s"
