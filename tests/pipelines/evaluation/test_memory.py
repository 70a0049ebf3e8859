import numpy as np
import pytest

from facecues.pipelines.atomic import StoreError
from facecues.pipelines.evaluation.memory import Memory

ARRAYS = {"rows": np.arange(12, dtype=np.float32).reshape(3, 4), "told": np.array("words")}


def test_what_was_saved_is_loaded_by_kind_content_and_signature_alone(tmp_path):
    memory = Memory(tmp_path)
    memory.save("cues", "abc", "s1", ARRAYS)
    found = Memory(tmp_path).load("cues", "abc", "s1")
    assert found.keys() == ARRAYS.keys() and (found["rows"] == ARRAYS["rows"]).all() and str(found["told"]) == "words"
    assert memory.has("cues", "abc", "s1")
    assert not any(memory.has(*key) for key in (("cue", "abc", "s1"), ("cues", "abd", "s1"), ("cues", "abc", "s2")))


def test_the_same_arrays_are_the_same_bytes(tmp_path):
    for folder in ("one", "other"):
        Memory(tmp_path / folder).save("cues", "abc", "s", ARRAYS)
    one, other = (next((tmp_path / folder).rglob("*.npz")) for folder in ("one", "other"))
    assert one.read_bytes() == other.read_bytes()


def test_a_name_with_a_slash_stays_in_the_folder(tmp_path):
    memory = Memory(tmp_path / "memory")
    memory.save("emotion-/data/run", "abc", "s", ARRAYS)
    assert memory.has("emotion-/data/run", "abc", "s")
    assert [path.name for path in (tmp_path / "memory").iterdir()] == ["emotion-_data_run"]


def test_what_is_not_there_or_damaged_is_named_in_a_sentence(tmp_path):
    memory = Memory(tmp_path)
    with pytest.raises(StoreError, match=r"cannot be read .*delete it, and it is computed again"):
        memory.load("cues", "abc", "s")
    memory.save("cues", "abc", "s", ARRAYS)
    path = next(tmp_path.rglob("*.npz"))
    content = path.read_bytes()
    for damaged in (b"", content[:50], content[:-30], b"x" * 400):
        path.write_bytes(damaged)
        with pytest.raises(StoreError, match=path.name):
            memory.load("cues", "abc", "s")


def test_objects_are_neither_written_nor_read(tmp_path):
    memory = Memory(tmp_path)
    with pytest.raises(ValueError, match="allow_pickle"):
        memory.save("cues", "abc", "s", {"evil": np.array([{}], dtype=object)})
    assert not memory.has("cues", "abc", "s") and not list(tmp_path.rglob("*.tmp"))


def test_a_folder_that_cannot_be_written_is_a_sentence(tmp_path):
    (tmp_path / "file").write_text("x")
    with pytest.raises(StoreError, match="Cannot write"):
        Memory(tmp_path / "file").save("cues", "abc", "s", ARRAYS)
