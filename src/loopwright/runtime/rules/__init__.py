"""What a profile forbids: rules on the order of calls, and permissions of shell commands and files."""

from loopwright.runtime.rules.permissions import Permission, judge_shell, judge_writes
from loopwright.runtime.rules.sequence import RULES, History, Intent, judge_sequence
from loopwright.runtime.rules.verdicts import ALLOWED, Verdict, deny

__all__ = [
    "ALLOWED",
    "RULES",
    "History",
    "Intent",
    "Permission",
    "Verdict",
    "deny",
    "judge_sequence",
    "judge_shell",
    "judge_writes",
]
