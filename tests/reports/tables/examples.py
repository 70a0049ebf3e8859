"""Tables to write down: a small one with one of everything, and one that fills a page with hostile names."""

import numpy as np

from facecues.reports.tables.model import Cell, Change, Column, Row, Section, Shown, Table

HOSTILE = (
    "=cmd()|' /C calc'!A0",
    "<script>alert(1)</script>",
    "a&b %c $d$ #e _f {g} ~h ^i \\j",
    "王小明 😀 Zoë",
    "`code` *bold* [x](y) ||| \\",
    "../../etc/passwd",
    "Ours, with a title that is much longer than the column that it has to stand in",
    "\\input{x}\\end{table*}%",
    "Ünïcödé Ωβ–†",
    "AVeryLongWordWithoutAnyPlaceWhereALineCouldBeBrokenIntoTwo",
)
SIGNATURE = (
    "f-ld|pts:0-67|dim:3d|align:template@4354ef50|unit:iod|fps:25|miss:penalize|v:1|by:landmarks:"
    "facemesh[w:bbff11ce-1055cb9d-d1744d2a,pts:81610efd,v:2],gaze:iris[r:0.4,depth:0.04,up:0.075],template:4354ef50,v:1"
)


def small() -> Table:
    """Three columns, two of one group; best, second, partial, missing, letters, limits, reported."""
    columns = (
        Column("M-LD", "M-LD", "iod", "lower", 3, group="Mouth", signature="m-ld|pts:48-67|v:1"),
        Column("M-LVD", "M-LVD", "iod", "lower", 3, group="Mouth", signature="m-ld|pts:48-67|v:1"),
        Column("EmoAcc", "Emotion", "", "higher", 1, percent=True, signature="emotion-accuracy|net:fer|v:1"),
    )
    first = Row(
        "eat",
        "EAT",
        (
            Cell(0.0625, 0.05, 0.075, 24, 24, 1.0, rank=1, beats=("b",)),
            Cell(0.0125, 0.01, 0.015, 24, 24, 1.0, rank=2),
            Cell(0.8125, 0.75, 0.875, 24, 24, 1.0, rank=1, beats=("b", "c")),
        ),
        letter="a",
        citation="gan2023eat",
    )
    second = Row(
        "a|b",
        "A|B <x> `y`",
        (
            Cell(0.1235, 0.1, 0.147, 22, 24, 0.9169, rank=2),
            Cell(reason="no_face", n_expected=24),
            Cell(0.5, None, None, 22, 24, 0.9169),
        ),
        letter="b",
        citation="Wang et al., 2024",
    )
    third = Row(
        "=x()",
        "=x()",
        (Cell(10.5, 9.25, 11.75, 24, 24, 1.0), Cell(0.0115, 0.011, 0.012, 24, 24, 1.0, rank=1), Cell(0.625)),
        letter="c",
    )
    reference = Row("reference", "Reference", (Cell(0.0, 0.0, 0.0, 24, 24, 1.0), Cell(0.0), Cell(reason="constant")))
    reported = Row("eamm", "EAMM", (Cell(text="2.410"), Cell(text="–"), Cell(text="42.9")), citation="ji2022eamm")
    return Table(
        "small",
        "A small table: 95 % intervals.",
        columns,
        (
            Section("methods", (first, second, third)),
            Section("limits", (reference,), "what a value means"),
            Section("reported", (reported,), "reported by the papers, not measured here"),
        ),
        ("Letters: rows that this one beats.",),
    )


def hostile(*, methods: int = 10, metrics: int = 11, interval: Shown = "range", changes: bool = False) -> Table:
    """Long signatures, every kind of name, numbers of many sizes, letters of all rows."""
    rng = np.random.default_rng(0)
    names = [HOSTILE[index % len(HOSTILE)] + "'" * (index // len(HOSTILE)) for index in range(methods)]
    letters = [chr(ord("a") + index) for index in range(methods)]
    columns = tuple(
        Column(
            f"metric_{index}",
            ("M-LD", "LSE-C", "Emotion & 100% _acc_", "FID", "gaze JS")[index % 5],
            ("iod", "", "", "1/min", "dB")[index % 5],
            (None, "lower", "higher")[index % 3],  # type: ignore[arg-type]
            digits=4 if index % 5 == 0 else 2,
            percent=index % 5 == 2,
            group=("Mouth & chin", None, "Pictures|video")[index // 2 % 3],
            signature=f"{SIGNATURE}|n:{index // 2}",
        )
        for index in range(metrics)
    )
    rows = []
    for row, name in enumerate(names):
        cells = []
        for column in range(metrics):
            value = float(rng.normal() * 10.0 ** (column % 4 - 1))
            if (row + column) % 13 == 12:
                cells.append(Cell(n_expected=240, reason=("video_missing", "no_audio")[row % 2]))
                continue
            cells.append(
                Cell(
                    value,
                    value - abs(value) / 8,
                    value + abs(value) / 8,
                    240 - row,
                    240,
                    1.0 if column % 3 else 0.973,
                    rank=(1 if row == 0 else 2 if row == 1 else None),
                    beats=tuple(letters[1:][:: 1 + column % 2]) if row == 0 else tuple(letters[row + 1 : row + 2]),
                    change=Change(value / 3, value / 4, value / 2, column % 2 == 0) if changes else None,
                )
            )
        citation = ("gan2023eat", "ji_2022:eamm", "Müller & Söhne, 100% of #1")[row % 3]
        rows.append(Row(name, name, tuple(cells), letters[row], citation))
    limit = Row("reference", "Reference", tuple(Cell(0.0, 0.0, 0.0, 240, 240, 1.0) for _ in columns))
    reported = Row("paper", "Paper_1", tuple(Cell(text="3.2 (±0.1)") for _ in columns), citation="x2020")
    return Table(
        "hostile",
        "Everything that could go wrong & 100 % of it: $x_1$ {y} ~z ^w \\v #1.",
        columns,
        (
            Section("methods", tuple(rows)),
            Section("limits", (limit,), "what a value means"),
            Section("reported", (reported,), "reported by the papers, not measured here"),
        ),
        ("Intervals: 95 %, over 12 actors (Student's t).", "Letters: rows beaten significantly (Holm, 5 %)."),
        interval=interval,
    )
