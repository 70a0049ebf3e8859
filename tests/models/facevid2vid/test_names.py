"""Every weight of a public checkpoint has its place, and there is no other place."""

import pytest
import torch

from facecues.models.facevid2vid.config import facevid2vid_config
from facecues.models.facevid2vid.discriminator import Discriminator
from facecues.models.facevid2vid.model import FaceVid2Vid
from tests.models.facevid2vid.names import PUBLIC, public_shapes


@pytest.mark.parametrize("network", ["kp_detector", "he_estimator", "generator", "discriminator"])
@pytest.mark.parametrize("preset", PUBLIC)
def test_names_and_shapes_equal_the_public_ones(preset, network):
    config = facevid2vid_config(preset)
    with torch.device("meta"):
        networks = {"discriminator": Discriminator(config.discriminator), **dict(FaceVid2Vid(config).named_children())}
    shapes = {name: tuple(one.shape) for name, one in networks[network].state_dict().items()}
    assert shapes == public_shapes(preset)[network]


def test_the_lists_have_the_published_lengths():
    lengths = {name: len(shapes) for name, shapes in public_shapes("vox-256").items()}
    assert lengths == {"kp_detector": 75, "he_estimator": 402, "generator": 304, "discriminator": 26}
    assert len(public_shapes("vox-256-spade")["generator"]) == 386
    assert len(public_shapes("vox-256-beta")["kp_detector"]) == 74
