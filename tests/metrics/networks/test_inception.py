"""The Inception takes the public file or none, and each picture has its own features, whatever comes with it."""

from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

torch = pytest.importorskip("torch")

from facecues.errors import UsageError, WeightsMissingError  # noqa: E402
from facecues.metrics.contracts import Batch  # noqa: E402
from facecues.metrics.frechet import fid_of_pictures, frechet_of_features  # noqa: E402
from facecues.metrics.kid import kid, kid_of_pictures  # noqa: E402
from facecues.metrics.networks.inception import Inception, InceptionFeatures, resized  # noqa: E402
from facecues.weights.registry import REGISTRY  # noqa: E402
from tests.metrics.random_inception import crops, random_inception  # noqa: E402

FILE = REGISTRY["inception"].file_name


@pytest.fixture(scope="module")
def network() -> Inception:
    return random_inception()


@pytest.fixture(scope="module")
def inception(network: Inception) -> InceptionFeatures:
    return InceptionFeatures(network=network)


@pytest.fixture(scope="module")
def pictures(astronaut: NDArray[np.uint8]) -> NDArray[np.uint8]:
    return crops(astronaut, 3, 96, seed=1)


@pytest.fixture(scope="module")
def features(inception: InceptionFeatures, pictures: NDArray[np.uint8]) -> NDArray[np.float32]:
    return inception.of_pictures(pictures)


@pytest.fixture
def seeded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder of FACECUES_WEIGHTS; the network's file may come with any hash, and from nowhere else."""
    from dataclasses import replace

    monkeypatch.setenv("FACECUES_WEIGHTS", str(tmp_path))
    monkeypatch.setenv("FACECUES_CACHE", str(tmp_path / "cache"))
    monkeypatch.setitem(REGISTRY, "inception", replace(REGISTRY["inception"], sha256="", sources=()))
    return tmp_path


def test_the_features_are_of_a_sensible_scale_and_differ(features: NDArray[np.float32]) -> None:
    assert features.shape == (3, 2048)
    assert features.dtype == np.float32
    assert 0.01 < features.mean() < 10
    assert np.linalg.matrix_rank(features - features.mean(axis=0)) == 2
    assert (features.std(axis=0) > 1e-3).mean() > 0.5


def test_batch_size_and_order_change_nothing(
    inception: InceptionFeatures, pictures: NDArray[np.uint8], features: NDArray[np.float32]
) -> None:
    nobody = np.full((1, 68, 3), np.nan, np.float32)
    one_by_one = [inception.features(Batch(picture[None], nobody)) for picture in pictures[::-1]]
    np.testing.assert_allclose(np.concatenate(one_by_one)[::-1], features, rtol=1e-5, atol=1e-6)


def test_a_file_in_the_public_layout_loads_by_name_and_shape(
    seeded: Path, network: Inception, pictures: NDArray[np.uint8], features: NDArray[np.float32]
) -> None:
    torch.save(network.state_dict(), seeded / FILE)
    loaded = InceptionFeatures()
    assert np.array_equal(loaded.of_pictures(pictures[:1]), features[:1])
    assert loaded.signature.startswith("inception-2015[w:")
    assert "given" not in loaded.signature


@pytest.mark.parametrize(
    ("name", "value"), [("Mixed_7c.branch_pool.bn.weight", None), ("AuxLogits.conv0.weight", (128, 768, 1, 1))]
)
def test_a_file_with_a_missing_or_an_extra_tensor_is_refused(
    seeded: Path, network: Inception, name: str, value: tuple[int, ...] | None
) -> None:
    entries = dict(network.state_dict())
    if value is None:
        del entries[name]
    else:
        entries[name] = torch.zeros(value)
    torch.save(entries, seeded / FILE)
    with pytest.raises(
        WeightsMissingError, match=rf"does not hold the weights for FID and KID: expected {name}"
    ) as one:
        InceptionFeatures()
    assert "\n" not in str(one.value)


def test_without_the_file_there_is_a_sentence_and_no_substitute(seeded: Path, pictures: NDArray[np.uint8]) -> None:
    for distance in (fid_of_pictures, kid_of_pictures):
        with pytest.raises(WeightsMissingError, match=rf"{FILE}.*FID and KID cannot do without.*FACECUES_WEIGHTS"):
            distance(pictures, pictures)


def test_the_public_file_is_declared_whole() -> None:
    """The weight file's own name holds the beginning of its hash."""
    weight = REGISTRY["inception"]
    assert len(weight.sha256) == 64
    assert weight.sha256[:8] in weight.file_name
    assert 0 < weight.size - 4 * sum(one.numel() for one in Inception().state_dict().values()) < 1 << 18


@pytest.mark.slow
def test_pictures_go_the_way_of_their_features(
    inception: InceptionFeatures, pictures: NDArray[np.uint8], features: NDArray[np.float32]
) -> None:
    assert fid_of_pictures(pictures[:2], pictures[1:], inception) == pytest.approx(
        frechet_of_features(features[:2], features[1:]), rel=1e-6
    )
    assert kid_of_pictures(pictures[:2], pictures[1:], inception).value == pytest.approx(
        kid(features[:2], features[1:]).value, rel=1e-6
    )


def test_a_picture_of_the_networks_size_is_not_resized() -> None:
    x = torch.rand(1, 299, 299, 3)
    assert torch.equal(resized(x), x)


def test_resizing_starts_at_the_first_pixel_and_holds_the_last() -> None:
    x = torch.tensor([0.0, 10.0]).view(1, 1, 2, 1).expand(1, 2, 2, 3)
    assert resized(x, 4)[0, 0, :, 0].tolist() == [0, 5, 10, 10]


@pytest.mark.parametrize(
    "pictures",
    [
        np.zeros((0, 9, 9, 3), np.uint8),
        np.zeros((9, 9, 3), np.uint8),
        np.zeros((2, 9, 9, 4), np.uint8),
        np.zeros((2, 9, 9, 3)),
    ],
)
def test_what_are_no_pictures_are_refused(inception: InceptionFeatures, pictures: NDArray[np.uint8]) -> None:
    with pytest.raises(ValueError, match=r"expected pictures \(n, H, W, 3\) uint8, got"):
        inception.of_pictures(pictures)


def test_what_is_no_device_is_bad_usage() -> None:
    with pytest.raises(UsageError, match="cpu, cuda"):
        InceptionFeatures("gpu")
