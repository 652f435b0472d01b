"""From a text to tested claims: sentences in a typed form, and what the data say of each.

`forms` is the vocabulary, `document` the YAML file, `checking` runs the verb that each form stands for,
`result` holds what came out. `reading` proposes forms for the sentences of a text; a person edits them.
"""

from tropism.errors import MissingExtraError

try:
    import pydantic as _pydantic  # noqa: F401
    import yaml as _yaml  # noqa: F401
except ImportError as missing:
    raise MissingExtraError(
        f"claims: {missing.name} is not installed. It comes with the extra `claims`: "
        "pip install 'tropism[claims]'"
    ) from None

from tropism.claims.checking import check_claims
from tropism.claims.document import claims_schema, load_claims
from tropism.claims.forms import Claims
from tropism.claims.reading import read_claims
from tropism.claims.result import CheckedClaims

__all__ = ["CheckedClaims", "Claims", "check_claims", "claims_schema", "load_claims", "read_claims"]
