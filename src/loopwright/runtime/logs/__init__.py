"""The run folder: what was sent, received and run under a profile, derived from the journal for people to read."""

from loopwright.runtime.logs.folder import RunFolder, folder_name, keep_newest

__all__ = ["RunFolder", "folder_name", "keep_newest"]
