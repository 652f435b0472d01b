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
    Verb("write_report", "tropism.report", "assess --html", "pathlib.Path"),
    Verb("vote_similarity", "tropism.votes", "votes similarity", "tropism.votes.VoteSimilarity"),
    Verb("estimate_ideal_points", "tropism.votes", "votes fit", "tropism.votes.IdealPoints"),
    Verb("select_rollcalls", "tropism.votes", "votes fit --set", "pandas.DataFrame"),
    Verb("list_vote_sets", "tropism.votes", "votes sets", "list"),
    Verb("write_chart", "tropism.report", "votes plot --out", "pathlib.Path"),
    Verb("find_state", "tropism.states", "state", "tropism.states.State"),
    Verb("list_tables", "tropism.tables", "data list", "list"),
    Verb("load_table", "tropism.tables", "data show", "pandas.DataFrame"),
    Verb("add_table", "tropism.tables", "data add", "tropism.tables.Vintage"),
    Verb("fetch_table", "tropism.sources", "data fetch", "list"),
)
