"""The forms that a claim can take: a small typed vocabulary, each form asked of one verb.

A field's name and description are what a person reads in the YAML file and in its schema. States may be
written as codes, names or aliases; they are kept as ISO3 codes.
"""

from __future__ import annotations

from collections import Counter
from datetime import date
from functools import cache
from typing import Annotated, Any, Literal, Self

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    WithJsonSchema,
    model_validator,
)

from tropism.assessment.dimension import dimensions
from tropism.dyads import FIRST_YEAR, LAST_YEAR
from tropism.errors import UnknownStateError
from tropism.explanations.signatures import CLASS_NAMES, Class, signatures
from tropism.states import find_state
from tropism.tables import read_table

#: Version of the layout of the file.
SCHEMA_VERSION = 1

#: Why no data can decide a sentence.
REASONS = {
    "motive": "what somebody wants or intends",
    "value": "what is good, right or owed",
    "prophecy": "what has not happened yet",
    "no data": "no table here could show it",
    "unread": "no rule of the reader fits: a person should look",
}
Reason = Literal["motive", "value", "prophecy", "no data", "unread"]


@cache
def _state(text: str) -> str:
    try:
        return find_state(text).iso3
    except UnknownStateError as unknown:
        raise ValueError(str(unknown)) from None


def _party(text: str) -> str:
    """A state, or an organisation of the table."""
    return text.upper() if text.upper() in organisations() else _state(text)


def _line(name: str) -> str:
    if name not in (known := lines()):
        raise ValueError(f"{name!r} is no line of evidence. Choose one of {', '.join(known)}.")
    return name


@cache
def organisations() -> tuple[str, ...]:
    """The organisations whose members the package knows."""
    return tuple(read_table("organisations")["organisation"].to_pylist())


@cache
def lines() -> tuple[str, ...]:
    """The names of all lines of evidence."""
    return tuple(each.name for each in dimensions())


@cache
def explanations() -> dict[str, Class]:
    """What an explanation may be called: a class, or a finer explanation and the class that it belongs to."""
    return {each: each for each in CLASS_NAMES} | {each.explanation: each.of_class for each in signatures()}


def _explanation(name: str) -> str:
    if name not in explanations():
        raise ValueError(f"{name!r} is no explanation. Choose one of {', '.join(explanations())}.")
    return name


def _listed(value: Any) -> Any:
    """One name stands for a list of one."""
    return [value] if isinstance(value, str) else value


_TEXT = {"type": "string"}
State = Annotated[str, AfterValidator(_state), WithJsonSchema(_TEXT | {"description": "a state"})]
Party = Annotated[
    str, AfterValidator(_party), WithJsonSchema(_TEXT | {"description": "a state or an organisation"})
]
Line = Annotated[str, AfterValidator(_line), WithJsonSchema(_TEXT | {"enum": list(lines())})]
Year = Annotated[int, Field(ge=FIRST_YEAR, le=LAST_YEAR)]


class _Strict(BaseModel):
    """No field is ignored in silence; names as in YAML."""

    model_config = ConfigDict(extra="forbid", frozen=True, populate_by_name=True)


class _Asked(_Strict):
    """A test about states, which must differ."""

    @model_validator(mode="after")
    def _parties_differ(self) -> Self:
        roles = ("state", "on", "other", "toward", "away_from", "rather_than", "punishes", "spares", "one")
        parties = [getattr(self, role) for role in roles if getattr(self, role, None) is not None]
        if repeated := next((each for each in parties if parties.count(each) > 1), None):
            raise ValueError(f"{repeated} stands in two roles")
        return self


class Level(_Asked):
    """A depends on C for x; A stands close to C. Asked of one line of evidence."""

    form: Literal["level"] = "level"
    state: State
    on: State
    line: Line = Field(description="the line of evidence whose level is asked for")
    rather_than: State | None = Field(default=None, description="the other pole, where a line needs two")
    at_least: float | None = Field(
        default=None, description="supported from this level on, in the line's unit"
    )
    at_most: float | None = Field(default=None, description="supported up to this level, in the line's unit")
    above_states: Annotated[float, Field(ge=0, le=100)] | None = Field(
        default=None, description="supported where the state is closer than so many per cent of all others"
    )
    until: Year | None = Field(default=None, description="the last year that counts")

    @model_validator(mode="after")
    def _one_threshold(self) -> Level:
        if sum(each is not None for each in (self.at_least, self.at_most, self.above_states)) > 1:
            raise ValueError("give one of at_least, at_most and above_states")
        return self


class Change(_Asked):
    """A is shifting toward B and away from C."""

    form: Literal["change"] = "change"
    state: State
    toward: State
    away_from: State
    event: Year = Field(default=2014, description="since when it may be moving")


class Comparison(_Asked):
    """A is closer to C than another state is, or than A is to another."""

    form: Literal["comparison"] = "comparison"
    state: State
    on: State
    line: Line
    than_state: State | None = Field(default=None, description="the other state; the same one unless given")
    than_on: State | None = Field(default=None, description="the other partner; the same one unless given")
    until: Year | None = None

    @model_validator(mode="after")
    def _two_sides(self) -> Comparison:
        if (self.than_state or self.state, self.than_on or self.on) == (self.state, self.on):
            raise ValueError("compare with something else: give than_state or than_on")
        return self


class Cause(_Asked):
    """An agreement or sanctions raise or lower the trade of two sides."""

    form: Literal["cause"] = "cause"
    cause: Literal["trade agreement", "customs cooperation", "sanctions"]
    one: Party
    other: Party
    effect: Literal["raises", "lowers"] = Field(default="raises", description="what is said of their trade")


class Counterfactual(_Strict):
    """Without these buyers, the seller would not stay afloat."""

    form: Literal["counterfactual"] = "counterfactual"
    seller: State
    without: Annotated[tuple[Party, ...], BeforeValidator(_listed), Field(min_length=1)]


class Fact(_Asked):
    """A joined an organisation; A and B did something on a date: in the tables of dated facts."""

    form: Literal["fact"] = "fact"
    state: State
    other: Party = Field(description="an organisation, or another state")
    kind: Literal[
        "membership",
        "agreement",
        "aid",
        "aid_suspension",
        "alliance",
        "arms",
        "energy",
        "finance",
        "meeting",
        "military_exercise",
        "sanctions",
        "sanctions_relief",
        "trade",
        "un_vote",
        "visit",
    ] = "membership"
    since: date | None = None
    until: date | None = None

    @model_validator(mode="after")
    def _fits(self) -> Fact:
        if (self.kind == "membership") != (self.other in organisations()):
            raise ValueError(
                f"{self.kind} with {self.other}: a membership needs an organisation "
                f"({', '.join(organisations())}), everything else a state"
            )
        return self


class Conditionality(_Asked):
    """C punishes A, B does not."""

    form: Literal["conditionality"] = "conditionality"
    state: State
    punishes: State
    spares: State
    since: date | None = None
    until: date | None = None


class Explanation(_Asked):
    """It is hedging; the patron lets it happen; it is a realignment."""

    form: Literal["explanation"] = "explanation"
    state: State
    toward: State
    away_from: State
    explanation: Annotated[
        str,
        AfterValidator(_explanation),
        WithJsonSchema(_TEXT | {"enum": list(explanations())}),
    ]
    event: Year = 2014
    years_after: Annotated[int, Field(ge=1, le=50)] | None = Field(
        default=None, description="end so many years after the event; with the data unless given"
    )


class Untestable(_Strict):
    """No data can decide it."""

    form: Literal["untestable"] = "untestable"
    reason: Annotated[Reason, Field(description="; ".join(f"{k}: {v}" for k, v in REASONS.items()))]
    because: str = Field(default="", description="in words")


Test = Annotated[
    Level | Change | Comparison | Cause | Counterfactual | Fact | Conditionality | Explanation | Untestable,
    Field(discriminator="form"),
]


class Thresholds(_Strict):
    """What "supported" means. Every one can be changed, in the file or on the command line."""

    depends_share: float = Field(
        default=0.1, gt=0, lt=1, description="A share from which a state depends on its partner"
    )
    years: int = Field(default=5, ge=1, description="Last years with data over which a level is taken")
    more_by: float = Field(
        default=0.1, ge=0, description="A level is more than another if larger by this part of it"
    )
    tail: float = Field(
        default=5, gt=0, lt=50, description="Per cent of states on either side that stand out"
    )
    kinds: int = Field(default=2, ge=1, description="Kinds of evidence that must agree on a change")
    decides: float = Field(
        default=0.5, gt=0, description="log10 by which an explanation must beat the runner-up"
    )
    afloat_percent: float = Field(
        default=5, gt=0, description="Loss of real income, per cent, from which a state is not afloat"
    )
    draws: int = Field(default=200, ge=50, description="Draws behind a what-if's interval")
    telling: float = Field(
        default=0.5, ge=0, lt=1, description="More than this part of a claim's tests must be able to tell"
    )


class Claim(_Strict):
    """One sentence of a text, as it stands there, and how it is to be tested."""

    id: Annotated[str, Field(pattern=r"^[A-Za-z0-9_-]{1,60}$")]
    quote: Annotated[str, Field(min_length=1, description="the sentence, never rewritten")]
    span: tuple[Annotated[int, Field(ge=0)], Annotated[int, Field(ge=0)]] | None = Field(
        default=None, description="first character and the one after the last, in the text"
    )
    confidence: Annotated[float, Field(ge=0, le=1)] | None = Field(
        default=None, description="of the reader: an order of trust, no probability"
    )
    denied: bool = Field(default=False, description="the sentence says that the tests' claim is not so")
    flags: list[str] = Field(
        default=[], description="what a person should look at: hedges, attributions, guesses"
    )
    note: str = ""
    tests: Annotated[list[Test], Field(min_length=1)]


class Claims(_Strict):
    """A file of claims."""

    schema_version: Annotated[int, Field(ge=1, le=SCHEMA_VERSION)] = SCHEMA_VERSION
    title: str = "Claims"
    text: str = Field(default="", description="the text that they were read from")
    text_sha256: str = ""
    about: str = Field(default="", description="a sentence on where the claims come from")
    thresholds: Thresholds = Thresholds()
    claims: list[Claim]

    @model_validator(mode="after")
    def _ids_differ(self) -> Claims:
        counts = Counter(claim.id for claim in self.claims)
        if repeated := next((each for each, count in counts.items() if count > 1), None):
            raise ValueError(f"two claims have the id {repeated!r}")
        return self
