"""Makes a corpus and four "methods" whose faults are known, for the example in docs/reports.md.

python -m tests.benchmarks.example_methods FOLDER     writes FOLDER/reference and FOLDER/{late,blurred,shaking,other}

late     0.12 s behind its sound: landmarks and lip sync suffer, pictures hardly
blurred  a quarter of the resolution: pictures suffer
shaking  moved by up to 3 pixels at random: velocities suffer
other    another performance of the same words and emotion: everything but distributions suffers
"""

import sys
from collections import deque
from collections.abc import Callable, Iterator
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from facecues.config import Limits
from facecues.models.media import write_video
from facecues.models.synth.corpus import SynthConfig
from facecues.pipelines.synth import synthesise
from facecues.preprocess.decode import Decoder
from facecues.preprocess.index import build_index
from facecues.preprocess.sound import read_sound

CORPUS = SynthConfig(actors=8, emotions=("angry", "happy", "sad"), levels=(3,), clips=1, size=256)
_LATE = 3  # frames
_SHAKE = 3  # pixels

Picture = NDArray[np.uint8]
Change = Callable[[Iterator[Picture]], Iterator[Picture]]


def late(frames: Iterator[Picture]) -> Iterator[Picture]:
    waiting: deque[Picture] = deque()
    for frame in frames:
        waiting.append(frame)
        yield waiting[0] if len(waiting) <= _LATE else waiting.popleft()


def blurred(frames: Iterator[Picture]) -> Iterator[Picture]:
    for frame in frames:
        small = cv2.resize(frame, None, fx=0.25, fy=0.25, interpolation=cv2.INTER_AREA)
        yield np.asarray(cv2.resize(small, frame.shape[1::-1], interpolation=cv2.INTER_LINEAR), np.uint8)


def shaking(frames: Iterator[Picture]) -> Iterator[Picture]:
    rng = np.random.default_rng(0)
    for frame in frames:
        x, y = rng.integers(-_SHAKE, _SHAKE + 1, 2)
        move = np.array([[1, 0, x], [0, 1, y]], np.float64)
        yield np.asarray(cv2.warpAffine(frame, move, frame.shape[1::-1], borderMode=cv2.BORDER_REPLICATE), np.uint8)


CHANGES: dict[str, Change] = {"late": late, "blurred": blurred, "shaking": shaking}


def main(folder: Path) -> None:
    reference = folder / "reference"
    synthesise(reference, CORPUS)
    synthesise(folder / "other", CORPUS.model_copy(update={"seed": CORPUS.seed + 1}))
    for clip in build_index(reference).clips:
        source = reference / clip.video
        for name, change in CHANGES.items():
            target = folder / name / clip.video
            target.parent.mkdir(parents=True, exist_ok=True)
            with Decoder(source, Limits()) as decoder:
                write_video(
                    target,
                    change(frame.rgb() for frame in decoder),
                    audio=read_sound(reference / (clip.audio or clip.video)),
                )


if __name__ == "__main__":
    main(Path(sys.argv[1]))
