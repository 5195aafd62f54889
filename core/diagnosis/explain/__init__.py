"""What a refusal, a silence or a lost line means in the step where it happened, how the unit is left, what to do."""

from core.diagnosis.explain.offline import explained
from core.diagnosis.explain.steps import STEPS, step_of
from core.diagnosis.explain.words import explain, explain_ending, explain_in_place, reason_of

__all__ = ["STEPS", "explain", "explain_ending", "explain_in_place", "explained", "reason_of", "step_of"]
