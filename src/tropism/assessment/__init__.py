"""Ask every line of evidence the same question and say no more than the answers carry."""

from tropism.assessment.assess import assess
from tropism.assessment.evidence import Unscored, evidence_panels, evidence_series
from tropism.assessment.gather import Evidence, gather_evidence
from tropism.assessment.history import asked, remember
from tropism.assessment.result import Assessment, Coverage, EvidenceRow
from tropism.assessment.revisions import Revision, revise

__all__ = [
    "Assessment",
    "Coverage",
    "Evidence",
    "EvidenceRow",
    "Revision",
    "Unscored",
    "asked",
    "assess",
    "evidence_panels",
    "evidence_series",
    "gather_evidence",
    "remember",
    "revise",
]
