"""Votes of the UN General Assembly: how alike two states vote, and whom a state sides with."""

from tropism.votes.contested import contested_series, neither_series
from tropism.votes.similarity import VoteSimilarity, similarity_series, vote_similarity

__all__ = ["VoteSimilarity", "contested_series", "neither_series", "similarity_series", "vote_similarity"]
