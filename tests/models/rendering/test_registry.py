"""Renderers are found by name or folder, or refused in one sentence."""

import pytest

from facecues.errors import UsageError
from facecues.models.rendering.registry import open_renderer


def test_warp_needs_nothing():
    assert open_renderer("warp").signature == "warp|lead:1"


@pytest.mark.parametrize("named", ["neural", "folder"])
def test_what_is_no_renderer_is_refused_with_what_there_is(named, tmp_path, monkeypatch):
    (tmp_path / "folder").mkdir()
    monkeypatch.chdir(tmp_path)
    with pytest.raises(UsageError, match=rf"no renderer '{named}': give warp, or the folder of a run of"):
        open_renderer(named)


def test_of_a_folder_that_is_no_run_it_is_told_what_it_lacks(tmp_path):
    with pytest.raises(UsageError, match=rf"with mapper.json in it; {tmp_path} is a folder without one[.]$"):
        open_renderer(str(tmp_path))
