"""What the figures' modules hand over."""

from dataclasses import dataclass

from matplotlib.figure import Figure

from facecues.errors import FacecuesError


class NotDrawn(FacecuesError):
    """A figure that cannot be drawn from these results; the message says in one sentence what it lacks."""


@dataclass(frozen=True, slots=True, eq=False)
class Drawing:
    """A figure.

    Attributes:
        name: of its files; safe as a file name, unique in a report.
        title: a few words.
        caption: what is seen, in sentences; says which clips and methods, and what is left out.
        figure: of matplotlib, not of pyplot, so that nothing is kept behind our back.
    """

    name: str
    title: str
    caption: str
    figure: Figure
