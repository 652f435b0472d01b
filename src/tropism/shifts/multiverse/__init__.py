"""One question asked in every defensible way: specifications, their curve, and one joint test."""

from tropism.shifts.multiverse.axes import AXES, Axis
from tropism.shifts.multiverse.result import JointTest, Multiverse
from tropism.shifts.multiverse.run import multiverse

__all__ = ["AXES", "Axis", "JointTest", "Multiverse", "multiverse"]
