"""The learning doctor: what ails a network or a training, each finding with its number and advice.

Every threshold stands beside the measurements that it was chosen by, in healthy trainings and ill ones.
"""

from glassnet.explanation.doctor.diagnosis import diagnose, diagnose_records
from glassnet.explanation.doctor.findings import ILLNESSES, Diagnosis, Finding

__all__ = ["ILLNESSES", "Diagnosis", "Finding", "diagnose", "diagnose_records"]
