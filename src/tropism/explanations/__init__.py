"""Rival explanations of a change, scored by likelihood against placebos.

The evidence of a block is where a state's changes b and c (toward B, toward C) lie among those of all other
states; each class of explanation says where they would lie, as learned from documented cases.
"""

from tropism.explanations.changes import Fact, PoleChanges
from tropism.explanations.explain import explain
from tropism.explanations.result import Explanations

__all__ = ["Explanations", "Fact", "PoleChanges", "explain"]
