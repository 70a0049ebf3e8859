"""Tables as LaTeX floats for a two-column paper."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Final

from facecues.reports.names import safe_name
from facecues.reports.tables.cells import Notes, Printed, counts, groups, is_key, titles
from facecues.reports.tables.fit import (
    CLOSER,
    COLUMN,
    GAP,
    LARGE,
    PAGE,
    SMALL,
    WIDEST,
    SetColumn,
    Sizes,
    below_value,
    change_of,
    first_width,
    in_blocks,
    is_half,
    is_number,
    name_width,
    set_columns,
)
from facecues.reports.tables.model import Cell, Row, Table
from facecues.reports.tables.tex import breakable, lines, tex, width

_HEAD: Final = """\
% Needs in the preamble:
%   \\usepackage[T1]{fontenc}
%   \\usepackage{textcomp,amssymb}
%   \\usepackage{booktabs,threeparttable}
"""
# The page of CVPR: its text area, columns and size of type.
_PREAMBLE: Final = """\
\\documentclass[10pt,twocolumn,letterpaper]{article}
\\usepackage[textwidth=6.875in,textheight=8.875in,columnsep=0.3125in]{geometry}
\\usepackage[T1]{fontenc}
\\usepackage{lmodern}
\\usepackage{textcomp,amssymb}
\\usepackage{booktabs,threeparttable}
\\begin{document}
"""
_TALLEST: Final = 600.0


@dataclass(frozen=True, slots=True)
class _Block:
    """Columns, with some of the rows, that stand beside each other."""

    columns: list[SetColumn]
    rows: range


@dataclass(frozen=True, slots=True)
class _Page:
    """What one float holds."""

    blocks: list[_Block] = field(default_factory=list)
    notes: list[tuple[str | None, str]] = field(default_factory=list)


def to_latex(table: Table) -> str:
    r"""A float to \input.

    It is a `table` where the columns fit into one column of a two-column page, else a `table*`. Where even that is
    too narrow, the columns are stacked in blocks, and where those are too tall for one page, floats follow each other.
    Widths are those of Computer Modern at 10 pt, on the page of CVPR; most other typefaces are narrower.
    """
    notes = Notes(table)
    for environment, room in (("table", COLUMN), ("table*", PAGE)):
        for sizes in (LARGE, SMALL):
            columns = set_columns(table, notes, sizes)
            if first_width(table, sizes) + sum(column.width for column in columns) <= room:
                return _floats(table, notes, [columns], sizes, environment=environment, room=room)
    blocks = in_blocks(set_columns(table, notes, SMALL), PAGE - first_width(table, SMALL))
    return _floats(table, notes, blocks, SMALL, environment="table*", room=PAGE)


def latex_document(tables: Sequence[Table]) -> str:
    """A paper of two columns, compiled as it is with pdflatex (twice, for its citations), that shows the tables."""
    keys = dict.fromkeys(
        key
        for table in tables
        for _, row in table.rows()
        if row.citation and is_key(row)
        for key in row.citation.split(",")
    )
    works = "".join(f"\\bibitem{{{key}}} {breakable(key)}\n" for key in keys)
    bibliography = f"\\clearpage\n\\begin{{thebibliography}}{{99}}\n{works}\\end{{thebibliography}}\n" if keys else ""
    body = "\n".join(to_latex(table) for table in tables)
    return f"{_PREAMBLE}{body}\n{bibliography}\\end{{document}}\n"


def _floats(
    table: Table, notes: Notes, blocks: list[list[SetColumn]], sizes: Sizes, *, environment: str, room: float
) -> str:
    """One float, or as many as hold the blocks and, below them, the notes."""
    tallest = _TALLEST - 14.0 * lines(table.caption, 8, room / 1.25)  # it is set in the size of the text
    pages, left = [_Page()], tallest
    for block in _cut(table, blocks, sizes, tallest):
        height = _height(table, block, sizes)
        if pages[-1].blocks and height > left:
            pages, left = [*pages, _Page()], tallest
        pages[-1].blocks.append(block)
        left -= height
    for note in notes.lines:
        height = 8.5 * lines(note[1], 7, room)
        if height > left:
            pages, left = [*pages, _Page()], tallest
        pages[-1].notes.append(note)
        left -= height
    return _HEAD + "\n".join(
        _float(table, page, sizes, environment, first=index == 0) for index, page in enumerate(pages)
    )


def _cut(table: Table, blocks: list[list[SetColumn]], sizes: Sizes, tallest: float) -> Iterator[_Block]:
    """Blocks of all rows, or of as many as a page holds."""
    count = sum(1 for _ in table.rows())
    for columns in blocks:
        start = 0
        for stop in range(1, count + 1):
            if stop == count or _height(table, _Block(columns, range(start, stop + 1)), sizes) > tallest:
                yield _Block(columns, range(start, stop))
                start = stop


def _height(table: Table, block: _Block, sizes: Sizes) -> float:
    rows = list(table.rows())
    height = 50.0 + 15.0 * len(table.sections)
    for number in block.rows:
        below = _lines_below([each.cells[number] for each in block.columns])
        height += sizes.line + sum(sizes.line + CLOSER for texts in below if any(texts))
        height += _room_below(rows[number][1], sum(map(any, below)), sizes)
    return height


def _lines_below(printed: list[Printed]) -> tuple[list[str], list[str]]:
    """What stands in two lines below the values of a row; "" where there is nothing."""
    return [below_value(each) for each in printed], [change_of(each) for each in printed]


def _room_below(row: Row, below: int, sizes: Sizes) -> float:
    """Points between a row and the next, with those that its title needs beyond the lines below its values."""
    whole = f"{row.title}{' [00]' if row.citation and is_key(row) else ''}{row.letter or ''}"
    more = lines(whole, sizes.text, WIDEST) - 1 if name_width(row, sizes) > WIDEST else 0
    return max(0.0, more * sizes.line - below * (sizes.line + CLOSER)) + (1.0 if below or more else 0.0)


def _float(table: Table, page: _Page, sizes: Sizes, environment: str, *, first: bool) -> str:
    caption = tex(table.caption) if first else "(continued)"
    alone = "\\begin{tabular*}{\\linewidth}{@{}l@{}}\\toprule\\end{tabular*}"  # notes stand below a table
    tabulars = "\n\\par\\vspace{6pt}\n".join(_tabular(table, block, sizes) for block in page.blocks) or alone
    lines = [
        f"\\begin{{{environment}}}[t]",
        "\\centering",
        *([] if first else ["\\addtocounter{table}{-1}"]),
        f"\\caption{{{caption}}}",
        *([f"\\label{{tab:{safe_name(table.name)}}}"] if first else []),
        "\\vspace{4pt}",
        f"{sizes.command}\\setlength{{\\tabcolsep}}{{{GAP / 2:g}pt}}",
        "\\begin{threeparttable}",
        tabulars,
        *(_notes(page) if page.notes else []),
        "\\end{threeparttable}",
        f"\\end{{{environment}}}",
    ]
    return "\n".join(lines) + "\n"


def _notes(page: _Page) -> Iterator[str]:
    yield "\\begin{tablenotes}[flushleft]\\scriptsize\\raggedright"
    for mark, text in page.notes:
        yield (f"\\item[{tex(mark)}] " if mark else "\\item[]\\hspace*{-\\labelsep}") + breakable(text)
    yield "\\end{tablenotes}"


def _tabular(table: Table, block: _Block, sizes: Sizes) -> str:
    clips = counts(table)
    before = 2 if clips else 1
    count = before + len(block.columns)
    shape = f"@{{}}l@{{\\extracolsep{{\\fill}}}}{'c' * (count - 1)}@{{}}"
    body: list[str] = []
    number = 0
    for section in table.sections:
        rows = range(number, number + len(section.rows))
        shown = [number for number in rows if number in block.rows]
        if shown:
            body += ["\\midrule", *_section_title(section.title, count)]
        for each in shown:
            row = section.rows[each - rows.start]
            start = [_name(row, sizes), *([tex(clips[each])] if clips else [])]
            body += _row(row, each, start, block.columns, sizes)
        number = rows.stop
    head = _head(table, block.columns, sizes, before)
    start_line = f"\\begin{{tabular*}}{{\\linewidth}}{{{shape}}}"
    return "\n".join([start_line, "\\toprule", *head, *body, "\\bottomrule", "\\end{tabular*}"])


def _section_title(title: str | None, count: int) -> Iterator[str]:
    if title is not None:  # of no width of its own: else the last of the columns it spans would grow
        box = f"\\rlap{{\\parbox[t]{{\\linewidth}}{{\\raggedright\\itshape {breakable(title)}}}}}"
        yield f"\\multicolumn{{{count}}}{{@{{}}l@{{}}}}{{{box}}} \\\\"


def _head(table: Table, block: list[SetColumn], sizes: Sizes, before: int) -> Iterator[str]:
    spans = groups([each.column for each in block])
    if any(group is not None for group, _ in spans):
        cells, rules, start = [""] * before, "", before
        for group, count in spans:
            room = sum(each.width for each in block[start - before : start - before + count]) - GAP
            title = "" if group is None else _boxed(group, sizes, max(room, 20.0), "b")
            cells.append(f"\\multicolumn{{{count}}}{{c}}{{{title}}}")
            rules += "" if group is None else f"\\cmidrule(lr){{{start + 1}-{start + count}}}"
            start += count
        yield " & ".join(cells) + f" \\\\{rules}"
    names = [titles(each.column) for each in block]
    heads = [
        _boxed(title, sizes, WIDEST, "b", after=_raised(each.number or ""))
        for each, (title, _) in zip(block, names, strict=True)
    ]
    yield " & ".join([_boxed(table.head, sizes, WIDEST, "b"), *["$n$"] * (before - 1), *heads]) + " \\\\"
    if any(unit for _, unit in names):
        yield " & ".join([*[""] * before, *(tex(unit) for _, unit in names)]) + " \\\\"


def _row(row: Row, number: int, start: list[str], block: list[SetColumn], sizes: Sizes) -> Iterator[str]:
    below = _lines_below([each.cells[number] for each in block])
    stacked = [[*start, *(_value(each, row.cells[each.index], each.cells[number]) for each in block)]]
    stacked += [[*[""] * len(start), *map(_small, texts)] for texts in below if any(texts)]
    end = f" \\\\[{_room_below(row, len(stacked) - 1, sizes):g}pt]"
    yield f" \\\\[{CLOSER:g}pt]\n".join(" & ".join(line) for line in stacked) + end


def _value(each: SetColumn, cell: Cell, printed: Printed) -> str:
    if not is_number(cell):
        return _boxed(printed.value, LARGE, WIDEST, "t") + _raised(printed.mark or "")
    digits = len(printed.value.lstrip("-").partition(".")[0])
    pad = "\\phantom{$-$}" if each.signed and not printed.value.startswith("-") else ""
    pad += f"\\phantom{{{'0' * (each.digits - digits)}}}" if digits < each.digits else ""
    value = _number(printed.value)
    value = {1: f"\\textbf{{{value}}}", 2: f"\\underline{{{value}}}", None: value}[cell.rank]
    half = f" {_number(printed.interval)}" if printed.interval and is_half(printed.interval) else ""
    return pad + value + half + _beside(each, printed)


def _beside(each: SetColumn, printed: Printed) -> str:
    """Letters, in a box that is as wide in every row, so that the numbers stand below each other."""
    letters = f"$^{{\\mbox{{\\tiny {tex(printed.letters)}}}}}$" if printed.letters else ""
    return f"\\makebox[{each.beside:.1f}pt][l]{{{letters}}}" if each.beside else ""


def _name(row: Row, sizes: Sizes) -> str:
    cited = f"~\\cite{{{row.citation}}}" if row.citation and is_key(row) else ""
    after = cited + _raised(row.letter or "")
    if name_width(row, sizes) <= WIDEST:
        return tex(row.title) + after
    box = f"\\parbox[t]{{{WIDEST:g}pt}}{{\\raggedright {breakable(row.title)}{after}}}"
    return f"\\raisebox{{0pt}}[\\height][0pt]{{{box}}}"  # its other lines stand beside the intervals


def _boxed(text: str, sizes: Sizes, room: float, place: str, *, after: str = "") -> str:
    """A text, broken into lines where it is too wide."""
    if width(text, sizes.text) <= room:
        return tex(text) + after
    return f"\\parbox[{place}]{{{room:.0f}pt}}{{\\centering {breakable(text)}{after}}}"


def _raised(mark: str) -> str:
    return f"\\textsuperscript{{{tex(mark)}}}" if mark else ""


def _small(text: str) -> str:
    return f"{{\\tiny {_number(text)}}}" if text else ""


def _number(text: str) -> str:
    return tex(text).replace("{-}", "$-$")
