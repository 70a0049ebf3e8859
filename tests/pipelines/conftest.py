import pytest

from facecues.pipelines.cluster import connect
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


@pytest.fixture
def dataset(tmp_path):
    return make_dataset(tmp_path / "mead")


@pytest.fixture
def store(tmp_path):
    return tmp_path / "store"
