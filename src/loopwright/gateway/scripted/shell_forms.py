"""Writing and editing files with nothing but a POSIX shell, whatever the text is."""

from __future__ import annotations

from shlex import quote

from loopwright.gateway.scripted.patches import FilePatch

__all__ = [
    "delete_command",
    "delete_patch",
    "edit_command",
    "patch_command",
    "patch_text",
    "update_command",
    "write_command",
]


def write_command(path: str, text: str) -> str:
    """A command that makes `path` hold exactly `text` (which has no NUL), with its folders."""
    folder = path.rpartition("/")[0]
    before = f"mkdir -p -- {quote(folder)} && " if folder else ""
    target = _operand(path)
    if not text:
        return f"{before}: > {target}"
    if text.endswith("\n"):
        return f"{before}cat > {target} <<{_heredoc(text)}"
    # A substitution drops trailing newlines, so what comes out is the text without the heredoc's own.
    return f'{before}printf %s "$(cat <<{_heredoc(text)})" > {target}'


def edit_command(path: str, old: str, new: str) -> str:
    """A command that replaces the only place of `old` in `path`, and fails without changing it where there is none."""
    target = _operand(path)
    return "\n".join(
        [
            # The x keeps the trailing newlines that a substitution would drop.
            f"old=$(cat <<{_heredoc(old + 'x')})",
            f"new=$(cat <<{_heredoc(new + 'x')})",
            f"old=${{old%x}} new=${{new%x}} all=$(cat {target} && echo x) || exit 1",
            "all=${all%x}",
            'rest=${all#*"$old"}',
            f'if [ "$rest" = "$all" ]; then echo "{_MISSING}" >&2; exit 1; fi',
            'case $rest in *"$old"*) echo "the old text is there more than once" >&2; exit 1 ;; esac',
            f'printf %s "${{all%%"$old"*}}$new$rest" > {target}',
        ]
    )


_MISSING = "the old text is not in the file"


def delete_command(path: str) -> str:
    """A command that removes the file, and fails where there is none."""
    return f"rm -- {quote(path)}"


def update_command(file: FilePatch) -> str:
    """A command that does to an existing file what a patch says; it stops at the first hunk that does not fit."""
    # In a subshell each, because an edit that fails exits.
    edits = [f"(\n{edit_command(file.path, hunk.old, hunk.new)}\n)" for hunk in file.hunks if hunk.old]
    edits += [f"cat >> {_operand(file.path)} <<{_heredoc(hunk.new)}" for hunk in file.hunks if not hunk.old]
    if file.moved_to:
        folder = file.moved_to.rpartition("/")[0]
        edits += [f"mkdir -p -- {quote(folder)}"] if folder else []
        edits.append(f"mv -- {quote(file.path)} {quote(file.moved_to)}")
    return "set -e\n" + "\n".join(edits)


def delete_patch(path: str) -> str:
    """A patch that removes the file."""
    return f"*** Begin Patch\n*** Delete File: {path}\n*** End Patch\n"


def patch_text(path: str, text: str) -> str | None:
    """A patch that adds the file, or None where a patch cannot say it (no newline at the end, or no text)."""
    if not text.endswith("\n") or "\r" in text or "\n" in path:
        return None
    lines = "".join(f"+{line}\n" for line in text[:-1].split("\n"))
    return f"*** Begin Patch\n*** Add File: {path}\n{lines}*** End Patch\n"


def patch_command(patch: str) -> str:
    """The patch as the shell command that Codex understands."""
    return f"apply_patch <<{_heredoc(patch)}"


def _heredoc(text: str) -> str:
    """`'MARK'`, the text and the closing mark on their lines; the mark is no line of the text."""
    if not text.endswith("\n"):
        text += "\n"
    lines, mark, number = set(text.split("\n")), "EOF", 1
    while mark in lines:
        number += 1
        mark = f"EOF_{number}"
    return f"'{mark}'\n{text}{mark}\n"


def _operand(path: str) -> str:
    """A path that no command takes for an option."""
    return quote(f"./{path}" if path.startswith("-") else path)
