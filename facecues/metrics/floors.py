"""Rows of a table that are nobody's method, and tell what a value means."""

from typing import Final, Literal

REFERENCE: Final = "reference"
"""The real clips' own row in tables."""

Floor = Literal["re-encoded", "still", "other-take", "other-backend"]
FLOORS: Final[dict[Floor, str]] = {
    "re-encoded": "the reference through H.264 at CRF 23: the least that any codec costs",
    "still": "the reference's first frame with a face, held still: what doing nothing scores",
    "other-take": "another take of the same actor and emotion: as far as one real performance is from another",
    "other-backend": "the reference read by another landmark backend: the noise of every landmark metric",
}

FLOORS_OF_CUES: Final[tuple[Floor, ...]] = ("still", "other-take")
"""Those that can be had without a picture."""

NOISE_FLOORS: Final = ("re-encoded", "other-backend")
"""Rows whose error is nobody's but the measurement's."""
