"""Front ends by name."""

from typing import Final

from facecues.errors import UsageError
from facecues.models.front_ends.contracts import FrontEnd
from facecues.models.front_ends.mfcc import mfcc_windows

FRONT_ENDS: Final = ("mfcc", "mfcc-12", "logmel", "logmel-even")


def front_end(name: str) -> FrontEnd:
    """A front end.

    Args:
        name: `mfcc`, EVP's recipe; `mfcc-12`, the same as EVP's demo has it; `logmel`, Wav2Lip's recipe;
            `logmel-even`, the same with each band standardised over the clip, which few recordings of many rooms need.

    Raises:
        UsageError: no front end of this name.
        BackendUnavailableError: librosa is not installed, for those of log-mel.
    """
    match name:
        case "mfcc":
            return mfcc_windows()
        case "mfcc-12":
            return mfcc_windows(12)
        case "logmel" | "logmel-even":
            from facecues.models.front_ends.logmel import logmel_windows

            return logmel_windows(even=name == "logmel-even")
    raise UsageError(f"Unknown front end {name!r}; use one of {', '.join(FRONT_ENDS)}.")
