import pytest

from facecues.models.synth.corpus import SynthConfig
from facecues.pipelines.cluster import connect
from facecues.pipelines.synth import synthesise
from tests.pipelines.datasets import make_dataset


@pytest.fixture(scope="session")
def client():
    """A local cluster of two workers, for all tests that leave it as it was."""
    with connect(2, None) as client:
        yield client


@pytest.fixture(scope="session")
def cluster(client):
    """Its address."""
    return client.scheduler.address


@pytest.fixture(scope="session")
def original(tmp_path_factory, extractor):
    """A corpus of a second a clip: two actors, happy and neutral, one clip each, and truth/."""
    root = tmp_path_factory.mktemp("generation") / "corpus"
    config = SynthConfig(actors=2, emotions=("happy", "neutral"), levels=(3,), clips=1, size=256, seconds=(1, 1))
    synthesise(root, config, workers=2)
    return root


@pytest.fixture
def dataset(tmp_path):
    return make_dataset(tmp_path / "mead")


@pytest.fixture
def store(tmp_path):
    return tmp_path / "store"
