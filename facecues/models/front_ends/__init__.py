"""Sound to the windows that models listen to, one for each video frame."""

from facecues.models.front_ends.cache import cached_rows
from facecues.models.front_ends.contracts import FrontEnd, stream, windows
from facecues.models.front_ends.registry import FRONT_ENDS, front_end

__all__ = ["FRONT_ENDS", "FrontEnd", "cached_rows", "front_end", "stream", "windows"]
