"""How well a backend reads what is known: the synthetic corpus against its truth, and sweeps of one thing at a time.

python -m tests.benchmarks.synthetic_accuracy [BACKEND ...]      prints the table of docs/accuracy.md
"""

import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from skimage import data as pictures

from facecues.config import ExtractConfig
from facecues.cues import load_cues, to_array
from facecues.metrics.blinks import detect_blinks
from facecues.models.synth.behavior import LID_PER_DEGREE
from facecues.models.synth.corpus import SynthConfig, actor_names, rng_of
from facecues.models.synth.mouth import close_lids
from facecues.models.warp import WarpHead
from facecues.models.warp.look import look_of
from facecues.pipelines.extract import extract
from facecues.pipelines.synth import synthesise
from facecues.preprocess.geometry import gaze_in_head, rotation_matrix
from facecues.preprocess.index import build_index
from facecues.preprocess.landmarks import landmark_backend
from tests.models.test_warp import place, read

Columns = dict[str, NDArray[np.float64]]  # of one clip, a row for each frame

BACKENDS = ("facemesh", "face-landmarker")
CORPUS = SynthConfig(actors=2, levels=(1, 3), clips=1, size=512)
SWEEP = 81  # frames
_VECTORS = ("rotation", "gaze", "normalized", "eye_openness")
_AXES = ("pitch", "yaw", "roll")


def make_corpus(root: Path) -> Path:
    """The corpus that all backends are measured on."""
    synthesise(root, CORPUS, workers=2)
    return root


def accuracy(backend: str, corpus: Path, store: Path) -> dict[str, float]:
    """Everything measured of one landmark backend with gaze `iris`: degrees, correlations and shares by name."""
    return _on_corpus(backend, corpus, store) | _on_sweeps(backend)


def _on_corpus(backend: str, corpus: Path, store: Path) -> dict[str, float]:
    extract(build_index(corpus, "mead"), store, ExtractConfig(landmarks=backend), workers=2)
    true, read = _clips(corpus / "truth"), _clips(store)
    assert true.keys() == read.keys()
    pairs = [(true[clip], read[clip]) for clip in true]
    found = np.concatenate([np.isfinite(seen["gaze"][:, 0]) for _, seen in pairs])
    figures = {"face found, share of frames": float(found.mean())}
    figures |= _errors("head", "rotation", pairs)
    figures |= _errors("gaze", "gaze", [_eyes_open(*pair) for pair in pairs])
    mouths = [_correlation(_opening(known), _opening(seen)) for known, seen in pairs]
    figures["mouth opening, correlation, median of clips"] = float(np.median(mouths))
    figures["blinks seen, share"] = float(np.mean([hit for known, seen in pairs for hit in _blinks_seen(known, seen)]))
    return figures


def _on_sweeps(backend: str) -> dict[str, float]:
    """One axis at a time over its whole range, the rest at rest, for each actor of the corpus."""
    landmarks = landmark_backend(ExtractConfig(landmarks=backend))
    figures = {}
    for what, reaches in (("head", (15, 20, 15)), ("gaze", (20, 20))):
        for axis, reach in enumerate(reaches):
            pairs = []
            for actor in actor_names(CORPUS.actors):
                head = WarpHead.prepare(pictures.astronaut(), CORPUS.size, look=look_of(rng_of(0, actor, "look")))
                known = {"rotation": np.zeros((SWEEP, 3)), "gaze": np.zeros((SWEEP, 2))}
                known["rotation" if what == "head" else "gaze"][:, axis] = np.linspace(-reach, reach, SWEEP)
                pairs.append((known, read(landmarks, _sweep(head, known))))
            name = f"{what} {_AXES[axis]}, swept over ±{reach}°"
            column = "rotation" if what == "head" else "gaze"
            figures[f"{name}, median error"] = _median_error(column, axis, pairs)
            columns = [(known[column][:, axis], seen[column][:, axis]) for known, seen in pairs]
            figures[f"{name}, correlation"] = float(np.median([_correlation(*both) for both in columns]))
            figures[f"{name}, slope"] = float(np.median([np.polyfit(*both, 1)[0] for both in columns]))
    return figures


def _sweep(head: WarpHead, known: Columns) -> Iterator[NDArray[np.uint8]]:
    in_head = gaze_in_head(known["gaze"], rotation_matrix(known["rotation"]))
    shape = np.repeat(head.neutral[None], SWEEP, axis=0)
    shape = close_lids(shape, np.zeros(SWEEP), LID_PER_DEGREE * in_head[:, 0])  # as lids do
    return head.render(place(head, known["rotation"], known["gaze"], shape))


def _clips(store: Path) -> dict[str, Columns]:
    frames = load_cues(store)
    return {
        str(clip): {name: to_array(rows[name]).astype(float) for name in _VECTORS}
        for clip, rows in frames.groupby("clip_id")
    }


def _eyes_open(known: Columns, seen: Columns) -> tuple[Columns, Columns]:
    """The frames whose true lids are at least half as far apart as usual: behind others no iris is to be seen."""
    openness = known["eye_openness"].mean(axis=1)
    used = openness >= 0.5 * np.median(openness)
    return tuple({name: column[used] for name, column in clip.items()} for clip in (known, seen))


def _errors(what: str, column: str, pairs: list[tuple[Columns, Columns]]) -> dict[str, float]:
    figures = {}
    for axis in range(pairs[0][0][column].shape[1]):
        figures[f"{what} {_AXES[axis]}, median error"] = _median_error(column, axis, pairs)
        known, seen = (np.concatenate([pair[side][column][:, axis] for pair in pairs]) for side in (0, 1))
        figures[f"{what} {_AXES[axis]}, correlation"] = _correlation(known, seen)
    return figures


def _median_error(column: str, axis: int, pairs: list[tuple[Columns, Columns]]) -> float:
    return float(np.nanmedian(np.concatenate([np.abs(k[column][:, axis] - s[column][:, axis]) for k, s in pairs])))


def _correlation(one: NDArray[np.float64], other: NDArray[np.float64]) -> float:
    both = np.isfinite(one) & np.isfinite(other)
    return float(np.corrcoef(one[both], other[both])[0, 1])


def _opening(clip: Columns) -> NDArray[np.float64]:
    points = clip["normalized"].reshape(-1, 68, 3)
    return points[:, 66, 1] - points[:, 62, 1]


def _blinks_seen(known: Columns, seen: Columns) -> list[bool]:
    """For each true blink: whether one was read at that time, give or take a frame."""
    read = detect_blinks(seen["eye_openness"])
    return [
        any(one.first <= blink.last + 1 and blink.first - 1 <= one.last for one in read)
        for blink in detect_blinks(known["eye_openness"])
    ]


def main(backends: list[str]) -> None:
    with tempfile.TemporaryDirectory() as folder:
        corpus = make_corpus(Path(folder) / "corpus")
        columns = {name: accuracy(name, corpus, Path(folder) / f"store-{name}") for name in backends}
    lines = [["what", *columns], ["---"] * (1 + len(columns))]
    lines += [[what, *(f"{figures[what]:.3g}" for figures in columns.values())] for what in columns[backends[0]]]
    sys.stdout.writelines(f"| {' | '.join(line)} |\n" for line in lines)


if __name__ == "__main__":
    main(sys.argv[1:] or list(BACKENDS))
