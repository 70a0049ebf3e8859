import pytest

from tests.pipelines.evaluation.trees import CLIPS, moved, noisy, read, run, shorten, video_of, write


@pytest.fixture(scope="session")
def reference(corpus, tmp_path_factory):
    """Three short clips of two actors."""
    return shorten(corpus, tmp_path_factory.mktemp("evaluation") / "reference")


@pytest.fixture(scope="session")
def methods(reference, tmp_path_factory):
    """Two methods that have every clip."""
    root = tmp_path_factory.mktemp("methods")
    for name, change in (("noisy", noisy), ("moved", moved)):
        for clip_id in CLIPS:
            write(root / name, video_of(clip_id), change(read(reference / video_of(clip_id))))
    return {"noisy": root / "noisy", "moved": root / "moved"}


@pytest.fixture(scope="session")
def undisturbed(reference, methods, tmp_path_factory, cluster):
    """A run that nothing happened to."""
    out = tmp_path_factory.mktemp("runs") / "undisturbed"
    run(reference, methods, out, cluster)
    return out


@pytest.fixture
def out(tmp_path):
    return tmp_path / "run"
