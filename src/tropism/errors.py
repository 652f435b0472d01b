"""Every error the package raises on purpose: what was wrong, where, and what to do.

Each class derives from :class:`TropismError` and from the nearest built-in, and carries the exit code
that the command line returns for it.
"""

from __future__ import annotations


class TropismError(Exception):
    """Base of all errors raised on purpose. ``exit_code`` is what the command line returns."""

    exit_code = 2


class UnknownStateError(TropismError, LookupError):
    """A name or code that is no state, or more than one."""


class TriadError(TropismError, ValueError):
    """Three states that do not make a triad: repeated, or not in existence in the window."""


class WindowError(TropismError, ValueError):
    """A before/after window that is empty, reversed, overlapping or outside the data."""


class SchemaError(TropismError, ValueError):
    """A table that does not fit its description; names the table, the column and the row."""


class SeriesError(TropismError, ValueError):
    """A panel of paths whose shape, labels or draws do not fit together."""


class IdentificationError(TropismError, ValueError):
    """Data from which an estimate cannot be told: unanimous, disconnected, or absorbed."""


class ConvergenceError(TropismError, RuntimeError):
    """Iterations that ended before they had settled: the answer exists, perhaps, but was not found."""


class MissingExtraError(TropismError, ImportError):
    """An optional part of the package is not installed; says how to install it."""

    exit_code = 3


class OutputError(TropismError, OSError):
    """A file that cannot be written. Nothing is left half-written."""


class StoreError(TropismError, OSError):
    """The user's store of tables cannot be read or written."""


class DownloadError(TropismError, OSError):
    """A download that failed, or brought something else than the dataset."""


class DataNotPresentError(TropismError, LookupError):
    """A table that is neither embedded nor in the store; says how to get it."""

    exit_code = 3


class DamagedDataError(TropismError, OSError):
    """An embedded or stored file whose content is not what was written."""

    exit_code = 2
