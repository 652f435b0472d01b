"""What `check_claims` returns: for every claim the tests that were run, and the verdict they carry."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any, Literal

from tropism.claims.forms import Claim, Claims, Test, Thresholds
from tropism.series import Provenance
from tropism.version import __version__

if TYPE_CHECKING:
    import pandas as pd

Verdict = Literal["supported", "contradicted", "mixed", "cannot tell", "not testable"]
VERDICTS: tuple[Verdict, ...] = ("supported", "contradicted", "mixed", "cannot tell", "not testable")
_OPPOSITE: dict[Verdict, Verdict] = {"supported": "contradicted", "contradicted": "supported"}


@dataclass(frozen=True)
class Finding:
    """What one test found.

    Attributes
    ----------
    verdict : str
        Of the test as it stands, before a denial turns it round.
    figure : str
        The number or fact behind it, in words.
    uncertainty : str
        How sure the figure is, and what it leaves out.
    threshold : str
        What "supported" meant here.
    reverse : str
        What evidence would reverse it.
    command : str
        The command that gives the figure again; empty where there is none.
    provenance : tuple of Provenance
    """

    verdict: Verdict
    figure: str
    uncertainty: str = ""
    threshold: str = ""
    reverse: str = ""
    command: str = ""
    provenance: tuple[Provenance, ...] = ()


@dataclass(frozen=True)
class CheckedClaim:
    """A claim, a finding for each of its tests, and the verdict of them together."""

    claim: Claim
    findings: tuple[Finding, ...]
    verdict: Verdict
    reason: str

    @property
    def pairs(self) -> tuple[tuple[Test, Finding], ...]:
        """Every test with its finding."""
        return tuple(zip(self.claim.tests, self.findings, strict=True))


def together(claim: Claim, findings: Sequence[Finding], thresholds: Thresholds) -> CheckedClaim:
    """The verdict of several tests: those that cannot tell have no vote, but too many of them decide.

    A denial turns supported and contradicted round.
    """
    verdicts = [each.verdict for each in findings]
    telling = [each for each in verdicts if each not in ("cannot tell", "not testable")]
    told = f"{len(telling)} of {len(verdicts)} tests could tell"
    verdict: Verdict
    if all(each == "not testable" for each in verdicts):
        verdict, reason = "not testable", findings[0].figure
    elif len(telling) <= thresholds.telling * len(verdicts):
        verdict, reason = "cannot tell", told if len(verdicts) > 1 else findings[0].figure
    elif len(set(telling)) > 1:
        parts = (f"{telling.count(each)} {each}" for each in VERDICTS if each in telling)
        verdict, reason = "mixed", f"{told}: {', '.join(parts)}"
    else:
        verdict, reason = telling[0], told if len(verdicts) > 1 else ""
    if claim.denied and verdict in _OPPOSITE:
        verdict = _OPPOSITE[verdict]
        reason = "; ".join(filter(None, [reason, "the sentence denies what the test asks"]))
    return CheckedClaim(claim, tuple(findings), verdict, reason)


@dataclass(frozen=True)
class CheckedClaims:
    """Every claim of a file with its verdict.

    Attributes
    ----------
    claims : Claims
        As they were read: sentences, forms, thresholds.
    checked : tuple of CheckedClaim
        In the order of the file.
    version : str
        Of tropism.
    """

    claims: Claims
    checked: tuple[CheckedClaim, ...]
    version: str = __version__

    @property
    def provenance(self) -> tuple[Provenance, ...]:
        """Every source that a finding rests on, once."""
        return tuple(
            dict.fromkeys(
                source for each in self.checked for finding in each.findings for source in finding.provenance
            )
        )

    @property
    def counts(self) -> dict[Verdict, int]:
        """How many claims came out how; verdicts that none has are left out."""
        verdicts = [each.verdict for each in self.checked]
        return {verdict: verdicts.count(verdict) for verdict in VERDICTS if verdict in verdicts}

    def tidy(self) -> pd.DataFrame:
        """One row per test: claim, sentence, form, finding, and the claim's verdict."""
        import pandas as pd

        return pd.DataFrame(
            [
                {
                    "claim": each.claim.id,
                    "quote": each.claim.quote,
                    "denied": each.claim.denied,
                    "form": test.form,
                    "finding": finding.verdict,
                    "figure": finding.figure,
                    "uncertainty": finding.uncertainty,
                    "threshold": finding.threshold,
                    "reverse": finding.reverse,
                    "command": finding.command,
                    "verdict": each.verdict,
                }
                for each in self.checked
                for test, finding in each.pairs
            ]
        )

    def summary(self) -> pd.DataFrame:
        """One row per claim: the sentence and its verdict."""
        import pandas as pd

        rows = [
            {
                "claim": each.claim.id,
                "quote": each.claim.quote,
                "verdict": each.verdict,
                "reason": each.reason,
            }
            for each in self.checked
        ]
        return pd.DataFrame(rows, columns=["claim", "quote", "verdict", "reason"]).set_index("claim")

    def to_dict(self) -> dict[str, Any]:
        """Everything as plain values."""
        return {
            "tropism_version": self.version,
            "title": self.claims.title,
            "text": self.claims.text,
            "text_sha256": self.claims.text_sha256,
            "thresholds": self.claims.thresholds.model_dump(),
            "counts": self.counts,
            "claims": [
                each.claim.model_dump(mode="json", exclude_none=True, exclude={"tests"})
                | {
                    "verdict": each.verdict,
                    "reason": each.reason,
                    "tests": [
                        {
                            "test": test.model_dump(mode="json", exclude_none=True),
                            "finding": asdict(finding),
                        }
                        for test, finding in each.pairs
                    ],
                }
                for each in self.checked
            ],
        }

    def to_json(self) -> str:
        """`to_dict` as JSON text."""
        return json.dumps(self.to_dict(), ensure_ascii=False, indent=1, default=str, allow_nan=False)

    def cite(self) -> str:
        """The data behind the findings, one citation a line, and this software."""
        cited = [source.citation or source.source for source in self.provenance]
        return "\n".join(dict.fromkeys([*cited, f"tropism {self.version}."]))
