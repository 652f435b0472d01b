"""Words and pictures of an assessment: terminal table, JSON, one self-contained HTML page.

Everything shown is in the `Assessment`; nothing is computed here.
"""

from tropism.report.html import write_report

__all__ = ["write_report"]
