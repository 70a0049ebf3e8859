"""Draws what the synthetic corpus looks like: a row per emotion, and one performance on several actors.

python -m tests.benchmarks.contact_sheets docs [PORTRAIT]      writes synth_emotions.jpg and synth_actors.jpg there
"""

import sys
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from facecues.labels import EMOTIONS
from facecues.models.media import read_picture, usual_portrait
from facecues.models.synth.corpus import ClipPlan, SynthConfig, actor_names, caption, make_cues, plan, rng_of
from facecues.models.warp import WarpHead
from facecues.models.warp.look import look_of
from facecues.preprocess.landmarks.facemesh import FaceMeshBackend

CONFIG = SynthConfig(actors=3, levels=(3,), clips=1, size=256)
INSTANTS = 8
_MARGIN = 26  # pixels of background left out at either side


def main(folder: Path, portrait: NDArray[np.uint8]) -> None:
    backend = FaceMeshBackend()
    heads = {
        actor: WarpHead.prepare(
            portrait, CONFIG.size, look=look_of(rng_of(CONFIG.seed, actor, "look")), backend=backend
        )
        for actor in actor_names(CONFIG.actors)
    }
    clips = {clip.emotion: clip for clip in plan(CONFIG) if clip.actor == "W002"}
    emotions = [_row(heads["W002"], clips[emotion], emotion) for emotion in EMOTIONS]
    actors = [_row(head, clips["happy"], actor) for actor, head in heads.items()]
    for name, rows in (("synth_emotions.jpg", emotions), ("synth_actors.jpg", actors)):
        bgr = cv2.cvtColor(np.vstack(rows), cv2.COLOR_RGB2BGR)
        cv2.imwrite(str(folder / name), bgr, [cv2.IMWRITE_JPEG_QUALITY, 80])


def _row(head: WarpHead, clip: ClipPlan, label: str) -> NDArray[np.uint8]:
    points = make_cues(CONFIG, clip, head.neutral, head.pose).points
    chosen = np.linspace(4, len(points) - 5, INSTANTS).astype(int)
    row = np.hstack([caption(frame[:, _MARGIN:-_MARGIN]) for frame in head.render(points[chosen])])
    cv2.rectangle(row, (0, 0), (14 + 11 * len(label), 24), (24, 24, 24), cv2.FILLED)
    cv2.putText(row, label, (8, 17), cv2.FONT_HERSHEY_SIMPLEX, 0.55, (255, 255, 255), 1, cv2.LINE_AA)
    return row


if __name__ == "__main__":
    main(Path(sys.argv[1]), read_picture(Path(sys.argv[2])) if len(sys.argv) > 2 else usual_portrait())
