"""Which calls of a reply run side by side: a pure function from calls and what they claim to segments."""

from loopwright.runtime.schedule.claims import EVERYTHING, Claim, claims_of, clash
from loopwright.runtime.schedule.planning import Group, Planned, Policy, Refusal, Schedule, plan

__all__ = [
    "EVERYTHING",
    "Claim",
    "Group",
    "Planned",
    "Policy",
    "Refusal",
    "Schedule",
    "claims_of",
    "clash",
    "plan",
]
