"""Read claims out of a text: sentences, names, relations; every span is checked against the text.

`text` decodes and splits, `names` finds states and organisations, `rules` recognise what a sentence claims,
`reader` puts them together. `model` asks a language model instead, if one is named: off by default.
"""

from tropism.claims.reading.reader import read_claims
from tropism.claims.reading.text import load_text

__all__ = ["load_text", "read_claims"]
