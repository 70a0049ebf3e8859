"""Cues that nobody measured, for tests of figures."""

from dataclasses import replace

import numpy as np

from facecues.metrics.contracts import CueTrack
from facecues.preprocess.template import TEMPLATE

HOSTILE = (
    "$x^{$",
    "a$b",
    "模型-\u202eevil",
    "<script>&amp;",
    "_hidden",
    "a name that is far too long for any row of any figure",
)


def fake_track(seed=0, frames=50, missing=()):
    """A face that moves slowly; `missing`: frames without one."""
    rng = np.random.default_rng(seed)

    def walk(size, step):
        return np.cumsum(rng.normal(0, step, (frames, size)), axis=0).astype(np.float32)

    normalized = (TEMPLATE + rng.normal(0, 0.01, (frames, 68, 3))).astype(np.float32)
    arrays = [normalized * 100, normalized, walk(3, 0.5), walk(2, 1), walk(2, 1), walk(2, 1), walk(2, 0.01)]
    for array in arrays:
        array[list(missing)] = np.nan
    return CueTrack(*arrays)


class FakeEvidence:
    """A track for every video but those of `lacking`: methods, or (method, clip_id)."""

    def __init__(self, *, lacking=(), frames=50, missing=()):
        self._lacking, self._frames, self._missing = set(lacking), frames, missing

    def track(self, method, clip_id):
        if method in self._lacking or (method, clip_id) in self._lacking:
            return None
        seed = [*method.encode(), *clip_id.encode()]
        return fake_track(seed, self._frames + sum(seed) % 7, self._missing)

    def video(self, method, clip_id):
        return None

    def sound(self, method, clip_id):
        return None


def shifted(track, pixels):
    """The same cues with every normalised point moved to the right."""
    return replace(track, normalized=track.normalized + np.float32([pixels, 0, 0]))
