"""The choices that one could defend, each a named axis: what a specification is made of."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from tropism.dyads import Window
from tropism.shifts.alike import CALLED
from tropism.votes.vote_sets import VOTE_SETS

#: Roll calls on which one pole votes yes and the other no: they answer a question of their own.
BETWEEN_POLES = "between-poles"
#: Sets with embedded ideal points; each is a question of its own.
SETS = (
    "all",
    "no-nuclear",
    "important",
    "contested",
    "middle-east",
    "nuclear",
    "disarmament",
    "human-rights",
    "colonialism",
    "economic",
)
#: Events are moved by so many years either way.
SHIFTED = (-2, -1, 0, 1, 2)
SHORT, LONG = 5, 10
#: Codings of abstention and absence that differ: an absence that becomes an abstention and is dropped is
#: missing. The first is that of the embedded fits.
CODINGS = (
    ("middle", "missing"),
    ("middle", "abstention"),
    ("weak-no", "missing"),
    ("weak-no", "abstention"),
    ("dropped", "missing"),
)
#: Link and smoothing of fits, that of the embedded ones first.
FITS = (("probit", "walk"), ("logit", "walk"), ("probit", "robust"), ("logit", "robust"))


@dataclass(frozen=True)
class Axis:
    """One choice that has to be made, and what could be chosen.

    Attributes
    ----------
    name : str
        Column of `Multiverse.tidy`.
    question : str
        What has to be decided.
    choices : mapping of str to str
        Each choice, and what it means; empty where the data at hand decide.
    why : str
        Why more than one is defensible.
    divides : bool
        Whether different choices answer different questions: specifications are then grouped by it and
        never pooled.
    """

    name: str
    question: str
    choices: Mapping[str, str]
    why: str
    divides: bool = False


AXES: tuple[Axis, ...] = (
    Axis(
        "vote_set",
        "Which roll calls count?",
        {name: VOTE_SETS[name].title for name in SETS}
        | {BETWEEN_POLES: "Roll calls on which one pole voted yes and the other no"},
        "What a state wants of the Assembly differs by subject, and the agenda changes: a move on all roll "
        "calls can be one on a single subject.",
        divides=True,
    ),
    Axis(
        "measure",
        "What is closeness?",
        {
            "closeness": "nearness to the one pole less nearness to the other on the line of ideal points",
            "position": "the state's own place on that line, toward the one pole",
            "kappa": "Cohen's kappa with the one pole less that with the other",
            "pi": "Scott's pi with the one pole less that with the other",
            "s": "Signorino and Ritter's S with the one pole less that with the other",
            "agreement": "share of equal votes with the one pole less that with the other",
            "siding": "share of contested roll calls with the one pole less that with the other",
        },
        "Distances on a line, agreement corrected for chance and raw agreement are all in use; they weigh "
        "the agenda and the poles' own turns differently.",
    ),
    Axis(
        "abstention",
        "What is an abstention?",
        {
            "middle": "a vote between yes and no",
            "weak-no": "a no",
            "dropped": "no vote at all",
        },
        "States abstain out of indifference, as a polite no, and to keep out of a quarrel.",
    ),
    Axis(
        "absence",
        "What is it not to vote in a session in which one voted?",
        {"missing": "nothing is known", "abstention": "an abstention"},
        "Small missions miss votes; others stay away to avoid them.",
    ),
    Axis(
        "link",
        "How are the errors of a vote distributed?",
        {"probit": "normally", "logit": "logistically"},
        "Both are standard; the tails differ.",
    ),
    Axis(
        "smoothing",
        "How may a position move between sessions?",
        {"walk": "in steps of one size", "robust": "in small steps and now and then a large one"},
        "A walk smooths a break away, heavy tails may make one of noise.",
    ),
    Axis(
        "flow",
        "Which trade?",
        {
            "imports": "energy and minerals that the state buys",
            "exports": "energy and minerals that it sells",
            "total-imports": "all goods that it buys, if the table trade_reports is on the machine",
            "total-exports": "all goods that it sells, if that table is there",
            "input-imports": "inputs that it buys, if the table trade_gaps holds enough years",
            "input-exports": "inputs that it sells, if that table does",
        },
        "Buying and selling are different ties, and so are fuel and everything else.",
        divides=True,
    ),
    Axis(
        "line",
        "Which line of evidence beside votes, energy and minerals?",
        {},
        "Arms, alliances, aid and the rest are ties of their own kind, each a question by itself; the "
        "choices are the lines with data on the machine.",
        divides=True,
    ),
    Axis(
        "goods",
        "Which goods?",
        {"all": "energy and minerals", "energy": "energy alone"},
        "Energy is the larger part, and moves with its price.",
    ),
    Axis(
        "metric",
        "How is trade compared?",
        {
            "share": "share of the state's trade with the one pole less that with the other",
            "level": "logarithm of trade with the one pole less that of trade with the other",
            "gap": "logarithm of trade over what gravity predicts, with the one pole less with the other",
        },
        "A share says how much a partner matters, a level how much is traded: small flows can multiply. A "
        "gap leaves out what size and nearness explain; the embedded one is of a single year: no change.",
    ),
    Axis(
        "report",
        "Whose record of a flow?",
        {"importer": "what the buyer's customs recorded", "exporter": "what the seller's customs recorded"},
        "Customs look more closely at what comes in, and goods that go around a sanction are seen by one "
        "side alone. Energy and minerals are reconciled from both.",
    ),
    Axis(
        "event",
        "When did it begin?",
        {f"{years:+d}": f"{years:+d} years from the event" for years in SHIFTED},
        "Policy leads or lags the date that history remembers, and a year's votes begin in its autumn.",
    ),
    Axis(
        "window",
        "How many years on either side?",
        {
            str(SHORT): f"{SHORT} years before, {SHORT} from the event on",
            str(LONG): f"{LONG} years before, {LONG} from the event on",
            "open": f"{LONG} years before, all years from the event on",
        },
        "Short windows see a turn before it is undone, long ones whether it lasts.",
    ),
    Axis(
        "placebos",
        "Who shows what is usual?",
        {str(name): said for name, said in CALLED.items()},
        "All states show what the Assembly did, neighbours what their region did, economies of like size or "
        "income what others with as much at stake did.",
    ),
    Axis(
        "units",
        "What counts as one?",
        {"states": "each state", "blocs": "each voting bloc before the event, its members in equal parts"},
        "Thirty states that vote as one are one event, or thirty decisions.",
    ),
)

NAMES = tuple(axis.name for axis in AXES)


def windows(event: int) -> Iterator[tuple[str, str, Window]]:
    """Choices of the axes event and window, with the years that they mean."""
    for shift in SHIFTED:
        year = event + shift
        yield f"{shift:+d}", str(SHORT), Window(year - SHORT, year - 1, year, year + SHORT - 1)
        yield f"{shift:+d}", str(LONG), Window(year - LONG, year - 1, year, year + LONG - 1)
        yield f"{shift:+d}", "open", Window(year - LONG, year - 1, year)
