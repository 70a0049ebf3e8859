"""What is said of a decoded clip: its status, the first reason that applies, and a sentence for each."""

from facecues.preprocess.audio import AudioAccount
from facecues.preprocess.decode import Decoder
from facecues.reasons import ClipReason, Status

_LOW_COVERAGE = 0.9
_MISMATCH_S = 0.15  # an AAC frame lasts 0.02 to 0.064 s, and encoders pad by one or two of them


def remarks_on(
    decoder: Decoder, sound: AudioAccount | None, sound_problem: str | None, coverage: float, several: int
) -> tuple[Status, ClipReason | None, str | None]:
    """Status, reason and message of a clip that was decoded to its end.

    Args:
        decoder: spent.
        sound: account of the clip's sound, None without.
        sound_problem: why the file beside the video could not be used.
        coverage: share of frames with a face.
        several: most faces seen at once.
    """
    losses = _losses(decoder)
    remarks = losses + _face_remarks(coverage, several) + _sound_remarks(decoder, sound, sound_problem)
    order = list(ClipReason)
    remarks.sort(key=lambda remark: order.index(remark[0]))
    status = Status.PARTIAL if losses else Status.OK
    if not remarks:
        return status, None, None
    return status, remarks[0][0], "; ".join(sentence for _, sentence in remarks)


def _losses(decoder: Decoder) -> list[tuple[ClipReason, str]]:
    """Frames that the file promises and that could not be had, or only damaged."""
    promised = decoder.declared - decoder.discarded
    if decoder.lost or decoder.damaged:
        of = f" of {promised}" if decoder.declared else ""
        return [
            (
                ClipReason.DECODE_ERROR,
                f"{decoder.decoded}{of} frames decoded, {decoder.damaged} of them damaged;"
                f" {decoder.lost} packets gave an error",
            )
        ]
    if decoder.declared and decoder.decoded < promised:
        return [(ClipReason.SHORT_DECODE, f"{decoder.decoded} of {promised} declared frames decoded")]
    step_s = decoder.duration_s / decoder.decoded
    if not decoder.declared and decoder.declared_s > decoder.duration_s + max(2 * step_s, _MISMATCH_S):
        return [
            (
                ClipReason.SHORT_DECODE,
                f"{decoder.duration_s:.2f} of {decoder.declared_s:.2f} declared seconds decoded",
            )
        ]
    return []


def _face_remarks(coverage: float, several: int) -> list[tuple[ClipReason, str]]:
    remarks = []
    if coverage == 0:
        remarks.append((ClipReason.NO_FACE, "no face found in any frame"))
    elif coverage < _LOW_COVERAGE:
        remarks.append((ClipReason.LOW_COVERAGE, f"a face in {coverage:.0%} of the frames"))
    if several > 1 and coverage > 0:
        remarks.append((ClipReason.SEVERAL_FACES, f"{several} faces seen at once; one was followed"))
    return remarks


def _sound_remarks(decoder: Decoder, sound: AudioAccount | None, problem: str | None) -> list[tuple[ClipReason, str]]:
    remarks = []
    if decoder.times_invented:
        remarks.append((ClipReason.BAD_RATE, "time stamps missing or not increasing; filled in from the nominal rate"))
    if sound is None:
        remarks.append((ClipReason.NO_AUDIO, problem or "no sound, neither beside the video nor in it"))
        return remarks
    if sound.silent:
        remarks.append((ClipReason.SILENT_AUDIO, "the sound is digital silence"))
    if problem:
        remarks.append((ClipReason.AUDIO_DAMAGED, f"{problem}; the video's own sound stands in"))
    if sound.damaged:
        remarks.append((ClipReason.AUDIO_DAMAGED, f"{sound.damaged} packets of sound do not decode"))
    # The container's sound shares the video's clock; a file beside it starts at zero.
    video_end = decoder.end_s if sound is decoder.audio else decoder.duration_s
    if abs(sound.end_s - video_end) > _MISMATCH_S:
        remarks.append(
            (ClipReason.AUDIO_MISMATCH, f"the sound ends at {sound.end_s:.2f} s, the video at {video_end:.2f} s")
        )
    return remarks
