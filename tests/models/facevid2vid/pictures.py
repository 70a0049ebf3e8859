"""Pictures to learn from, made up."""

import numpy as np
import pandas as pd

from facecues.models.facevid2vid.contracts import FacePictures

SIDE, CLIPS, PER_CLIP = 32, 6, 4


def faces() -> FacePictures:
    """Spots that wander, of a colour for each of three actors."""
    rng = np.random.default_rng(0)
    line = np.linspace(-1, 1, SIDE)
    pictures, points = [], []
    for clip in range(CLIPS):
        for _ in range(PER_CLIP):
            x, y = rng.uniform(-0.4, 0.4, 2)
            spot = np.exp(-((line[None, :] - x) ** 2 + (line[:, None] - y) ** 2) / 0.1)
            pictures.append(255 * spot[..., None] * [0.3 + 0.3 * (clip // 2), 0.8, 0.4])
            points.append(rng.normal([x, y, 0], 0.01, (70, 3)))
    clips = [
        {"clip_id": f"A{at // 2}/front/happy/{at}", "actor": f"A{at // 2}", "view": "front"} for at in range(CLIPS)
    ]
    return FacePictures(
        np.array(pictures).astype(np.uint8),
        np.array(points, np.float32),
        rng.normal(0, 5, (CLIPS * PER_CLIP, 3)).astype(np.float32),
        np.arange(0, CLIPS * PER_CLIP + 1, PER_CLIP),
        pd.DataFrame(clips),
    )
