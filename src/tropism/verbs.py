"""One table of what the package can do: each Python verb, its command and its result type."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Verb:
    """A capability: ``tropism.<name>`` in Python, ``tropism <command>`` in a shell."""

    name: str
    module: str
    command: str
    result: str


VERBS = (
    Verb("assess", "tropism.assessment", "assess", "tropism.assessment.Assessment"),
    Verb("gather_evidence", "tropism.assessment", "explain", "tropism.assessment.Evidence"),
    Verb("explain", "tropism.explanations", "explain", "tropism.explanations.Explanations"),
    Verb("backtest", "tropism.backtesting", "backtest", "tropism.backtesting.Backtest"),
    Verb("write_ledger", "tropism.backtesting", "ledger write", "tropism.backtesting.Ledger"),
    Verb("score_ledger", "tropism.backtesting", "ledger score", "pandas.DataFrame"),
    Verb("write_report", "tropism.report", "assess --html", "pathlib.Path"),
    Verb("read_claims", "tropism.claims", "claims read", "tropism.claims.Claims"),
    Verb("check_claims", "tropism.claims", "claims check", "tropism.claims.CheckedClaims"),
    Verb("claims_schema", "tropism.claims", "claims schema", "dict"),
    Verb("scan", "tropism.shifts", "scan", "tropism.shifts.Scan"),
    Verb(
        "multiverse",
        "tropism.shifts.multiverse",
        "shift --multiverse",
        "tropism.shifts.multiverse.Multiverse",
    ),
    Verb("vote_similarity", "tropism.votes", "votes similarity", "tropism.votes.VoteSimilarity"),
    Verb("estimate_ideal_points", "tropism.votes", "votes fit", "tropism.votes.IdealPoints"),
    Verb("select_rollcalls", "tropism.votes", "votes fit --set", "pandas.DataFrame"),
    Verb("list_vote_sets", "tropism.votes", "votes sets", "list"),
    Verb("write_chart", "tropism.report", "votes plot --out", "pathlib.Path"),
    Verb("trade_gap", "tropism.trade", "trade gap", "tropism.trade.TradeGap"),
    Verb("dependence", "tropism.trade", "trade depend", "tropism.trade.Dependence"),
    Verb("mirror", "tropism.trade", "trade mirror", "tropism.trade.Mirror"),
    Verb("estimate_gravity", "tropism.trade", "trade gravity", "tropism.trade.GravityFit"),
    Verb("diversion", "tropism.trade", "trade diversion", "tropism.trade.Diversion"),
    Verb("what_if_agreement", "tropism.trade", "what-if agreement", "tropism.trade.WhatIf"),
    Verb("what_if_sanctions", "tropism.trade", "what-if sanctions", "tropism.trade.WhatIf"),
    Verb("what_if_halt", "tropism.trade", "what-if halt", "tropism.trade.WhatIf"),
    Verb("solve_counterfactual", "tropism.trade", "what-if shock", "tropism.trade.Counterfactual"),
    Verb("list_effects", "tropism.trade", "what-if effects", "pandas.DataFrame"),
    Verb("find_state", "tropism.states", "state", "tropism.states.State"),
    Verb("list_tables", "tropism.tables", "data list", "list"),
    Verb("load_table", "tropism.tables", "data show", "pandas.DataFrame"),
    Verb("add_table", "tropism.tables", "data add", "tropism.tables.Vintage"),
    Verb("check_table", "tropism.tables", "data check", "list"),
    Verb("diff_table", "tropism.tables", "data diff", "tropism.tables.TableDiff"),
    Verb("fetch_table", "tropism.sources", "data fetch", "list"),
)
