import pytest

from facecues.labels import EMOTIONS
from facecues.models.emotion.config import CueClassifierConfig
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


@pytest.fixture
def judge(tmp_path):
    """A classifier of cues that has learnt nothing."""
    torch = pytest.importorskip("torch")
    from facecues.models.emotion.cue_network import CueClassifier
    from facecues.models.emotion.folder import classifier_files

    torch.manual_seed(0)
    folder = tmp_path / "judge"
    folder.mkdir()
    for name, content in classifier_files(CueClassifier(CueClassifierConfig(hidden=8)), EMOTIONS).items():
        (folder / name).write_bytes(content)
    return folder
