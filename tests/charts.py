"""What a chart shows: the rows behind a part of it, wherever Altair wrote them."""


def rows_of(chart, view):
    """Rows of a view without layers, or of the layers of a view, in the description `chart`."""
    if "layer" in view and "data" not in view:
        return [row for layer in view["layer"] for row in rows_of(chart, layer)]
    data = view["data"]
    return chart["datasets"][data["name"]] if "name" in data else data["values"]
