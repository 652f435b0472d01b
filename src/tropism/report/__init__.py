"""Words and pictures of a result: terminal table, JSON, one self-contained HTML page, charts as files.

Everything shown is in the result; nothing is computed here.
"""

from tropism.report.charts import write_chart
from tropism.report.html import write_report

__all__ = ["write_chart", "write_report"]
