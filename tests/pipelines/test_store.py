import os

import pyarrow.parquet as pq
import pytest

from facecues.errors import UsageError
from facecues.pipelines.store import Header, group_path, inspect, open_store, staged_file
from facecues.schema import CLIP_SCHEMA

HEADER = Header(signature="s", layout="mead", config={}, weights={}, packages={})


def test_groups_have_the_paths_that_hive_readers_expect():
    assert group_path("M003", "left_30", "sad", 3) == "actor=M003/view=left_30/sad_level_3.parquet"
    assert group_path("M003", None, "sad", 3) == "actor=M003/view=unknown/sad_level_3.parquet"
    assert group_path(None, None, None, None) == "actor=unknown/view=unknown/unknown.parquet"


def test_no_name_leads_out_of_the_store():
    path = group_path("../..", "a/b=c d", "../../x", 1)
    assert path == "actor=..%2F../view=a%2Fb%3Dc%20d/..%2F..%2Fx_level_1.parquet"


def test_staged_files_are_named_by_clip_and_content(tmp_path):
    names = {staged_file(tmp_path, clip, key).name for clip in ("a", "b") for key in ("1", "2")}
    assert len(names) == 4


def test_a_new_place_is_inspected_without_a_trace(tmp_path):
    assert inspect(tmp_path / "a/b/store") is None
    assert inspect(tmp_path) is None
    assert list(tmp_path.iterdir()) == []


def test_a_file_is_no_store(tmp_path):
    (tmp_path / "file").write_text("x")
    for path in (tmp_path / "file", tmp_path / "file/below"):
        with pytest.raises(UsageError, match="must be a folder"):
            inspect(path)


def test_a_folder_with_other_things_in_it_is_no_store(tmp_path):
    (tmp_path / "thesis.tex").write_text("x")
    with pytest.raises(UsageError, match="not empty and no cue store"):
        inspect(tmp_path)


@pytest.mark.parametrize("text", ["", "{", "[]", "{}", '{"schema_version": 1}', '"x"'])
def test_a_damaged_header_is_told(tmp_path, text):
    (tmp_path / "store.json").write_text(text)
    with pytest.raises(UsageError, match=r"store\.json is damaged"):
        inspect(tmp_path)


def test_a_place_without_the_right_to_write_is_refused(tmp_path, monkeypatch):
    monkeypatch.setattr(os, "access", lambda path, mode: False)  # root may write anywhere
    with pytest.raises(UsageError, match="No right to write"):
        inspect(tmp_path / "store")


def test_a_store_that_was_only_begun_can_be_begun_again(tmp_path):
    (tmp_path / ".state").mkdir()
    with open_store(tmp_path, HEADER):
        pass
    assert inspect(tmp_path) == HEADER


def test_a_store_is_locked_while_it_is_open(tmp_path):
    with open_store(tmp_path, HEADER), pytest.raises(UsageError, match="another run"), open_store(tmp_path, HEADER):
        pass
    with open_store(tmp_path, HEADER):
        pass


def test_an_empty_store_has_no_rows(tmp_path):
    with open_store(tmp_path, HEADER) as store:
        assert len(store.read_rows()) == 0
        store.write_rows(store.read_rows())
    assert pq.read_schema(tmp_path / "clips.parquet").equals(CLIP_SCHEMA)
