"""Tidy tables: what each column means, checks with exact messages, embedded and stored tables.

`load_table` gives the best copy present: the one in the user's store, else the one embedded in the
package. Tables are pandas for users and Arrow between modules.
"""

from tropism.tables.differences import TableDiff, diff_table
from tropism.tables.faults import Finding, check_table
from tropism.tables.library import TableInfo, add_table, list_tables, load_table, read_table
from tropism.tables.store import Vintage

__all__ = [
    "Finding",
    "TableDiff",
    "TableInfo",
    "Vintage",
    "add_table",
    "check_table",
    "diff_table",
    "list_tables",
    "load_table",
    "read_table",
]
