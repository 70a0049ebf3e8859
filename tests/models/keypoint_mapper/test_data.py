"""Pieces of clips: of one clip each, neighbours, drawn alike; and targets of the frozen detector."""

import numpy as np
import torch

from facecues.models.keypoint_mapper.data import MapperClips
from tests.models.keypoint_mapper.material import clips, generator


def test_pieces_are_neighbouring_frames_and_a_source_of_the_same_clip():
    starts = clips().faces.starts
    drawn = clips().draw(np.array([3, 5]), 200, 6, np.random.default_rng(0))
    assert set(drawn.clips) == {3, 5} and (np.diff(drawn.frames, axis=1) == 1).all()
    for rows in (drawn.frames[:, 0], drawn.frames[:, -1], drawn.sources):
        assert (starts[drawn.clips] <= rows).all() and (rows < starts[drawn.clips + 1]).all()


def test_of_a_clip_that_is_too_short_the_last_frame_is_repeated():
    start, stop = clips().faces.starts[:2]
    drawn = clips().draw(np.array([0]), 2, 100, np.random.default_rng(0))
    assert (drawn.frames == np.minimum(start + np.arange(100), stop - 1)).all()


def test_a_whole_clip_is_moved_from_its_first_frame():
    start, stop = clips().faces.starts[4:6]
    pieces = clips().whole(4)
    assert pieces.frames.tolist() == [list(range(start, stop))] and pieces.sources.tolist() == [start]


def test_targets_are_the_detectors_own_keypoints_whatever_is_looked_at_together():
    model, faces = generator(), clips().faces
    told = []
    found = MapperClips(faces, model, torch.device("cpu"), lambda done, total: told.append((done, total)))
    assert told[-1] == (len(faces.pictures), len(faces.pictures))
    with torch.inference_mode():
        some = model.keypoints(found.pictures(np.array([0, 500])))
    assert torch.allclose(found.keypoints[[0, 500]], some, atol=1e-5)
    assert 0 <= found.pictures(np.array([0])).min() < found.pictures(np.array([0])).max() <= 1
