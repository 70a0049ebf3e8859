"""Made-up people who speak, and a detector that is understood: its keypoints are some of their points, with a depth of
its own, and for everybody a little elsewhere."""

from functools import cache
from types import SimpleNamespace

import numpy as np
import torch

from facecues.models.facevid2vid.config import facevid2vid_config
from facecues.models.facevid2vid.contracts import FacePictures
from facecues.models.facevid2vid.model import FaceVid2Vid
from facecues.models.keypoint_mapper.checkpoint import Description
from facecues.models.keypoint_mapper.config import VARIANTS, MapperConfig, mapper_config
from facecues.models.keypoint_mapper.data import MapperClips
from facecues.preprocess.geometry import Similarity, rotation_matrix
from facecues.preprocess.pupils import relocate_with_pupils
from tests.models.emotion.performers import troupe

EMOTIONS = ("angry", "happy", "neutral")
FOUND = [30, 8, 51, 57, 68]  # nose, chin, upper and lower lip, right pupil
DEPTH, NEARER = -0.7, 0.2
SMALL = {
    "loss": {"image": 0.0, "perceptual": 0.0},
    "network": {"hidden": 64, "blocks": 1, "dropout": 0.0},
    "train": {"epochs": 3, "steps": 40, "batch": 16, "piece": 4, "pictures": 2, "learning_rate": 0.003},
}
LEARN, HELD_OUT = np.arange(12), np.arange(12, 18)  # the last of three people


def small(variant: str = "full", **parts: dict) -> MapperConfig:
    """A variant that trains in seconds."""
    return mapper_config(variant, {part: SMALL.get(part, {}) | parts.get(part, {}) for part in SMALL | parts})


@cache
def clips(seed: int = 0) -> MapperClips:
    """Eighteen clips of three people."""
    sequences = troupe(3, 2, EMOTIONS, seed)
    cues = sequences.cues
    rng = np.random.default_rng([seed, 9])
    pose = Similarity(rotation_matrix(cues.rotation.astype(float)), np.full(len(cues), 0.45), moves(len(cues), rng))
    gaze = cues.gaze + rng.normal(0, 10, cues.gaze.shape)  # of which neither lids nor head tell
    points = relocate_with_pupils(cues.normalized.astype(float), pose, np.repeat(gaze[:, None], 2, axis=1))
    faces = FacePictures(
        pictures=rng.integers(0, 255, (len(cues), 32, 32, 3), np.uint8),
        points=points.astype(np.float32),
        rotation=cues.rotation,
        starts=np.asarray(sequences.starts, np.int64),
        clips=sequences.clips,
    )
    made = MapperClips(faces, blind(), torch.device("cpu"))
    actors = sequences.clips["actor"].astype("category").cat.codes.to_numpy()
    own = rng.normal(0, 0.05, (3, len(FOUND), 3))[np.repeat(actors, np.diff(faces.starts))]
    found = points[:, FOUND] * [1, 1, DEPTH] + [0, 0, NEARER] + own
    made.keypoints = torch.from_numpy(found.astype(np.float32))
    return made


def moves(frames: int, rng: np.random.Generator) -> np.ndarray:
    """(frames, 3) slow shifts of the head, crop units."""
    steps = np.cumsum(rng.normal(0, 0.01, (frames, 3)), axis=0)
    return (steps - steps.mean(axis=0)).clip(-0.1, 0.1) * [1, 1, 0] + [0, -0.1, 0]


def blind():
    """In place of a detector that looks."""
    return SimpleNamespace(keypoints=lambda pictures: torch.zeros(len(pictures), len(FOUND), 3))


def generator() -> FaceVid2Vid:
    """With weights that were drawn."""
    torch.manual_seed(0)
    changes = {"size": 32, "keypoints": len(FOUND), "generator": {"motion": {"blocks": 2}}}
    return FaceVid2Vid(facevid2vid_config("tiny", changes)).eval()


def description(config: MapperConfig) -> Description:
    """Of a run whose generator does not matter."""
    return Description(
        config=config, keypoints=len(FOUND), generator="g", generator_digest="d", data="data", parameters=1
    )


ALL = tuple(VARIANTS)
