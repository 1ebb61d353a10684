"""Tables on a terminal: a date, an id or an address is never broken, only free text is folded.

Where even that does not fit, each row becomes a few lines of names and values.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from rich.cells import cell_len
from rich.console import Console
from rich.table import Table
from rich.text import Text

FREE_TEXT = frozenset({"weakness_name", "record_value", "tracker_value", "resolution"})
NARROWEST = 15  # characters of free text: less is a ladder of syllables
Row = Mapping[str, str]
_INSTANT = re.compile(r"(\d{4}-\d{2}-\d{2})T(\d{2}:\d{2})[\d:.]*Z")


@dataclass(frozen=True, slots=True)
class _Layout:
    """Which columns stand there, the gap between them, and what parts the words of their headings."""

    names: Sequence[str]
    gap: int = 1
    joint: str = "\n"

    def heading(self, name: str) -> str:
        return name.replace("_", self.joint)

    def width(self, name: str, rows: Sequence[Row]) -> int:
        """How wide a column is when nothing in it is broken."""
        return max(map(cell_len, (*self.heading(name).split("\n"), *(row[name] for row in rows))))

    def needed(self, rows: Sequence[Row]) -> int:
        """The narrowest that the table can be."""
        widths = {name: self.width(name, rows) for name in self.names}
        return sum(
            min(width, NARROWEST) if name in FREE_TEXT else width for name, width in widths.items()
        ) + self.gap * (len(self.names) - 1)


def draw(columns: Sequence[str], cells: Sequence[Sequence[str]], spare: Sequence[str]) -> None:
    """Prints the rows as wide as the terminal is; `spare` columns go first where it is narrow."""
    console = Console(highlight=False)
    rows = [dict(zip(columns, map(_short, row), strict=True)) for row in cells]
    for layout in _layouts(columns, spare):
        if layout.needed(rows) <= console.width:
            console.print(_table(layout, rows))
            return
    for row in rows:
        console.print(_block(columns, row, console.width), soft_wrap=True)


def _layouts(columns: Sequence[str], spare: Sequence[str]) -> Iterator[_Layout]:
    """The ways to draw a table, the roomiest first."""
    yield _Layout(columns, gap=2, joint=" ")
    yield _Layout(columns, gap=2)
    for dropped in range(len(spare) + 1):
        yield _Layout([name for name in columns if name not in spare[:dropped]])


def _short(text: str) -> str:
    """An instant to the minute, everything else as it is."""
    found = _INSTANT.fullmatch(text)
    return f"{found[1]} {found[2]}" if found else text


def _table(layout: _Layout, rows: Sequence[Row]) -> Table:
    table = Table(box=None, pad_edge=False, padding=(0, layout.gap, 0, 0), header_style="bold")
    for name in layout.names:
        table.add_column(layout.heading(name), no_wrap=name not in FREE_TEXT, overflow="fold")
    for row in rows:
        table.add_row(*(Text(row[name]) for name in layout.names))  # Text: a title like "[red]" is no markup
    return table


def _block(names: Sequence[str], row: Row, width: int) -> Text:
    """A row as `name value` pairs, with line breaks only between them; the lines after the first are indented."""
    lines = [""]
    for pair in (f"{name.replace('_', ' ')} {row[name]}" for name in names if row[name]):
        if lines[-1].strip() and cell_len(lines[-1]) + cell_len(pair) > width:
            lines.append("  ")
        lines[-1] += f"{pair}  "
    return Text("\n".join(each.rstrip() for each in lines))
