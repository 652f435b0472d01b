"""The questions: an agreement, sanctions by a coalition, an end of purchases."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

from tropism.errors import SchemaError, TriadError
from tropism.tables import read_table
from tropism.trade.effects import AGREEMENT, SANCTION, Sigma, find_effect
from tropism.trade.flows import TradeMatrix
from tropism.trade.what_if.plan import Flows, Plan
from tropism.trade.what_if.result import WhatIf

#: Scopes of sanctions that trade in goods feels.
ON_TRADE = {"trade", "energy", "technology"}


def what_if_agreement(
    one: str,
    other: str,
    *,
    effect: str | tuple[float, float] = "own",
    sigma: Sigma | None = None,
    draws: int = 1000,
    seed: int = 0,
    level: float = 0.9,
    day: date | None = None,
    baseline: TradeMatrix | None = None,
    progress: bool = False,
) -> WhatIf:
    """What would a trade agreement between two states, or a state and an organisation, do?

    Parameters
    ----------
    one, other : str
        A state, or an organisation whose members all take part on that side (``"EAEU"``). Trade within a
        side is left as it is.
    effect : str or (float, float)
        Name of an estimate as in `list_effects`, or your own estimate and standard error in log points.
        ``"own"`` is ours, from the panel of Yotov et al. (2016).
    sigma : float or (float, float), optional
        Elasticity of substitution, or a range from which it is drawn uniformly. Unless given, the range
        between the weakest and the strongest published long-run elasticity.
    draws : int
        Of effect and sigma. One draw takes the estimate itself and the middle of the range.
    seed : int
    level : float
        Of the intervals.
    day : date, optional
        For members of organisations; the end of the baseline's year unless given.
    baseline : TradeMatrix, optional
        Trade before, labels ISO3; the ICIO flows of 2022 unless given.
    progress : bool

    Returns
    -------
    WhatIf

    Raises
    ------
    UnknownStateError
        If a name is neither a state nor an organisation.
    TriadError
        If a side has no state in the baseline, or a state is on both sides.
    SchemaError
        If the effect, sigma, draws or level make no sense.
    IdentificationError
        If the two sides do not trade in the baseline.
    MissingExtraError
        If numba is not installed.

    Notes
    -----
    The effect is the average of past agreements on trade in manufactures; what this one would cover is not
    in the data. It is put on all flows between the two sides, both ways.

    References
    ----------
    Yotov, Piermartini, Monteiro and Larch (2016), An Advanced Guide to Trade Policy Analysis, chapter 2.

    Examples
    --------
    >>> found = what_if_agreement("PAK", "RUS", draws=1)
    >>> float(found.equilibria["fixed_ratio"].flow_change("RUS", "PAK").round()[0])
    73.0
    """
    chosen = find_effect(effect, AGREEMENT)
    plan = Plan(baseline, sigma, draws, seed, level, day, progress)
    a, b = plan.side(one), plan.side(other)
    _refuse_overlap(a, b)
    pairs = [(i, j) for i in a for j in b] + [(j, i) for i in a for j in b]
    rest = plan.others(a, b)
    first, second = _short(one, a, plan), _short(other, b, plan)
    flows: Flows = [
        (f"{first} → {second}", a, b),
        (f"{second} → {first}", b, a),
        (f"{first} → others", a, rest),
        (f"others → {first}", rest, a),
        (f"{second} → others", b, rest),
        (f"others → {second}", rest, b),
    ]
    return plan.answer(
        question=f"What would a trade agreement of {first} and {second} do?",
        focus=[*a, *b],
        pairs=pairs,
        flows=flows,
        effect=chosen,
        share=1.0,
        settings={"scenario": "agreement", "sides": [plan.names(a), plan.names(b)]},
        notes=(
            "The effect is the average over past agreements, mostly on manufactures. What a new one would "
            "cover is not in the data.",
        ),
    )


def what_if_sanctions(
    on: str,
    by: str | Sequence[str],
    *,
    exempt: str | Sequence[str] = (),
    observance: float = 1.0,
    effect: str | tuple[float, float] = "ohchr_record_4655_from_russia",
    sigma: Sigma | None = None,
    draws: int = 1000,
    seed: int = 0,
    level: float = 0.9,
    day: date | None = None,
    baseline: TradeMatrix | None = None,
    progress: bool = False,
) -> WhatIf:
    """What would sanctions by a coalition do to the target, to those who join and to those who do not?

    Parameters
    ----------
    on : str
        The target.
    by : sequence of str
        States and organisations that join; organisations stand for their members on ``day``.
    exempt : sequence of str
        States that do not join, though an organisation of theirs does, or that the answer should show one
        by one: their own costs of trade do not change.
    observance : float
        Share of the trade concerned, from 0 to 1, that keeps to the sanctions; the rest goes on as before.
    effect : str or (float, float)
        As for `what_if_agreement`. Applied to sales and to purchases of those who join.
    sigma, draws, seed, level, day, baseline, progress
        As for `what_if_agreement`.

    Returns
    -------
    WhatIf

    Raises
    ------
    UnknownStateError, TriadError, SchemaError, IdentificationError, MissingExtraError
        As `what_if_agreement`.

    Notes
    -----
    The cost factor of a flow becomes ``1 - observance + observance * exp(beta)`` times what it was. What
    then goes to non-joiners is diversion: it follows from prices, with no change in their policy. Goods are
    varieties by country here, which understates diversion for what is the same from every country, oil
    above all.

    References
    ----------
    Chowdhry, Hinz, Kamin and Wanner (2024), Brothers in Arms, Economic Policy 39(118).

    Examples
    --------
    >>> found = what_if_sanctions("RUS", ["EU", "USA", "GBR", "JPN"], exempt=["IND", "CHN"], draws=1)
    >>> bool(found.equilibria["fixed_ratio"].flow_change("RUS", "IND")[0] > 0)
    True
    """
    chosen = find_effect(effect, SANCTION)
    if not 0 < observance <= 1:
        raise SchemaError(
            f"observance is {observance}; it is the share of trade that keeps to the sanctions: above 0, at "
            "most 1."
        )
    plan = Plan(baseline, sigma, draws, seed, level, day, progress)
    by, exempt = _listed(by), _listed(exempt)
    t = plan.state(on)
    target, name = [t], plan.names([t])[0]
    outside = plan.side(*exempt) if exempt else []
    joined = [i for i in plan.side(*by) if i not in outside]
    if not joined:
        raise TriadError(f"sanctions: nobody is left to join: {', '.join(by)} are all exempt.")
    _refuse_overlap(target, joined)
    rest = plan.others(target, joined)
    flows: Flows = [
        (f"{name} → coalition", target, joined),
        (f"coalition → {name}", joined, target),
        (f"{name} → others", target, rest),
        (f"others → {name}", rest, target),
        (f"{name} at home", target, target),
    ]
    for i in outside:
        other = plan.names([i])[0]
        flows += [(f"{name} → {other}", target, [i]), (f"{other} → {name}", [i], target)]
    coalition_words = ", ".join(by) + (f", without {', '.join(exempt)}" if exempt else "")
    return plan.answer(
        question=f"What would sanctions on {name} by {coalition_words} do?",
        focus=[t, *outside],
        pairs=[pair for i in joined for pair in ((t, i), (i, t))],
        flows=flows,
        effect=chosen,
        share=observance,
        settings={
            "scenario": "sanctions",
            "on": name,
            "by": plan.names(joined),
            "exempt": plan.names(outside),
            "observance": observance,
        },
        notes=(
            f"Coalition: {', '.join(plan.names(joined))}. The effect is put on what they buy from {name} and "
            "on what they sell to it alike.",
            "Trade with others changes by prices alone, with no change in their policy: diversion. It is "
            "understated for goods that are the same from every country, oil above all.",
            *_already(plan.matrix.year, name),
        ),
    )


def what_if_halt(
    seller: str,
    buyers: str | Sequence[str],
    *,
    sigma: Sigma | None = None,
    draws: int = 1000,
    seed: int = 0,
    level: float = 0.9,
    day: date | None = None,
    baseline: TradeMatrix | None = None,
    progress: bool = False,
) -> WhatIf:
    """What would a seller lose if some buyers stopped buying from it altogether?

    Parameters
    ----------
    seller : str
    buyers : sequence of str
        States or organisations.
    sigma, draws, seed, level, day, baseline, progress
        As for `what_if_agreement`. Only sigma is drawn.

    Returns
    -------
    WhatIf
        ``settings`` holds what is at stake before anybody adjusts: the buyers' purchases as a share of the
        seller's exports and of its output.

    Raises
    ------
    UnknownStateError, TriadError, SchemaError, IdentificationError, MissingExtraError
        As `what_if_agreement`.

    Notes
    -----
    Costs that forbid a trade multiply the cost factor by zero. What the seller loses is less than what it
    sold to them, as the rest of the world and its own economy buy at lower prices.

    Examples
    --------
    >>> found = what_if_halt("RUS", ["PAK", "IND"], draws=1)
    >>> float(found.equilibria["fixed_ratio"].flow_change("RUS", "IND")[0])
    -100.0
    """
    plan = Plan(baseline, sigma, draws, seed, level, day, progress)
    buyers = _listed(buyers)
    s, stopped = plan.state(seller), plan.side(*buyers)
    source, name = [s], plan.names([s])[0]
    _refuse_overlap(source, stopped)
    trade = plan.matrix.values
    at_stake = float(trade[s, stopped].sum())
    abroad = float(plan.matrix.output[s] - trade[s, s])
    return plan.answer(
        question=f"What would {name} lose if {', '.join(buyers)} stopped buying from it?",
        focus=[s, *stopped],
        pairs=[(s, j) for j in stopped],
        flows=[
            (f"{name} → those who stop", source, stopped),
            (f"{name} → others", source, plan.others(source, stopped)),
            (f"{name} at home", source, source),
            (f"all → {name}", plan.others(source), source),
        ],
        effect=None,
        share=1.0,
        settings={
            "scenario": "halt",
            "seller": name,
            "buyers": plan.names(stopped),
            "at_stake_million_usd": at_stake,
            "at_stake_share_of_exports": at_stake / abroad,
            "at_stake_share_of_output": at_stake / float(plan.matrix.output[s]),
        },
        notes=(
            f"Before anybody adjusts, {at_stake:,.0f} million US dollars are at stake: "
            f"{at_stake / abroad:.1%} of what {name} sells abroad, "
            f"{at_stake / float(plan.matrix.output[s]):.2%} of all it sells.",
            "Losses are understated where pipelines, ports or contracts keep goods from going elsewhere.",
        ),
    )


# ------------------------------------------------------------------------------------------ inside


def _short(name: str, side: list[int], plan: Plan) -> str:
    """The state's code, or the organisation's name."""
    return plan.names(side)[0] if len(side) == 1 else name.upper()


def _listed(names: str | Sequence[str]) -> tuple[str, ...]:
    """Several names, or the one that stands for itself."""
    return (names,) if isinstance(names, str) else tuple(names)


def _refuse_overlap(one: list[int], other: list[int]) -> None:
    if set(one) & set(other):
        raise TriadError("what-if: a state stands on both sides. Name two sides without a state in common.")


def _already(year: int, target: str) -> tuple[str, ...]:
    """A warning where the baseline has sanctions on trade with the target in it."""
    rows = [
        row
        for row in read_table("sanctions").to_pylist()
        if row["target"] == target and row["start_date"].year <= year
    ]
    lifted = {(row["regime"], row["sender"]) for row in rows if row["status"] == "lifted"}
    in_force = (
        row["status"] == "imposed"
        and (row["end_date"] is None or row["end_date"].year >= year)
        and (row["regime"], row["sender"]) not in lifted
        and not ON_TRADE.isdisjoint(row["scope"].split(";"))
        for row in rows
    )
    if not any(in_force):
        return ()
    return (
        f"Trade of {year} already has sanctions on {target} in it: the answer is about more of them, on top.",
    )
