"""Votes of the UN General Assembly: how alike two states vote, whom a state sides with, where it
stands."""

from tropism.votes.contested import contested_series, neither_series
from tropism.votes.counts import joint_counts
from tropism.votes.ideal_points import IdealPoints, estimate_ideal_points, estimate_vintages
from tropism.votes.similarity import (
    SimilarityPanel,
    VoteSimilarity,
    similarity_panel,
    similarity_series,
    vote_similarity,
)
from tropism.votes.title_bridges import bridges_by_title
from tropism.votes.vote_sets import VoteSet, bsv_votes, list_vote_sets, select_rollcalls

__all__ = [
    "IdealPoints",
    "SimilarityPanel",
    "VoteSet",
    "VoteSimilarity",
    "bridges_by_title",
    "bsv_votes",
    "contested_series",
    "estimate_ideal_points",
    "estimate_vintages",
    "joint_counts",
    "list_vote_sets",
    "neither_series",
    "select_rollcalls",
    "similarity_panel",
    "similarity_series",
    "vote_similarity",
]
