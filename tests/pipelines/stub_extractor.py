"""A stand-in for the real extractor: a "video" is a line of text that says what shall happen to its clip.

`frames=40` frames are made, `seed=x` makes one text differ from another, `partial` makes the clip partial, and
after the first batch of frames

    sleep=0.5       takes that long
    die             ends the worker process
    die_once=FILE   does so unless FILE exists, and makes it
    hang            never ends
    hang_native     never ends, and holds the interpreter lock
    refuse          is a ClipError
    crash           is an error nobody expected
    no_number       is a report that nobody can write down
    lose_staging    takes away the folder that the worker writes to
"""

import ctypes
import hashlib
import os
import signal
import time
from pathlib import Path

import numpy as np
import pyarrow as pa

from facecues.config import ExtractConfig
from facecues.errors import ClipError
from facecues.preprocess.contracts import ClipReport
from facecues.reasons import ClipReason, FrameReason, Status
from facecues.schema import CUE_SCHEMA

BATCH = 7  # rows of a batch: so that batches, clips and row groups end in different places


class StubExtractor:
    def __init__(self, config):
        self.signature = f"stub|{config.landmarks}|{config.gaze}"
        self.weights = {"stub.bin": "0" * 64}

    def __call__(self, video, audio, sink):
        text = video.read_text()
        said = dict(word.partition("=")[::2] for word in text.split())
        frames = int(said.get("frames", 10))
        rng = np.random.default_rng(list(hashlib.sha256(text.encode()).digest()))
        for start in range(0, frames, BATCH):
            sink(cue_batch(rng, range(start, min(frames, start + BATCH))))
            if start == 0:
                misbehave(said)
        return ClipReport(
            status=Status.PARTIAL if "partial" in said else Status.OK,
            reason=ClipReason.SHORT_DECODE if "partial" in said else None,
            message="as asked" if "partial" in said else None,
            frames=frames,
            fps=25.0,
            width=64,
            height=48,
            duration_s=frames / 25,
            audio_in_video=audio is None,
            audio_rate=16000,
            coverage=float("nan") if "no_number" in said else 0.9,
        )


def build(config: ExtractConfig) -> StubExtractor:
    return StubExtractor(config)


def misbehave(said):
    if "sleep" in said:
        time.sleep(float(said["sleep"]))
    if "die_once" in said and not os.path.exists(said["die_once"]):
        Path(said["die_once"]).touch()
        os.kill(os.getpid(), signal.SIGKILL)
    if "die" in said:
        os.kill(os.getpid(), signal.SIGKILL)
    if "hang" in said:
        time.sleep(3600)
    if "hang_native" in said:
        ctypes.PyDLL(None).sleep(3600)
    if "refuse" in said:
        raise ClipError(ClipReason.UNREADABLE, "no container that anyone knows")
    if "crash" in said:
        raise ValueError("a fault of ours")
    if "lose_staging" in said:
        # At one stroke, and out of the store: another worker may be writing there at this moment.
        lost = Path(said["lose_staging"])
        lost.rename(lost.parent.with_name(f"lost-{os.getpid()}"))


def cue_batch(rng, frames):
    """Random cues; every tenth frame has none."""
    missing = np.array([frame % 10 == 9 for frame in frames])
    columns = []
    for field in CUE_SCHEMA:
        if field.name == "frame":
            columns.append(pa.array(frames, field.type))
        elif field.name == "time_s":
            columns.append(pa.array([frame / 25 for frame in frames], field.type))
        elif field.name == "reason":
            columns.append(pa.array([FrameReason.NO_FACE.value if gone else None for gone in missing], field.type))
        elif pa.types.is_fixed_size_list(field.type):
            values = pa.array(rng.normal(size=len(frames) * field.type.list_size).astype(np.float32))
            columns.append(pa.FixedSizeListArray.from_arrays(values, type=field.type, mask=pa.array(missing)))
        else:
            columns.append(pa.array(rng.normal(size=len(frames)).astype(np.float32), mask=missing))
    return pa.RecordBatch.from_arrays(columns, schema=CUE_SCHEMA)
