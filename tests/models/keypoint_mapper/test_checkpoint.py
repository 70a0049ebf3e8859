"""A run opens with the generator that it was trained for, and with no other."""

import shutil

import pytest
import torch

from facecues.errors import UsageError, WeightsMissingError
from facecues.models.facevid2vid.checkpoint import WEIGHTS as GENERATOR_WEIGHTS
from facecues.models.facevid2vid.checkpoint import save_facevid2vid
from facecues.models.keypoint_mapper.checkpoint import (
    MAPPER,
    WEIGHTS,
    Description,
    generator_digest,
    open_mapper,
    path_from,
)
from facecues.models.keypoint_mapper.network import KeypointMapper
from facecues.models.training.files import write_tensors, write_text
from tests.models.keypoint_mapper.material import FOUND, generator, small


@pytest.fixture
def run(tmp_path):
    """A mapper beside its generator."""
    folder, trained = tmp_path / "runs/mapper", tmp_path / "runs/generator"
    folder.mkdir(parents=True)
    save_facevid2vid(generator(), trained)
    described = Description(
        config=small(),
        keypoints=len(FOUND),
        generator=path_from(folder, trained),
        generator_digest=generator_digest(trained),
        data="data",
        parameters=1,
    )
    write_text(folder / MAPPER, described.model_dump_json())
    write_tensors(folder / WEIGHTS, KeypointMapper(small().network, len(FOUND)).state_dict())
    return folder


def test_a_run_opens_with_its_generator_also_where_both_were_moved(run, tmp_path):
    before = open_mapper(run)
    assert not before.network.training and not before.generator.training
    (tmp_path / "runs").rename(tmp_path / "elsewhere")
    after = open_mapper(tmp_path / "elsewhere/mapper")
    assert after.signature == before.signature and "mapper[w:" in after.signature and "generator[w:" in after.signature
    assert all(torch.equal(one, after.network.state_dict()[name]) for name, one in before.network.state_dict().items())


def test_the_signature_names_the_weights(run):
    before = open_mapper(run).signature
    network = KeypointMapper(small().network, len(FOUND))
    torch.nn.init.ones_(network.layers[-1].bias)
    write_tensors(run / WEIGHTS, network.state_dict())
    assert open_mapper(run).signature != before


def test_another_generator_in_its_place_is_refused_with_both(run):
    other = generator()
    torch.nn.init.zeros_(other.generator.final.weight)
    save_facevid2vid(other, run.parent / "generator")
    with pytest.raises(WeightsMissingError, match=r"with the weights [0-9a-f]{8}, and .*generator has [0-9a-f]{8}"):
        open_mapper(run)


def test_a_generator_that_is_gone_is_named(run):
    shutil.rmtree(run.parent / "generator")
    with pytest.raises(WeightsMissingError, match=r"generator, is gone: put it back"):
        open_mapper(run)


def test_a_folder_without_a_mapper_is_refused(run, tmp_path):
    for folder in (tmp_path, run.parent / "generator"):
        with pytest.raises(UsageError, match="holds no trained keypoint mapper"):
            open_mapper(folder)


def test_damaged_files_are_refused_in_one_sentence(run):
    whole = (run / WEIGHTS).read_bytes()
    (run / WEIGHTS).write_bytes(whole[:1000])
    with pytest.raises(WeightsMissingError, match="is no file of plain tensors"):
        open_mapper(run)
    write_tensors(run / WEIGHTS, KeypointMapper(small(network={"hidden": 32}).network, len(FOUND)).state_dict())
    with pytest.raises(WeightsMissingError, match="does not hold the weights for the keypoint mapper"):
        open_mapper(run)
    (run / WEIGHTS).write_bytes(whole)
    (run.parent / "generator" / GENERATOR_WEIGHTS).write_bytes(b"")
    with pytest.raises(WeightsMissingError, match=r"and .* has e3b0c442"):
        open_mapper(run)
    (run / MAPPER).write_text('{"kind": "still"}')
    with pytest.raises(UsageError, match=r"mapper\.json is no mapper of this version"):
        open_mapper(run)
