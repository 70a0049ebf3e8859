"""What was saved is what is loaded; public checkpoints load unchanged; what is none is refused in a sentence."""

import os
from pathlib import Path

import pytest
import torch
from safetensors.torch import save_file

from facecues.errors import BackendUnavailableError, UsageError, WeightsMissingError
from facecues.models.facevid2vid.checkpoint import load_discriminator, load_facevid2vid, save_facevid2vid
from facecues.models.facevid2vid.config import facevid2vid_config
from facecues.models.facevid2vid.discriminator import Discriminator
from facecues.models.facevid2vid.model import FaceVid2Vid
from tests.models.facevid2vid.names import PUBLIC, public_shapes

NETWORKS = ("kp_detector", "he_estimator", "generator")


def tiny(values=None) -> FaceVid2Vid:
    torch.manual_seed(0)
    return FaceVid2Vid(facevid2vid_config("tiny", values))


def discriminator() -> Discriminator:
    torch.manual_seed(1)
    return Discriminator(facevid2vid_config("tiny").discriminator)


def public(model: FaceVid2Vid) -> dict[str, object]:
    """What the public training saves."""
    networks = {name: network.state_dict() for name, network in model.named_children()} | {
        "discriminator": discriminator().state_dict()
    }
    optimizer = torch.optim.Adam(model.kp_detector.parameters())
    return {**networks, "optimizer_kp_detector": optimizer.state_dict(), "epoch": 3}


def assert_same(one: torch.nn.Module, other: torch.nn.Module) -> None:
    mine, theirs = one.state_dict(), other.state_dict()
    assert mine.keys() == theirs.keys()
    assert all(torch.equal(value, theirs[name]) for name, value in mine.items())


@pytest.mark.parametrize("values", [{}, {"keypoints": 7, "rotation": "beta", "generator": {"decoder": "spade"}}])
def test_a_run_loads_as_it_was_saved(tmp_path, values):
    model = tiny(values)
    save_facevid2vid(model, tmp_path / "run")
    loaded = load_facevid2vid(tmp_path / "run", "cpu")
    assert loaded.config == model.config and not loaded.training
    assert_same(loaded, model)


def test_a_public_checkpoint_loads(tmp_path):
    model = tiny()
    torch.save(public(model), tmp_path / "00000001-checkpoint.pth.tar")
    assert_same(load_facevid2vid(tmp_path / "00000001-checkpoint.pth.tar", "cpu"), model)


def test_a_checkpoint_of_the_older_format_loads(tmp_path):
    model = tiny()
    torch.save(public(model), tmp_path / "old.pth", _use_new_zipfile_serialization=False)
    assert_same(load_facevid2vid(tmp_path / "old.pth", "cpu"), model)


def test_a_checkpoint_converted_to_safetensors_loads(tmp_path):
    model = tiny()
    save_file(model.state_dict(), tmp_path / "public.safetensors")
    assert_same(load_facevid2vid(tmp_path / "public.safetensors", "cpu"), model)


def test_the_discriminator_is_optional(tmp_path):
    content = public(tiny())
    torch.save(content, tmp_path / "with.pth")
    del content["discriminator"]
    torch.save(content, tmp_path / "without.pth")
    torch.manual_seed(2)
    fresh = Discriminator(facevid2vid_config("tiny").discriminator)
    assert not load_discriminator(fresh, tmp_path / "without.pth")
    assert load_discriminator(fresh, tmp_path / "with.pth")
    assert_same(fresh, discriminator())
    load_facevid2vid(tmp_path / "without.pth", "cpu")


def drawn(shapes, draw):
    return {name: draw(shape) if shape else torch.tensor(7) for name, shape in shapes.items()}


@pytest.mark.parametrize("preset", PUBLIC)
def test_public_names_and_shapes_tell_the_preset(tmp_path, preset):
    seeded = torch.Generator().manual_seed(0)
    # One number repeated takes no room in a file.
    content = {
        name: drawn(shapes, lambda shape: torch.randn(1, generator=seeded).expand(shape))
        for name, shapes in public_shapes(preset).items()
    }
    torch.save(content, tmp_path / "public.pth.tar")
    loaded = load_facevid2vid(tmp_path / "public.pth.tar", "cpu")
    assert loaded.config == facevid2vid_config(preset)
    for network in NETWORKS:
        for name, value in getattr(loaded, network).state_dict().items():
            assert (value == content[network][name].flatten()[0]).all(), name


@pytest.mark.slow
@pytest.mark.parametrize("preset", PUBLIC)
def test_seeded_random_weights_of_public_names_load_strictly(tmp_path, preset):
    seeded = torch.Generator().manual_seed(0)
    content = {
        name: drawn(shapes, lambda shape: torch.randn(shape, generator=seeded))
        for name, shapes in public_shapes(preset).items()
    }
    config = facevid2vid_config(preset)
    built = FaceVid2Vid(config)
    for network in NETWORKS:
        getattr(built, network).load_state_dict(content[network], strict=True)
    judge = Discriminator(config.discriminator)
    judge.load_state_dict(content["discriminator"], strict=True)
    torch.save({**content, "epoch": 3}, tmp_path / "public.pth.tar")
    del content
    assert_same(load_facevid2vid(tmp_path / "public.pth.tar", "cpu"), built)
    (tmp_path / "public.pth.tar").unlink()


class Harmful:
    def __reduce__(self) -> tuple[object, tuple[str]]:
        return os.mkdir, ("harmed",)


def refused(kind: type[Exception], path: Path, message: str) -> None:
    with pytest.raises(kind, match=message) as refusal:
        load_facevid2vid(path, "cpu")
    assert str(path) in str(refusal.value) and "\n" not in str(refusal.value)


def test_code_in_a_pickle_does_not_run(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    torch.save({**public(tiny()), "generator": Harmful()}, tmp_path / "bad.pth.tar")
    refused(WeightsMissingError, tmp_path / "bad.pth.tar", "no file of plain tensors")
    assert not (tmp_path / "harmed").exists()


@pytest.mark.parametrize("suffix", [".pth.tar", ".safetensors"])
@pytest.mark.parametrize("share", [0.0, 0.01, 0.5, 0.99])
def test_a_truncated_file_is_refused(tmp_path, suffix, share):
    whole = tmp_path / f"whole{suffix}"
    if suffix == ".safetensors":
        save_file(tiny().state_dict(), whole)
    else:
        torch.save(public(tiny()), whole)
    content = whole.read_bytes()
    cut = tmp_path / f"cut{suffix}"
    cut.write_bytes(content[: int(share * len(content))])
    refused(WeightsMissingError, cut, "no file of plain tensors")


def test_a_page_instead_of_a_file_is_refused(tmp_path):
    (tmp_path / "page.pth").write_text("<html>Too many downloads</html>")
    refused(WeightsMissingError, tmp_path / "page.pth", "no file of plain tensors")


def test_weights_of_other_shapes_are_refused_and_told(tmp_path):
    torch.save(public(tiny({"keypoints": 12})), tmp_path / "other.pth")
    refused(WeightsMissingError, tmp_path / "other.pth", r"'tiny' comes nearest, with \d+ differences, the first .*kp")
    with pytest.raises(WeightsMissingError, match="4 differences"):
        load_discriminator(Discriminator(facevid2vid_config("tiny").discriminator), _other_judge(tmp_path))


def _other_judge(folder: Path) -> Path:
    content = discriminator().state_dict()
    content["discs.1.conv.weight_orig"] = torch.zeros(1, 3, 1, 1)
    del content["discs.1.conv.weight_u"], content["discs.1.conv.weight_v"], content["discs.1.conv.bias"]
    torch.save({"discriminator": content}, folder / "judge.pth")
    return folder / "judge.pth"


@pytest.mark.parametrize("content", [[1, 2], {"state_dict": {}}, {"generator": {}}, {"generator": 3, "epoch": "a"}])
def test_another_content_is_refused(tmp_path, content):
    torch.save(content, tmp_path / "other.pth")
    refused(WeightsMissingError, tmp_path / "other.pth", "does not hold the weights of a face-vid2vid")


def test_numbers_among_the_weights_are_refused(tmp_path):
    content = public(tiny())
    content["generator"] = {**content["generator"], "final.bias": 3}
    torch.save(content, tmp_path / "numbers.pth")
    refused(WeightsMissingError, tmp_path / "numbers.pth", "generator.final.bias")


def test_a_run_whose_weights_are_of_another_configuration_is_refused(tmp_path):
    save_facevid2vid(tiny(), tmp_path)
    text = (tmp_path / "facevid2vid.json").read_text().replace('"keypoints": 10', '"keypoints": 11')
    (tmp_path / "facevid2vid.json").write_text(text)
    refused(WeightsMissingError, tmp_path, "does not hold the weights that its configuration asks for")


def test_what_is_not_there_is_told(tmp_path):
    refused(WeightsMissingError, tmp_path / "none.pth.tar", "is not there")
    refused(UsageError, tmp_path, r"facevid2vid\.json")
    save_facevid2vid(tiny(), tmp_path)
    (tmp_path / "facevid2vid.safetensors").unlink()
    refused(WeightsMissingError, tmp_path, r"facevid2vid\.safetensors is not there")


@pytest.mark.parametrize("text", ["", "[1]", '{"kind": "network"}', '{"kind": "facevid2vid", "config": {"size": 7}}'])
def test_another_description_is_refused(tmp_path, text):
    save_facevid2vid(tiny(), tmp_path)
    (tmp_path / "facevid2vid.json").write_text(text)
    refused(UsageError, tmp_path, "does not describe a face-vid2vid of this version")


@pytest.mark.parametrize(("device", "kind"), [("abacus", UsageError), ("cuda:99", BackendUnavailableError)])
def test_another_device_is_refused(tmp_path, device, kind):
    save_facevid2vid(tiny(), tmp_path)
    with pytest.raises(kind):
        load_facevid2vid(tmp_path, device)
