"""The loop of our own agent: a profile, a conversation, and everything between a reply and the next request."""

from loopwright.runtime.agent.harness import Harness, check_profile
from loopwright.runtime.agent.runtime import Runtime

__all__ = ["Harness", "Runtime", "check_profile"]
