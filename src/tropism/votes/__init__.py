"""Votes of the UN General Assembly: how alike two states vote, whom a state sides with, where it
stands."""

from tropism.votes.contested import contested_series, neither_series
from tropism.votes.ideal_points import IdealPoints, estimate_ideal_points
from tropism.votes.similarity import VoteSimilarity, similarity_series, vote_similarity

__all__ = [
    "IdealPoints",
    "VoteSimilarity",
    "contested_series",
    "estimate_ideal_points",
    "neither_series",
    "similarity_series",
    "vote_similarity",
]
