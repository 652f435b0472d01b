"""One scale for all fits of General Assembly votes: the positions over which each draw is standardised.

A dimension has neither a zero nor a unit of its own. Each draw of a fit is set to mean 0 and sd 1 over these
positions, the same for every vote set, so that fits to different roll calls can be laid side by side: 1 is
the spread of 118 states in the 26 years after the Cold War.

The states are those that voted, in every session from 47 to 72 (1992-2017), on a divided roll call of each of
ten vote sets: all, no-nuclear, important, contested and the six issues. In those sessions all ten have roll
calls (important ends at 72), and Russia and Germany have one code throughout. So no set lacks one of the
3,068 positions. Of the 154 states that voted in all these sessions, 36 missed an issue in one of them: with
all 154 each set would lack up to 2% of the positions, and each other ones.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import pandas as pd

#: First and last session of the reference positions: 1992 to 2017.
REFERENCE_SESSIONS = (47, 72)

REFERENCE_STATES = (
    "ALB", "ARE", "ARG", "AUS", "AUT", "BEL", "BFA", "BGD", "BGR", "BHR", "BHS", "BLR", "BOL", "BRA",
    "BRN", "BTN", "CAN", "CHL", "CHN", "CIV", "CMR", "COL", "CRI", "CUB", "CYP", "DEU", "DJI", "DNK",
    "DZA", "ECU", "EGY", "ESP", "EST", "ETH", "FIN", "FJI", "FRA", "GBR", "GHA", "GTM", "GUY", "HND",
    "HRV", "HUN", "IDN", "IND", "IRL", "IRN", "ISL", "ISR", "ITA", "JAM", "JOR", "JPN", "KAZ", "KEN",
    "KOR", "KWT", "LAO", "LBN", "LBY", "LIE", "LKA", "LTU", "LUX", "LVA", "MAR", "MDA", "MDV", "MEX",
    "MLI", "MLT", "MNG", "MOZ", "MUS", "MYS", "NAM", "NGA", "NIC", "NLD", "NOR", "NPL", "NZL", "OMN",
    "PAK", "PAN", "PER", "PHL", "PNG", "POL", "PRK", "PRT", "PRY", "QAT", "ROU", "RUS", "SAU", "SDN",
    "SEN", "SGP", "SLB", "SVN", "SWE", "SYR", "TGO", "THA", "TTO", "TUN", "TUR", "TZA", "UKR", "URY",
    "USA", "VEN", "VNM", "WSM", "YEM", "ZMB",
)  # fmt: skip


def reference_positions() -> pd.DataFrame:
    """The reference positions, for the option ``reference`` of `estimate_ideal_points`.

    Returns
    -------
    DataFrame
        ``unit`` (ISO3) and ``session``: 118 states in each of the sessions 47 to 72.

    Examples
    --------
    >>> len(reference_positions())
    3068
    """
    import pandas as pd

    first, last = REFERENCE_SESSIONS
    keys = pd.MultiIndex.from_product([REFERENCE_STATES, range(first, last + 1)], names=["unit", "session"])
    return keys.to_frame(index=False)
