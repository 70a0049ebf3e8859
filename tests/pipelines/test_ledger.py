import pytest

from facecues.pipelines.atomic import StoreError
from facecues.pipelines.ledger import Ledger
from facecues.pipelines.rows import ROW_SCHEMA, failed_row, newest
from facecues.preprocess.layouts import Clip
from facecues.reasons import ClipReason


def row(clip_id, **values):
    clip = Clip(clip_id, f"{clip_id}.mp4", actor="M003", level=3, size=2**40, mtime_ns=2**60 + 1, ctime_ns=-1)
    return failed_row(clip, ClipReason.TIMEOUT, 'a "message"\nof two lines, ü', "signature", 0.1 + 0.2) | values


@pytest.fixture
def path(tmp_path):
    return tmp_path / "ledger.jsonl"


def test_rows_come_back_exactly(path):
    ledger = Ledger(path)
    ledger.append(row("a", fps=29.97, coverage=None))
    table = ledger.added()
    assert table.schema.equals(ROW_SCHEMA)
    assert table.to_pylist() == [row("a", fps=29.97, coverage=None)]


def test_rows_of_earlier_runs_are_told_from_those_of_this_one(path):
    first = Ledger(path)
    first.append(row("a"))
    first.sync()
    first.close()
    second = Ledger(path)
    second.append(row("b"))
    assert second.earlier()["clip_id"].to_pylist() == ["a"]
    assert second.added()["clip_id"].to_pylist() == ["b"]


@pytest.mark.parametrize("cut", [1, 2, 100])
def test_a_torn_last_line_is_cut_off(path, cut):
    ledger = Ledger(path)
    ledger.append(row("a"))
    ledger.append(row("b"))
    ledger.close()
    path.write_bytes(path.read_bytes()[:-cut])
    again = Ledger(path)
    again.append(row("c"))
    assert again.earlier()["clip_id"].to_pylist() == ["a"]
    assert again.added()["clip_id"].to_pylist() == ["c"]


@pytest.mark.parametrize("content", [b"", b"no line", b"x" * 200_000])
def test_nothing_whole_is_nothing(path, content):
    path.write_bytes(content)
    assert len(Ledger(path).earlier()) == 0
    assert path.stat().st_size == 0


def test_a_damaged_line_is_told_in_a_sentence(path):
    path.write_bytes(b"{no json}\n")
    with pytest.raises(StoreError, match=r"cannot be read .* or delete it"):
        Ledger(path).earlier()


def test_clearing_forgets_all(path):
    ledger = Ledger(path)
    ledger.append(row("a"))
    ledger.clear()
    assert len(ledger.added()) == len(ledger.earlier()) == 0
    ledger.append(row("b"))
    assert ledger.added()["clip_id"].to_pylist() == ["b"]


def test_of_several_rows_the_last_counts_and_all_are_sorted(path):
    ledger = Ledger(path)
    for clip, message in (("b", "1"), ("a", "2"), ("b", "3"), ("é", "4"), ("z", "5")):
        ledger.append(row(clip, message=message))
    rows = newest(ROW_SCHEMA.empty_table(), ledger.added())
    assert dict(zip(rows["clip_id"].to_pylist(), rows["message"].to_pylist(), strict=True)) == {
        "a": "2",
        "b": "3",
        "z": "5",
        "é": "4",
    }
    assert rows["clip_id"].to_pylist() == sorted(rows["clip_id"].to_pylist())
