"""Draw the figures of the README: ``python scripts/draw_figures.py``."""

from __future__ import annotations

from pathlib import Path

import altair as alt
import vl_convert

from tropism import assess
from tropism.assessment.charts import CONFIG, cloud_chart, path_chart

FOLDER = Path(__file__).parents[1] / "docs" / "figures"


def main() -> None:
    """Pakistan on the roll calls that divide Russia and the United States."""
    answer = assess("PAK", toward="RUS", away_from="USA")
    row = next(row for row in answer.rows if row.name == "contested_votes")
    left, right = path_chart(row, answer), cloud_chart(row, answer)
    assert left is not None and right is not None
    chart = alt.hconcat(
        left.properties(title="Share of contested roll calls with either pole"),
        right.properties(title="Change of the gap, all states"),
        spacing=40,
    )
    svg = vl_convert.vegalite_to_svg(chart.to_dict() | {"config": CONFIG | {"background": "white"}})
    FOLDER.mkdir(exist_ok=True)
    (FOLDER / "pakistan.svg").write_text(svg, encoding="utf-8", newline="\n")


if __name__ == "__main__":
    main()
