"""Ask every line of evidence the same question and say no more than the answers carry."""

from tropism.assessment.assess import assess
from tropism.assessment.result import Assessment, Coverage, EvidenceRow

__all__ = ["Assessment", "Coverage", "EvidenceRow", "assess"]
