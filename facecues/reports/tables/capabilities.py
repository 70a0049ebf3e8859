"""What methods control, as their authors declare it."""

from typing import Final

from facecues.reports.config import Capabilities, TableStyle
from facecues.reports.names import safe_name
from facecues.reports.tables.model import Cell, Column, Row, Section, Table
from facecues.reports.tables.notes import listed
from facecues.reports.tables.rows import sections
from facecues.reports.tables.source import Source, require

UNDECLARED: Final = "not declared"
_COLUMNS: Final = {"landmarks": "landmarks", "pose": "head pose", "gaze": "gaze", "emotion": "emotion"}


def capability_table(source: Source, style: TableStyle) -> Table:
    """Rows are the methods of the results, and others that are declared; cells are full, half, none or not declared.

    Args:
        source: of the methods.
        style: of kind "capabilities".

    Raises:
        UsageError: a method that is neither in the results nor in the configuration.
    """
    declared = {each.name: each.capabilities for each in source.config.methods if each.capabilities is not None}
    measured = source.methods((), style.name)
    named = dict.fromkeys(each.name for each in source.config.methods if each.name in measured or each.name in declared)
    known = tuple(dict.fromkeys((*named, *measured)))
    require(style.methods, known, style.name)
    names = style.methods or known
    elsewhere = [source.title(name) for name in names if name not in measured]
    silent = [source.title(name) for name in names if name not in declared]
    return Table(
        name=safe_name(style.name),
        caption=style.caption or "What each method controls, as declared: fully, half or not at all.",
        columns=tuple(Column(name=name, title=title) for name, title in _COLUMNS.items()),
        sections=sections(
            Section(
                "methods",
                tuple(
                    Row(name, source.title(name), _cells(declared.get(name)), citation=source.citation(name))
                    for name in names
                ),
            )
        ),
        notes=(
            "declarations, not measurements",
            *([f"not in these runs: {listed(elsewhere, 12)}"] if elsewhere else []),
            *(
                [f"not declared: the configuration of the report says nothing of {listed(silent, 12)}"]
                if silent
                else []
            ),
        ),
        interval="none",
    )


def _cells(capabilities: Capabilities | None) -> tuple[Cell, ...]:
    said = capabilities.model_dump() if capabilities else {}
    return tuple(Cell(text=said.get(name) or UNDECLARED) for name in _COLUMNS)
