"""How the documentation is built: ``make docs``. Warnings are errors, and nothing is fetched."""

import sys
from pathlib import Path

import tropism

sys.path.insert(0, str(Path(__file__).parent))

project = "tropism"
author = "The tropism developers"
copyright = f"2026, {author}"
release = version = tropism.__version__

extensions = [
    "myst_parser",
    "sphinx.ext.autodoc",
    "sphinx.ext.napoleon",
    "sphinx_click",
    "generated",
]
exclude_patterns = ["_build"]
myst_enable_extensions = ["attrs_inline", "colon_fence", "deflist"]
myst_heading_anchors = 3

autodoc_default_options = {"members": True, "member-order": "bysource"}
autodoc_typehints_format = "short"
autodoc_class_signature = "separated"
autodoc_preserve_defaults = True
napoleon_google_docstring = False
napoleon_use_rtype = False
# As fields of the class: as targets of their own, `year` or `state` of many results would be ambiguous.
napoleon_use_ivar = True

html_theme = "furo"
html_title = "tropism"
html_show_sphinx = False
html_copy_source = False
