"""How well the available emotion classifiers see what labelled clips show: real ones of MEAD, generated ones.

python -m tests.benchmarks.emotion_accuracy [CLASSIFIER ...]      prints the table of docs/accuracy.md
"""

import sys
from collections.abc import Iterator
from itertools import islice
from pathlib import Path

import numpy as np
import torch

from facecues.config import ExtractConfig
from facecues.errors import BackendUnavailableError, WeightsMissingError
from facecues.labels import EMOTIONS, parse_emotion
from facecues.metrics.contracts import Batch
from facecues.metrics.emotion import EmotionCounts, EmotionResult, accuracy_ratio
from facecues.metrics.networks.emotion_classifiers import EMOTION_CLASSIFIERS, EmotionClassifier, emotion_classifier
from facecues.preprocess.contracts import LandmarkBackend, Tracked
from facecues.preprocess.decode import Decoder
from facecues.preprocess.landmarks import landmark_backend

DATA = Path(__file__).resolve().parents[3] / "shared/data"
BATCH = 16  # frames
_REAL = "real, MEAD crops"
_CREMA_D = {"ANG": "angry", "DIS": "disgusted", "FEA": "fear", "HAP": "happy", "NEU": "neutral", "SAD": "sad"}


def labelled_clips(data: Path) -> dict[str, list[tuple[Path, str]]]:
    """Videos with their emotions, by set. The names tell them."""
    real = [(path, path.stem.split("_")[2]) for path in sorted(data.glob("mead_crop256/*.mp4"))]
    generated = sorted(data.glob("generated_emotions/*.mp4"))
    eat = [(path, parse_emotion(path.stem)) for path in generated if "_" not in path.stem]
    diffused = [(path, _CREMA_D[path.stem.split("_")[2]]) for path in generated if "_" in path.stem]
    return {_REAL: real, "generated, EAT": eat, "generated, Diffused Heads": diffused}


def batches(video: Path, landmarks: LandmarkBackend) -> Iterator[Batch]:
    """A video's frames with the points of the face in them; decoded once."""
    with Decoder(video, ExtractConfig().limits) as decoder:
        tracked = landmarks.track(decoder)
        while few := list(islice(tracked, BATCH)):
            yield Batch(np.stack([one.frame.rgb() for one in few]), np.stack([_points(one) for one in few]))


def measure(classifiers: list[EmotionClassifier], clips: list[tuple[Path, str]]) -> list[EmotionCounts]:
    """Each classifier's counts over the clips."""
    landmarks = landmark_backend(ExtractConfig())
    counts = [EmotionCounts.empty(one.classes) for one in classifiers]
    for video, emotion in clips:
        rows = [[one.features(batch) for one in classifiers] for batch in batches(video, landmarks)]
        frames = [np.concatenate(columns) for columns in zip(*rows, strict=True)]
        counts = [one.update(its, emotion) for one, its in zip(counts, frames, strict=True)]
    return counts


def available(names: list[str]) -> list[EmotionClassifier]:
    """The classifiers that load here; of the others, stderr says why not."""
    found = []
    for name in names:
        try:
            found.append(emotion_classifier(name))
        except (WeightsMissingError, BackendUnavailableError) as error:
            sys.stderr.write(f"{name}: {error}\n")
    return found


def table(found: dict[str, list[EmotionCounts]], classifiers: list[EmotionClassifier]) -> list[str]:
    """Markdown: a row per classifier and set."""
    heads = ("classifier", "clips", "judged", "accuracy", "over real", "macro F1", "chance", "majority", *EMOTIONS)
    lines = [f"| {' | '.join(heads)} |", "|" + "---|" * len(heads)]
    for position, classifier in enumerate(classifiers):
        real = found[_REAL][position].compute("exclude")
        for name, counts in found.items():
            its = counts[position]
            cells = [classifier.name.removeprefix("emotion-"), name, *_figures(its.compute("exclude"), real)]
            cells += [_taken_for(its, row) for row in range(len(EMOTIONS))]
            lines.append(f"| {' | '.join(cells)} |")
    return lines


def _figures(result: EmotionResult, real: EmotionResult) -> list[str]:
    total = result.videos + sum(result.excluded.values()) + result.without_face
    numbers = (result.accuracy, accuracy_ratio(result, real), result.macro_f1, result.chance, result.majority)
    return [f"{result.videos} of {total}", *("" if one is None else f"{one:.2f}" for one in numbers)]


def _taken_for(counts: EmotionCounts, row: int) -> str:
    """What the clips of one emotion are taken for, most frequent first."""
    seen = counts.confusion[row]
    known = "" if EMOTIONS[row] in counts.classes else " (not known)"
    order = [column for column in np.argsort(-seen, kind="stable") if seen[column]]
    return ", ".join(f"{seen[column]} {EMOTIONS[column]}" for column in order) + (known if order else "")


def _points(one: Tracked) -> np.ndarray:
    return np.full((68, 3), np.nan, np.float32) if one.face is None else one.face.landmarks


def main(names: list[str]) -> None:
    torch.set_num_threads(1)
    classifiers = available(names)
    found = {name: measure(classifiers, clips) for name, clips in labelled_clips(DATA).items()}
    sys.stdout.writelines(f"{line}\n" for line in table(found, classifiers))


if __name__ == "__main__":
    main(sys.argv[1:] or list(EMOTION_CLASSIFIERS))
