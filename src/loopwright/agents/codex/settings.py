"""What Codex is told before it starts: `config.toml`, its catalog of models, and the environment."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from loopwright.agents.homes import write_file
from loopwright.agents.launching import Place

__all__ = ["APPROVAL", "ENVIRONMENT", "FOLDER", "catalog_for", "write_settings"]

FOLDER = ".codex"

APPROVAL = "on-request"
"""Where nobody may be asked ("never"), Codex refuses commands that it finds dangerous, every `rm -f` among them,
whatever its sandbox is. So it asks, and `asked.py` says yes."""

# The gateway holds the key. Codex insists on one, so it gets a word that opens nothing.
_KEY_VARIABLE = "LOOPWRIGHT_KEY"
ENVIRONMENT = {_KEY_VARIABLE: "none", "RUST_LOG": "off"}

# Of the models that Codex knows, those of one generation take their tools one by one and as they are named, with
# `apply_patch` among them; newer ones take a single tool that runs code. What is asked of a model by its entry is
# chosen, not what the model is.
_CLASSIC = "gpt-5.5"
_OWN_FIELDS = (
    "context_window",
    "max_context_window",
    "effective_context_window_percent",
    "supported_reasoning_levels",
    "default_reasoning_level",
    "input_modalities",
)
_MOST_SECONDS_OF_TOOL = 24 * 3600


def write_settings(home: Path, place: Place, model: str, catalog: dict[str, Any] | None) -> None:
    """Write `config.toml`, and the catalog where there is one, into Codex's folder in the agent's home.

    Raises:
        OSError: The disk is full or not writable, or the agent put a link in the way.
    """
    if catalog is not None:
        write_file(home, f"{FOLDER}/catalog.json", json.dumps(catalog).encode())
    config = config_text(place, model, with_catalog=catalog is not None)
    write_file(home, f"{FOLDER}/config.toml", config.encode())


def config_text(place: Place, model: str, *, with_catalog: bool) -> str:
    """The settings as TOML. What stands here cannot be changed by the workspace: it is the user's level."""
    catalog = f"model_catalog_json = {_text(place.home + '/.codex/catalog.json')}\n" if with_catalog else ""
    return f"""\
model = {_text(model)}
model_provider = "loopwright"
{catalog}approval_policy = "{APPROVAL}"
sandbox_mode = "danger-full-access"
check_for_update_on_startup = false
web_search = "disabled"

[analytics]
enabled = false

[feedback]
enabled = false

[features]
plugins = false
apps = false
remote_plugin = false
unbounded_connection_retries = false
enable_request_compression = false
image_generation = false

[projects.{_text(place.workspace)}]
trust_level = "trusted"

[model_providers.loopwright]
name = "loopwright"
base_url = {_text(place.gateway + "/v1")}
wire_api = "responses"
env_key = "{_KEY_VARIABLE}"
request_max_retries = 1
stream_max_retries = 2
stream_idle_timeout_ms = 3600000

[mcp_servers.loopwright]
url = {_text(place.gateway + "/mcp")}
required = true
default_tools_approval_mode = "approve"
startup_timeout_sec = 60
tool_timeout_sec = {_MOST_SECONDS_OF_TOOL}
"""


def _text(value: str) -> str:
    """A TOML string; JSON's escapes are TOML's."""
    return json.dumps(value)


def catalog_for(model: str, known: Any) -> dict[str, Any] | None:
    """A catalog with one entry for `model`, made of what `codex debug models` prints; None where that is of no use.

    The windows and reasoning levels are the model's own where Codex knows it, the tools are the classic ones.
    """
    entries = known.get("models") if isinstance(known, dict) else None
    by_name = {entry["slug"]: entry for entry in entries or () if isinstance(entry, dict) and "slug" in entry}
    classic = by_name.get(_CLASSIC)
    if classic is None:
        return None
    own = by_name.get(model, {})
    entry = {**classic, **{field: own[field] for field in _OWN_FIELDS if field in own}}
    entry |= {"slug": model, "display_name": model, "upgrade": None, "availability_nux": None}
    entry["supports_search_tool"] = False  # with it, MCP tools are hidden until the model searches for them
    entry["multi_agent_version"] = "v1"
    return {"models": [entry]}
