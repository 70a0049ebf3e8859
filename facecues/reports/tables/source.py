"""What tables are made from: the summary by cell, and which methods and metrics a table shows."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, cast

import pandas as pd

from facecues.errors import UsageError
from facecues.reports.config import ColumnStyle, ReportConfig
from facecues.reports.numbers import usual_digits
from facecues.reports.results import Results
from facecues.reports.tables.model import Cell, Column

Key = tuple[str, str]
"""A metric and a group of clips: "all", "emotion:happy", "actor:M003"."""

_Row = dict[str, Any]


@dataclass(frozen=True, slots=True, eq=False)
class Source:
    """Results by cell, with what the configuration says about methods.

    Attributes:
        results: as measured.
        config: of the report.
        rows: of the summary, by method, metric and group.
        filled: metrics and groups in which anybody has a value.
    """

    results: Results
    config: ReportConfig
    rows: dict[tuple[str, str, str], _Row]
    filled: frozenset[Key]

    @classmethod
    def of(cls, results: Results, config: ReportConfig) -> "Source":
        """Looks the summary through once."""
        records = cast(list[_Row], results.summary.to_dict("records"))
        return cls(
            results,
            config,
            {(row["method"], row["metric"], row["group"]): row for row in records},
            frozenset((row["metric"], row["group"]) for row in records if pd.notna(row["value"])),
        )

    def cell(self, method: str, key: Key) -> Cell:
        """The value and what the summary knows of it."""
        row = self.rows.get((method, *key))
        if row is None:
            return Cell()
        return Cell(
            value=_number(row["value"]),
            low=_number(row["low"]),
            high=_number(row["high"]),
            n_clips=int(row["n_clips"]),
            n_expected=int(row["n_expected"]),
            coverage=float(row["coverage"]),
            reason=None if pd.isna(row["reason"]) or pd.notna(row["value"]) else str(row["reason"]),
        )

    def title(self, method: str) -> str:
        """As printed."""
        return next((each.title for each in self.config.methods if each.name == method and each.title), method)

    def citation(self, method: str) -> str | None:
        """BibTeX key or words."""
        return next((each.citation for each in self.config.methods if each.name == method), None)

    def methods(self, wanted: Sequence[str], table: str) -> tuple[str, ...]:
        """Rows of a table: those wanted, or all: first in the order of the configuration, then of the run.

        Raises:
            UsageError: the run has no method of a wanted name.
        """
        known = self.results.methods
        require(wanted, known, table)
        if wanted:
            return tuple(dict.fromkeys(wanted))
        named = [each.name for each in self.config.methods if each.name in known]
        return tuple(dict.fromkeys((*named, *known)))

    def metrics(self, wanted: Sequence[ColumnStyle]) -> tuple[ColumnStyle, ...]:
        """Columns with the exact names of metrics; where none is wanted, all that have a value.

        A name that no metric has stands for all metrics that it begins, up to a dash: EmoAcc for EmoAcc-fer. Of these
        the ones without any value are left out, unless none has one. An unknown name stays as it is.
        """
        if not wanted:
            measured = self.results.metrics
            with_value = [name for name in measured if (name, "all") in self.filled]
            return tuple(ColumnStyle(metric=name) for name in with_value or measured)
        exact = (each for style in wanted for each in self._resolved(style))
        return tuple({each.metric: each for each in reversed(list(exact))}.values())[::-1]

    def _resolved(self, style: ColumnStyle) -> Iterable[ColumnStyle]:
        known = self.results.metrics
        several = [name for name in known if name.startswith(f"{style.metric}-")]
        if style.metric in known or not several:
            return [style]
        filled = {metric for metric, _ in self.filled}
        return [
            style.model_copy(
                update={
                    "metric": name,
                    "title": f"{style.title} ({name.removeprefix(style.metric + '-')})" if style.title else None,
                }
            )
            for name in [name for name in several if name in filled] or several
        ]

    def column(self, style: ColumnStyle, keys: Iterable[Key], methods: Iterable[str]) -> Column:
        """A metric's column, with the digits of the values that are printed in it.

        Args:
            style: with a metric's exact name.
            keys, methods: whose values are printed with the same digits.
        """
        measured = self.results.metrics.get(style.metric)
        names = list(methods)
        values = [value for key in keys for name in names if (value := self.cell(name, key).value) is not None]
        factor = 100 if style.percent else 1
        unit = measured.info.unit if measured else ""
        return Column(
            name=style.metric,
            title=style.title or style.metric,
            unit="%" if style.percent and not unit else unit,
            better=measured.info.better if measured else None,
            digits=style.digits if style.digits is not None else usual_digits([factor * value for value in values]),
            percent=style.percent,
            group=style.group,
            signature=measured.signature if measured else None,
        )


def require(wanted: Iterable[str], known: Sequence[str], table: str) -> None:
    """Every wanted method is known.

    Raises:
        UsageError: one is not; the message lists those that are.
    """
    unknown = [name for name in wanted if name not in known]
    if unknown:
        raise UsageError(
            f"Table {table!r} asks for {', '.join(map(repr, unknown))}, expected methods of these results: "
            f"{', '.join(known) or 'there are none'}."
        )


def _number(value: Any) -> float | None:
    return None if pd.isna(value) else float(value)
