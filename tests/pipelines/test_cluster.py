import contextlib
import importlib
import json
import os
import subprocess
import sys
from multiprocessing import resource_tracker

import psutil
import pytest
from distributed import LocalCluster

from facecues.errors import FacecuesError, UsageError
from facecues.pipelines.cluster import _refuse_other_versions, connect
from facecues.pipelines.extract import extract
from facecues.pipelines.runner import Runner
from facecues.preprocess.index import build_index
from tests.pipelines.datasets import CONFIG, REPOSITORY, contents, make_dataset, run, wait_until

THREADS = ("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS", "NUMBA_NUM_THREADS")


def describe_worker():
    return {
        "torch": "torch" in sys.modules,
        "threads": [os.environ[name] for name in THREADS],
        "addresses": {
            connection.laddr.ip
            for connection in psutil.Process().net_connections("inet")
            if connection.status == "LISTEN"
        },
    }


def test_workers_have_one_native_thread_listen_here_only_and_load_no_torch():
    with connect(2, None) as client:  # of its own: other tests have the shared one's workers load torch
        for worker in client.run(describe_worker).values():
            assert worker == {"torch": False, "threads": ["1"] * 4, "addresses": {"127.0.0.1"}}
        assert list(client.nthreads().values()) == [1, 1]


def test_the_scheduler_listens_here_only():
    def listening():
        return {c.laddr for c in psutil.Process().net_connections("inet") if c.status == "LISTEN"}

    before = listening()
    with connect(1, None):
        assert {address.ip for address in listening() - before} == {"127.0.0.1"}


def test_a_cluster_leaves_nothing_behind():
    resource_tracker.ensure_running()  # multiprocessing's own, one for the life of a process
    processes = set(psutil.Process().children())
    before = {name: os.environ.get(name) for name in THREADS}
    with connect(1, None) as client:
        client.submit(int).result()
    _, alive = psutil.wait_procs(set(psutil.Process().children()) - processes, timeout=5)
    assert not alive
    assert {name: os.environ.get(name) for name in THREADS} == before


def nannies_end(client):
    """As if each had given up."""
    cluster = client.cluster
    for nanny in cluster.workers.values():
        cluster.sync(nanny.close)
    wait_until(lambda: not cluster.scheduler.workers)


def test_a_nanny_that_gave_up_is_replaced():
    with connect(2, None) as client:
        nannies_end(client)
        assert client.submit(int).result(timeout=30) == 0


def test_a_run_whose_workers_never_come_back_ends(monkeypatch):
    monkeypatch.setattr("facecues.pipelines.cluster._TEND_S", 0.1)
    monkeypatch.setattr("facecues.pipelines.cluster._STRANDED_S", 1.0)
    scale = LocalCluster.scale
    monkeypatch.setattr(LocalCluster, "scale", lambda cluster, n: None if n else scale(cluster, n))  # none can start
    with pytest.raises(FacecuesError, match="No worker process has lived for 1 s"), connect(1, None) as client:
        nannies_end(client)
        runner = Runner(client, abs)
        runner.add([1, 2])
        list(runner)


def test_a_scheduler_that_does_not_answer_is_named(monkeypatch):
    monkeypatch.setattr("facecues.pipelines.cluster._CONNECT_S", 0.5)
    nobody = "tcp://127.0.0.1:9"
    with pytest.raises(UsageError, match=f"No Dask scheduler answers at {nobody} "), connect(None, nobody):
        pass


@pytest.mark.parametrize("address", ["nonsense", "http://127.0.0.1:80", ""])
def test_what_is_no_address_is_named(address):
    with pytest.raises(UsageError, match="expected an address such as"), connect(None, address):
        pass


class OtherVersions:
    """A client of a cluster whose worker has another version of something."""

    def __init__(self, **packages):
        here = {"python": "3.11.7.final.0", "dask": "2026.8.0", "distributed": "2026.8.0"}
        self.versions = {
            "client": {"packages": here},
            "scheduler": {"packages": here},
            "workers": {"tcp://10.0.0.2:1": {"packages": here | packages}},
        }

    def get_versions(self):
        return self.versions


def test_other_versions_are_refused():
    with pytest.raises(UsageError, match=r"Here is dask 2026\.8\.0, and tcp://10\.0\.0\.2:1 has 2025\.1\.0"):
        _refuse_other_versions(OtherVersions(dask="2025.1.0"), "tcp://10.0.0.1:8786")
    with pytest.raises(UsageError, match="Here is python"):
        _refuse_other_versions(OtherVersions(python="3.12.1.final.0"), "tcp://10.0.0.1:8786")
    _refuse_other_versions(OtherVersions(python="3.11.9.final.0"), "tcp://10.0.0.1:8786")


class DaskByHand:
    """A scheduler and its workers as docs/cluster.md starts them."""

    def __init__(self, folder):
        self.file = folder / "scheduler.json"
        self.scheduler = self.start("scheduler", "--port", "0")
        wait_until(lambda: self.file.exists() and self.file.read_text().rstrip().endswith("}"))  # written whole
        self.address = json.loads(self.file.read_text())["address"]
        self.worker = self.start("worker", "--nworkers", "2", "--nthreads", "1", "--nanny")

    def start(self, role, *options):
        options = "--scheduler-file", str(self.file), "--host", "127.0.0.1", "--no-dashboard", *options
        command = [sys.executable, "-m", "dask", role, *options]
        return subprocess.Popen(command, cwd=REPOSITORY, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)


@pytest.fixture(scope="module")
def by_hand(tmp_path_factory):
    with contextlib.ExitStack() as stack:
        dask = DaskByHand(tmp_path_factory.mktemp("dask"))
        for process in (dask.worker, dask.scheduler):
            stack.callback(process.wait)
            stack.callback(process.terminate)
        yield dask


def test_a_cluster_that_lacks_the_extractor_is_told(tmp_path, dataset, store, by_hand, monkeypatch):
    (tmp_path / "only_here.py").write_text("def build(config): pass")
    monkeypatch.syspath_prepend(tmp_path)
    build = importlib.import_module("only_here").build
    with pytest.raises(UsageError, match=r"cannot load the extractor .No module named 'only_here'.: install"):
        extract(build_index(dataset), store, CONFIG, scheduler=by_hand.address, build=build)
    assert not store.exists()


def test_a_scheduler_and_workers_started_by_hand_do_and_may_go_away(tmp_path, store, by_hand, monkeypatch):
    monkeypatch.setattr("facecues.pipelines.cluster._CONNECT_S", 2)
    dataset = make_dataset(tmp_path / "mead", says="sleep=0.1")
    ended = []

    def go_away(event):
        ended.append(event)
        if event.ended == 4:
            by_hand.scheduler.kill()

    with pytest.raises(FacecuesError, match="scheduler is gone; what is finished is kept"):
        run(dataset, store, by_hand.address, progress=go_away)
    assert run(dataset, store, workers=2).skipped >= 4
    run(dataset, tmp_path / "undisturbed", workers=2)
    assert contents(store) == contents(tmp_path / "undisturbed")
