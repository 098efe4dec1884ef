"""Any agent that speaks ACP, the Agent Client Protocol, over its standard input and output."""

from loopwright.agents.acp.agent import AcpAgent

__all__ = ["AcpAgent"]
