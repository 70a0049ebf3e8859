import numpy as np
import torch

from facecues.models.facevid2vid.pairs import Pairs, PairSource
from tests.models.facevid2vid.pictures import CLIPS, PER_CLIP, faces


def source() -> PairSource:
    return PairSource(faces(), torch.device("cpu"))


def test_sources_are_pictures_of_the_same_person_and_partly_of_another_clip() -> None:
    drawn = source().draw(np.arange(2 * PER_CLIP), 400, 0.5, mirrored=False, rng=np.random.default_rng(0))
    clip_of, driving = drawn.sources // PER_CLIP, drawn.drivings // PER_CLIP
    assert set(driving) == {0, 1} and np.all(clip_of // 2 == driving // 2)
    assert 0.1 < np.mean(clip_of != driving) < 0.4


def test_rows_and_names_are_those_of_the_clips() -> None:
    pairs = source()
    assert pairs.rows_of(np.array([1, CLIPS - 1])).tolist() == [
        *range(PER_CLIP, 2 * PER_CLIP),
        *range((CLIPS - 1) * PER_CLIP, CLIPS * PER_CLIP),
    ]
    assert pairs.clip_ids(Pairs(np.array([0]), np.array([PER_CLIP]))) == ["A0/front/happy/0", "A0/front/happy/1"]


def test_a_mirror_swaps_left_and_right_in_pictures_points_and_angles() -> None:
    rows = np.array([0, 5])
    (plain, _), (mirrored, _) = (source().views(Pairs(rows, rows, swapped)) for swapped in (False, True))
    torch.testing.assert_close(mirrored.pictures, plain.pictures.flip(3))
    torch.testing.assert_close(mirrored.points[:, 0], plain.points[:, 16] * torch.tensor([-1.0, 1, 1]))
    torch.testing.assert_close(mirrored.points[:, 68], plain.points[:, 69] * torch.tensor([-1.0, 1, 1]))
    torch.testing.assert_close(mirrored.angles, plain.angles * torch.tensor([-1.0, 1, -1]))
