"""The version, in a module of its own so that results can carry it without importing the package."""

__version__ = "0.1.0"
