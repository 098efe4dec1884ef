"""What models get wrong in an edit, one function a mistake: each makes a case of a true change, or None."""

from __future__ import annotations

import re
from collections.abc import Callable

from tests.runtime.edits.corpus.cases import DIALECTS, Block, Case
from tests.runtime.edits.corpus.generate import Spot, Work, encode, make, run_count

__all__ = [
    "broken_fences",
    "crlf",
    "elision",
    "indentation",
    "lost_blank_lines",
    "near_miss",
    "near_miss_context",
    "no_final_newline",
    "plain",
    "spoilt",
    "stale",
    "trailing_spaces",
    "typography",
]

_PLAIN = str.maketrans("“”‘’–—", "\"\"''--")


def _both(block: Block, form: Callable[[str], str]) -> Block:
    return block._replace(old=list(map(form, block.old)), new=list(map(form, block.new)))


def plain(work: Work) -> Case | None:
    lines = work.lines
    return make("", work, [work.spot.block(lines)], encode(lines), encode(work.spot.done(lines)))


def indentation(work: Work) -> Case | None:
    """All lines lose their common indentation, gain some, or have spaces for tabs and tabs for spaces."""
    block = work.spot.block(work.lines, context=2)
    lines = [line for line in block.old + block.new if line.strip()]
    indents = [line[: len(line) - len(line.lstrip())] for line in lines]
    common = min(indents, key=len)
    tabs = any("\t" in indent for indent in indents)
    unit = "\t" if tabs else "    " if work.path.endswith(".py") else "  "
    way = work.random.choice(["less", "more", "other"])
    if way == "other" and (not "".join(indents) or work.path.endswith(".md")):
        return None
    if way == "less" and (not common or common.strip(unit[0])):
        return None

    def drift(line: str) -> str:
        rest = line.lstrip()
        indent = line[: len(line) - len(rest)]
        if not rest:
            return line
        if way == "less":
            return line[len(common) :]
        if way == "more":
            return unit + line
        other = "    " if tabs else "\t"
        return other * (len(indent) // len(unit)) + rest

    if way == "other" and any(len(indent) % len(unit) for indent in indents):
        return None
    drifted = _both(block, drift)
    if run_count(work.lines, block.old) != 1:
        return None
    return make("", work, [drifted], encode(work.lines), encode(work.spot.done(work.lines)))


def lost_blank_lines(work: Work) -> Case | None:
    """Blank lines between lines of context are forgotten, or one is made up."""
    block = work.spot.block(work.lines)
    first, last = work.spot.start - (block.line or 1) + 1, len(block.old)
    if work.random.random() < 0.7:
        blank = [n for n in range(1, last - 1) if not block.old[n].strip() and (n < first - 1 or n > first + 1)]
        if not blank or not all(block.old[n - 1].strip() and block.old[n + 1].strip() for n in blank):
            return None
        tail = len(block.new) - len(block.old)
        gone_new = {n if n < first else n + tail for n in blank}
        old = [line for n, line in enumerate(block.old) if n not in blank]
        new = [line for n, line in enumerate(block.new) if n not in gone_new]
    else:
        if first < 2 or not block.old[0].strip() or not block.old[1].strip():
            return None
        old, new = ([some[0], "", *some[1:]] for some in (block.old, block.new))
    if run_count(work.lines, old) != 1:
        return None
    return make("", work, [block._replace(old=old, new=new)], encode(work.lines), encode(work.spot.done(work.lines)))


def crlf(work: Work) -> Case | None:
    """The file has carriage returns and the edit has none, or they are mixed, or only the edit has them."""
    way = work.random.choice(["file", "edit", "mixed"])
    block, done = work.spot.block(work.lines), work.spot.done(work.lines)
    if way == "file":
        return make("", work, [block], encode(work.lines, "\r\n"), encode(done, "\r\n"))
    if way == "edit":
        case = make("", work, [block], encode(work.lines), encode(done))
        texts = {name: text.replace("\n", "\r\n") for name, text in case.texts.items()}
        return case._replace(texts=texts)
    # Every line above the block ends in CRLF, every other in LF.
    border = max(work.spot.start - 4, 0)
    before = encode(work.lines[:border], "\r\n") + encode(work.lines[border:])
    return make("", work, [block], before, encode(work.lines[:border], "\r\n") + encode(done[border:]))


def typography(work: Work) -> Case | None:
    """The file has typographic quotes and dashes, the edit writes them in ASCII."""
    block = work.spot.block(work.lines)
    if not any(line.translate(_PLAIN) != line for line in block.old) or run_count(work.lines, block.old) != 1:
        return None
    written = _both(block, lambda line: line.translate(_PLAIN))
    return make("", work, [written], encode(work.lines), encode(work.spot.done(work.lines)))


def no_final_newline(work: Work) -> Case | None:
    """The file does not end in a newline, and the change is near its end or not."""
    lines, spot = work.lines, work.spot
    if work.random.random() < 0.7:
        last = len(lines) - 1
        indent = lines[last][: len(lines[last]) - len(lines[last].lstrip())]
        number = work.random.randrange(100)
        spot = work.random.choice(
            [
                Spot(last, last + 1, [f"{lines[last]} last_{number}"]),
                Spot(last, last + 1, [f"{indent}other_{number}", f"{indent}last_{number}"]),
                Spot(last - 1, last, [f"{indent}before_last_{number}"]),
            ]
        )
    if run_count(lines, spot.block(lines).old) != 1:
        return None
    before, after = encode(lines, last=False), encode(spot.done(lines), last=False)
    return make("", work, [spot.block(lines)], before, after)


def trailing_spaces(work: Work) -> Case | None:
    """The file has spaces at the ends of lines and the edit has none, or the other way round."""
    rng, spot = work.random, work.spot
    untidy = [line + rng.choice(["", "  ", "\t"]) for line in work.lines]
    if rng.random() < 0.5:
        block = spot.block(work.lines)
        return make("", work, [block], encode(untidy), encode(spot.done(untidy)))
    block = spot.block(work.lines)
    spaces = {line: rng.choice(["", "  "]) for line in block.old}
    lines = [line + spaces[line] for line in block.old]
    first = spot.start - (block.line or 1) + 1
    new = [*lines[:first], *spot.new, *lines[first + spot.end - spot.start :]]
    return make("", work, [block._replace(old=lines, new=new)], encode(work.lines), encode(spot.done(work.lines)))


def elision(work: Work) -> Case | None:
    """The middle of a long block is left out as `...`, in the old text and in the new."""
    lines, spot = work.lines, work.spot
    gap_end = min(spot.end + 9, len(lines) - 2)
    head, tail = lines[spot.end : spot.end + 2], lines[gap_end : gap_end + 2]
    if gap_end < spot.end + 5 or any(run_count(lines, part) != 1 for part in (head, tail) if "".join(part).strip()):
        return None
    if not all(map(str.strip, [*head, *tail])):
        return None
    before = lines[max(spot.start - 2, 0) : spot.start]
    old = [*before, *lines[spot.start : spot.end], *head, "...", *tail]
    new = [*before, *spot.new, *head, "...", *tail]
    if run_count(lines, old[: old.index("...")]) != 1:
        return None
    return make("", work, [Block(old, new)], encode(lines), encode(spot.done(lines)))


def spoilt(work: Work, spot: Spot, block: Block) -> Block:
    """The block with an old line that the file never had."""
    at = spot.start - (block.line or 1) + 1
    if spot.end == spot.start:  # an insertion: its context is made up
        fake = [f"was_never_here({number}, {work.random.randrange(99)})" for number in range(2)]
        return block._replace(
            old=[fake[0], *block.old[2:-2], fake[1]], new=[fake[0], *spot.new, *block.old[2:-2], fake[1]]
        )
    old = list(block.old)
    old[at] = f"{old[at]} # version {work.random.randrange(99)} of it"
    return block._replace(old=old)


def stale(work: Work) -> Case | None:
    """The model remembers lines that somebody changed since."""
    lines, spot = list(work.lines), work.spot
    block = spot.block(work.lines)
    if spot.start == spot.end:
        return None
    for at in range(spot.start, spot.end):
        lines[at] = f"{lines[at][: len(lines[at]) // 2]} rewritten_{work.random.randrange(99)}"
    return make("", work, [block], encode(lines), None)


def near_miss(work: Work) -> Case | None:
    """One word of a line to replace is wrong, so replacing it would lose what the file says there."""
    spot = work.spot
    if spot.start == spot.end:
        return None
    block = spot.block(work.lines)
    at = spot.start - (block.line or 1) + 1
    words = re.findall(r"\w{3,}", block.old[at])
    if not words:
        return None
    word = work.random.choice(words)
    old = list(block.old)
    old[at] = old[at].replace(word, word[:-1] + work.random.choice("xyzq") + word[-1], 1)
    return make("", work, [block._replace(old=old)], encode(work.lines), None)


def near_miss_context(work: Work) -> Case | None:
    """One word of a line of context is wrong; the lines to replace are right and the only ones of their kind."""
    spot = work.spot
    block = spot.block(work.lines)
    at = spot.start - (block.line or 1) + 1
    if spot.start == spot.end or run_count(work.lines, block.old[at : at + spot.end - spot.start]) != 1:
        return None
    number = work.random.choice([n for n in range(len(block.old)) if not at <= n < at + spot.end - spot.start])
    words = re.findall(r"\w{4,}", block.old[number])
    if not words:
        return None
    word = work.random.choice(words)
    wrong = block.old[number].replace(word, word[:-1] + work.random.choice("xyzq") + word[-1], 1)
    tail = len(block.new) - len(block.old)
    old, new = list(block.old), list(block.new)
    old[number] = new[number if number < at else number + tail] = wrong
    return make("", work, [block._replace(old=old, new=new)], encode(work.lines), encode(spot.done(work.lines)))


def broken_fences(work: Work) -> Case | None:
    """The reply ends too early, or its marks are damaged, such that nobody can say what was meant."""
    block = work.spot.block(work.lines)
    case = make("", work, [block], encode(work.lines), None, DIALECTS[:3])
    share = work.random.uniform(0.45, 0.8)
    texts = {name: text[: int(len(text) * share)].rstrip("`") for name, text in case.texts.items()}
    return case._replace(texts=texts)
