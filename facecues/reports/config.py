"""What a report shows, as told by a small YAML file."""

from typing import Literal

from pydantic import BaseModel, ConfigDict, Field, field_validator

from facecues.reports.tables.model import Shown

Extent = Literal["full", "half", "none"]
Kind = Literal["main", "by-emotion", "by-actor", "ablation", "capabilities"]


class _Strict(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Capabilities(_Strict):
    """What a method controls, as its authors declare it; None: they do not say."""

    landmarks: Extent | None = None
    pose: Extent | None = None
    gaze: Extent | None = None
    emotion: Extent | None = None


class MethodStyle(_Strict):
    """How a method is shown.

    Attributes:
        name: as in the run.
        title: as printed; None: the name.
        citation: BibTeX key, or words.
        capabilities: None where nobody declared them.
    """

    name: str
    title: str | None = None
    citation: str | None = None
    capabilities: Capabilities | None = None


class ColumnStyle(_Strict):
    """How a metric is shown.

    Attributes:
        metric: its name, or the beginning of several ("EmoAcc" for EmoAcc-fer and others).
        title: as printed; None: the name.
        digits: after the point; None: such that the largest value has three that count.
        percent: printed a hundred times as large.
        group: a heading over neighbouring columns.
    """

    metric: str
    title: str | None = None
    digits: int | None = Field(default=None, ge=0, le=8)
    percent: bool = False
    group: str | None = None


class TableStyle(_Strict):
    """One table, or one for each metric where rows are split by emotion or actor.

    Attributes:
        name: of its files.
        kind: what stands in rows and columns.
        caption: None: one is made.
        columns: metrics in order; empty: all that have a value.
        interval: how intervals are printed.
        limits: whether floors and the reference are shown.
        groups: emotions or actors in order; empty: all.
        baseline: of an ablation: the method that the others are held against.
        methods: only these, in this order; empty: all.
        significance: whose letters are shown: over actors (what holds for other actors too), over clips (for these
            actors only), or none.
        reported: whether values that papers report are added.
    """

    name: str
    kind: Kind = "main"
    caption: str | None = None
    columns: tuple[ColumnStyle, ...] = ()
    interval: Shown = "range"
    limits: bool = True
    groups: tuple[str, ...] = ()
    baseline: str | None = None
    methods: tuple[str, ...] = ()
    significance: Literal["actors", "clips", "none"] = "actors"
    reported: bool = True

    @field_validator("columns", mode="before")
    @classmethod
    def _names_alone(cls, columns: object) -> object:
        """A metric's name alone is a column."""
        if isinstance(columns, list | tuple):
            return tuple({"metric": each} if isinstance(each, str) else each for each in columns)
        return columns


class FigureStyle(_Strict):
    """What figures show.

    Attributes:
        kinds: names of facecues.reports.figures.build.FIGURES; None: all.
        methods: only these, in this order; empty: the first `most`.
        most: methods in a figure that shows each one's pictures or curves.
        metrics: of score distributions and rankings; empty: those of the first table.
        emotions: in order; empty: all.
        clip: clip id that is shown; None: the one in the middle of the order of the first metric.
        instants: moments of a clip that are shown.
    """

    kinds: tuple[str, ...] | None = None
    methods: tuple[str, ...] = ()
    most: int = Field(default=6, ge=1, le=20)
    metrics: tuple[str, ...] = ()
    emotions: tuple[str, ...] = ()
    clip: str | None = None
    instants: int = Field(default=6, ge=2, le=12)


class ReportConfig(_Strict):
    """A report.

    Attributes:
        title: over its pages.
        methods: titles, citations, capabilities, and the order of rows; methods that are not named follow.
        tables: in order; the first is the main one.
        figures: what they show.
        videos: clips whose videos are copied into the pages: "some" (worst and best, at most `most_videos`), "all",
            or "none".
        most_videos: clips with videos, for "some".
    """

    title: str = "Evaluation"
    methods: tuple[MethodStyle, ...] = ()
    tables: tuple[TableStyle, ...] = ()
    figures: FigureStyle = FigureStyle()
    videos: Literal["some", "all", "none"] = "some"
    most_videos: int = Field(default=24, ge=1)
