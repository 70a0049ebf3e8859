"""Tables of a document between marks, written anew from what benchmarks have measured.

A table stands between `<!-- measured: NAME -->` and `<!-- end -->`. Each row keeps its figure, and the date of the run
that it is from, until a run has measured it again. `<!-- measured: machine -->` has a line on the machine of each run
that a row is from.
"""

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from textwrap import shorten
from typing import Any, Final

from tests.benchmarks.measured import Run

MACHINES: Final = "machine"  # name of the block that is no table
LONGER: Final = "†"  # behind the command of a row that `make bench` does not measure
UNKNOWN: Final = "not measured yet"
_WHAT, _MEASURED = "what", "measured"
_NOT_RUN: Final = "was not run"
_BLOCK = re.compile(r"(<!-- measured: ([\w-]+) -->\n)(.*?)(<!-- end -->)", re.DOTALL)
_MACHINE = re.compile(r"^- ([\d-]{10}(?: \(\d+\))?): (.+)$", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Row:
    """One line of a table.

    Attributes:
        what: the figure is; no two rows of a table have the same.
        values: benchmark and key of its `extra_info`, in the order in which `figure` takes them.
        figure: the cells that show them.
        command: that measures it; begins with `pytest tests/benchmarks` where `make bench` does.
        needed: of the figure.
        only: benchmark, key and value: with another value the figure would be of something else.
    """

    what: str
    values: tuple[tuple[str, str], ...]
    figure: Callable[..., tuple[str, ...]]
    command: str
    needed: str = ""
    only: tuple[tuple[str, str, Any], ...] = ()

    @property
    def longer(self) -> bool:
        """Whether `make bench` leaves it out."""
        return not self.command.startswith("pytest ")


@dataclass(frozen=True, slots=True)
class Table:
    """Between two marks.

    Attributes:
        name: in the first mark.
        rows: in order.
        heads: of the cells that `Row.figure` makes.
        plain: without what is needed and the command, which is then one for all.
    """

    name: str
    rows: tuple[Row, ...]
    heads: tuple[str, ...] = ("figure",)
    plain: bool = False

    @property
    def columns(self) -> tuple[str, ...]:
        """All heads."""
        return (
            _WHAT,
            *self.heads,
            *(() if self.plain else ("needed",)),
            _MEASURED,
            *(() if self.plain else ("command",)),
        )


def rewrite(text: str, tables: Sequence[Table], runs: Sequence[Run]) -> tuple[str, list[str]]:
    """A document with its tables written anew; all else stays.

    Args:
        text: of the document.
        tables: that it has.
        runs: of several that measured the same, the last counts.

    Returns:
        The text, and of each row that was kept what it is and why.

    Raises:
        ValueError: the document has other tables or rows than these.
    """
    blocks = {found[2]: found[3] for found in _BLOCK.finditer(text)}
    expected = [MACHINES, *(table.name for table in tables)]
    if sorted(found[2] for found in _BLOCK.finditer(text)) != sorted(expected):
        raise ValueError(
            f"Expected each of these marks once: {', '.join(expected)}. The document has {', '.join(blocks)}."
        )
    machines = dict(_MACHINE.findall(blocks[MACHINES]))
    labels = [_label(run, machines) for run in runs]
    written, kept, used = {}, [], set()
    for table in tables:
        earlier = read_rows(blocks[table.name])
        if unknown := earlier.keys() - {row.what for row in table.rows}:
            raise ValueError(
                f"The table {table.name} has rows that the list of rows lacks: {'; '.join(sorted(unknown))}."
            )
        lines = []
        for row in table.rows:
            cells, why = _cells(row, table, earlier.get(row.what, {}), runs, labels)
            lines.append(cells)
            used.add(cells[_MEASURED])
            kept += [f"{table.name}: {shorten(row.what, 80, placeholder=' …')}: {why}"] if why else []
        written[table.name] = _render(table, lines)
    written[MACHINES] = "\n".join(f"- {label}: {machines[label]}" for label in sorted(used & machines.keys()))
    return _BLOCK.sub(lambda found: f"{found[1]}\n{written[found[2]]}\n\n{found[4]}", text), kept


def read_rows(block: str) -> dict[str, dict[str, str]]:
    """Cells by column, by what a row is, of a table in Markdown."""
    lines = [line.strip().strip("|").split("|") for line in block.splitlines() if line.startswith("|")]
    heads, *rest = ([cell.strip() for cell in line] for line in lines) if lines else ([],)
    return {line[0]: dict(zip(heads, line, strict=True)) for line in rest[1:]}


def _label(run: Run, machines: dict[str, str]) -> str:
    """The run's date, with a number where that day had another machine; its machine is known from then on."""
    label, number = run.date, 1
    while machines.setdefault(label, run.machine) != run.machine:
        number += 1
        label = f"{run.date} ({number})"
    return label


def _cells(
    row: Row, table: Table, earlier: Mapping[str, str], runs: Sequence[Run], labels: Sequence[str]
) -> tuple[dict[str, str], str]:
    """By column, and why the row is kept, if it is."""
    cells = {_WHAT: row.what, "needed": row.needed, "command": f"`{row.command}`"}
    reasons = []
    for run, label in reversed(list(zip(runs, labels, strict=True))):
        why = _why_not(row, run)
        if not why:
            values = [run.figures[benchmark][key] for benchmark, key in row.values]
            return cells | dict(zip(table.heads, row.figure(*values), strict=True)) | {_MEASURED: label}, ""
        reasons.append(why)
    for head in (*table.heads, _MEASURED):
        cells[head] = earlier.get(head) or (UNKNOWN if head == table.heads[0] else "")
    return cells, next((why for why in reasons if why != _NOT_RUN), _NOT_RUN)


def _why_not(row: Row, run: Run) -> str:
    """Why a run has no figure for a row; nothing where it has."""
    for benchmark, key in row.values:
        if benchmark not in run.figures:
            return run.without.get(benchmark) or run.without.get(benchmark.partition("::")[0]) or _NOT_RUN
        if key not in run.figures[benchmark]:
            return f"{benchmark} has no {key!r} in its extra_info"
    for benchmark, key, value in row.only:
        if (found := run.figures[benchmark].get(key)) != value:
            return f"{key} was {found}, and the row is of {value}"
    return ""


def _render(table: Table, lines: Iterable[dict[str, str]]) -> str:
    """Markdown; a command that the row before has is `same`."""
    rendered = [table.columns, ("---",) * len(table.columns)]
    before = None
    for row, cells in zip(table.rows, lines, strict=True):
        command = "same" if row.command == before else cells["command"]
        before = row.command
        cells |= {"command": f"{command} {LONGER}" if row.longer else command}
        rendered.append(tuple(cells[column] for column in table.columns))
    head, rule, *rest = (f"| {' | '.join(line)} |" for line in rendered)
    return "\n".join([head, rule.replace(" ", ""), *rest])
