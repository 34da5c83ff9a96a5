"""The pages of the documentation: their examples, tables and links."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

ROOT: Final = Path(__file__).parents[2]
PAGES: Final = (ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md")), ROOT / "benchmarks" / "README.md")

_FENCE: Final = re.compile(r"^```(\w*)\s*$")
_NOTE: Final = re.compile(r"^<!-- test: (.+) -->$")
_LINK: Final = re.compile(r"\]\(([^)\s]+)\)")


@dataclass(frozen=True, slots=True)
class Block:
    """A fenced block; `note` is what an HTML comment before it (`<!-- test: … -->`) says of how to test it."""

    page: Path
    line: int
    language: str
    note: str
    text: str

    def __str__(self) -> str:
        return f"{self.page.relative_to(ROOT)}:{self.line}"

    def commands(self) -> Iterator[list[str]]:
        """The command lines of a shell block, in words, without comments."""
        for line in self.text.replace("\\\n", " ").splitlines():
            words = shlex.split(line.removeprefix("$ "), comments=True)
            if words:
                yield words


def blocks_of(page: Path) -> list[Block]:
    found: list[Block] = []
    note, opened, language, lines = "", 0, "", [""]
    for number, line in enumerate(page.read_text(encoding="utf-8").splitlines(), start=1):
        fence = _FENCE.match(line)
        if opened and line.strip() == "```":
            found.append(Block(page, opened, language, note, "\n".join(lines) + "\n"))
            note, opened = "", 0
        elif opened:
            lines.append(line)
        elif fence is not None:
            opened, language, lines = number, fence[1], []
        elif (said := _NOTE.match(line)) is not None:
            note = said[1]
        elif line.strip():
            note = ""
    assert not opened, f"{page}:{opened}: the block has no end"
    return found


def all_blocks(*languages: str) -> list[Block]:
    return [block for page in PAGES for block in blocks_of(page) if block.language in languages or not languages]


def table(page: str, note: str) -> list[list[str]]:
    """The rows of the table that follows `<!-- test: note -->`, without its head; code marks are left out."""
    lines = (ROOT / page).read_text(encoding="utf-8").splitlines()
    first = lines.index(f"<!-- test: {note} -->") + 1
    while not lines[first].startswith("|"):
        first += 1
    rows: list[list[str]] = []
    for line in lines[first + 2 :]:
        if not line.startswith("|"):
            break
        rows.append([cell.strip().replace("`", "") for cell in line.strip("|").split("|")])
    return rows


def links_of(page: Path) -> list[str]:
    """The targets of links to other files of the repository, or to headings."""
    text = re.sub(r"^```.*?^```", "", page.read_text(encoding="utf-8"), flags=re.DOTALL | re.MULTILINE)
    return [target for target in _LINK.findall(text) if not target.startswith(("http://", "https://"))]


def anchors_of(page: Path) -> set[str]:
    """What `#…` may name, as GitHub makes it of headings."""
    heads = re.findall(r"^#+ (.+)$", page.read_text(encoding="utf-8"), flags=re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", head.lower()).replace(" ", "-") for head in heads}
