"""Front ends by name."""

from typing import Final

from facecues.errors import UsageError
from facecues.models.front_ends.contracts import FrontEnd
from facecues.models.front_ends.mfcc import mfcc_windows

FRONT_ENDS: Final = ("mfcc", "mfcc-12", "logmel")


def front_end(name: str) -> FrontEnd:
    """A front end.

    Args:
        name: `mfcc`, EVP's recipe; `mfcc-12`, the same as EVP's demo has it; `logmel`, Wav2Lip's recipe.

    Raises:
        UsageError: no front end of this name.
        BackendUnavailableError: librosa is not installed, for `logmel`.
    """
    match name:
        case "mfcc":
            return mfcc_windows()
        case "mfcc-12":
            return mfcc_windows(12)
        case "logmel":
            from facecues.models.front_ends.logmel import logmel_windows

            return logmel_windows()
    raise UsageError(f"Unknown front end {name!r}; use one of {', '.join(FRONT_ENDS)}.")
