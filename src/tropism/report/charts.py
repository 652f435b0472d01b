"""A chart as a file: picture, page or description, drawn without a network or a browser."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tropism.errors import OutputError
from tropism.house_style import CONFIG
from tropism.tables.store import writing

if TYPE_CHECKING:
    import altair

#: Pixels of a picture for each of the chart: sharp when printed.
SCALE = 2


def write_chart(chart: altair.TopLevelMixin, path: str | os.PathLike[str]) -> Path:
    """Write a chart to a file; the ending of its name says as what.

    Parameters
    ----------
    chart : altair chart
        For instance ``IdealPoints.plot()``.
    path : path
        ``.png`` or ``.svg`` for a picture, ``.html`` for a page that needs no network, ``.json`` for the
        Vega-Lite description with its data.

    Returns
    -------
    Path

    Raises
    ------
    OutputError
        If the name has another ending, or the file cannot be written; nothing is left half-written.

    Examples
    --------
    >>> from tropism import write_chart
    >>> write_chart(fit.plot(["PAK", "RUS"]), "paths.png").name  # doctest: +SKIP
    'paths.png'
    """
    path = Path(path)
    draw = drawer(path)
    with writing(path) as scratch:
        scratch.write_bytes(draw(chart))
    return path


def drawer(path: Path) -> Callable[[altair.TopLevelMixin], bytes]:
    """What turns a chart into the content of such a file: known before there is a chart.

    Raises
    ------
    OutputError
        If the name has another ending.
    """
    known = {".png": _png, ".svg": _svg, ".html": _html, ".json": _json}
    try:
        return known[path.suffix.lower()]
    except KeyError:
        raise OutputError(
            f"output: {path} ends in none of {', '.join(known)}. Give the chart's file one of these endings."
        ) from None


def _png(chart: altair.TopLevelMixin) -> bytes:
    import vl_convert

    return vl_convert.vegalite_to_png(
        _specification(chart), vl_version=_version(), scale=SCALE, allowed_base_urls=[]
    )


def _svg(chart: altair.TopLevelMixin) -> bytes:
    import vl_convert

    text: str = vl_convert.vegalite_to_svg(_specification(chart), vl_version=_version(), allowed_base_urls=[])
    return text.encode()


def _html(chart: altair.TopLevelMixin) -> bytes:
    # The menu keeps what works offline; "open in the editor" would send the data to a website.
    actions = {"export": True, "source": False, "compiled": False, "editor": False}
    text: str = chart.to_html(inline=True, embed_options={"actions": actions})
    return text.encode()


def _json(chart: altair.TopLevelMixin) -> bytes:
    return (chart.to_json() + "\n").encode()


def _specification(chart: altair.TopLevelMixin) -> dict[str, Any]:
    """A chart in the house style, where it has none of its own."""
    specification = chart.to_dict()
    own = specification.get("config", {})
    return specification | {"config": CONFIG | own | {"view": own.get("view", {}) | CONFIG["view"]}}


def _version() -> str:
    """The version of Vega-Lite that charts are written in, as the converter names it."""
    import altair

    return altair.SCHEMA_VERSION.rpartition(".")[0].removeprefix("v")
