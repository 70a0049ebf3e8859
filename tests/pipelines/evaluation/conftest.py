import pytest

from facecues.pipelines.cluster import connect
from tests.pipelines.evaluation.trees import CLIPS, World, moved, noisy, read, shorten, video_of, write


@pytest.fixture(scope="package")
def client():
    """Workers of these tests' own: they load PyTorch, which those of an extraction must not."""
    with connect(2, None) as client:
        yield client


@pytest.fixture(scope="package")
def cluster(client):
    """Its address."""
    return client.scheduler.address


@pytest.fixture(scope="package")
def world(corpus, tmp_path_factory, cluster):
    """Three short clips of two actors, two methods that have all of them, and a run over these."""
    root = tmp_path_factory.mktemp("evaluation")
    reference = shorten(corpus, root / "reference")
    methods = {"noisy": noisy, "moved": moved}
    for name, change in methods.items():
        for clip_id in CLIPS:
            write(root / name, video_of(clip_id), change(read(reference / video_of(clip_id))))
    one = World(reference, {name: root / name for name in methods}, cluster, root / "undisturbed")
    one.run(one.undisturbed)
    return one


@pytest.fixture
def out(tmp_path):
    return tmp_path / "run"
