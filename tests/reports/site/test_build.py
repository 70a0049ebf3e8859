"""Pages that say what is there and what is not, whatever things are called."""

import json
import re
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path

import pandas as pd
import pytest

from facecues.reports.config import ReportConfig
from facecues.reports.figures.build import SavedFigure
from facecues.reports.results import Results
from facecues.reports.site.build import write_site
from facecues.reports.site.cells import table_to_view
from facecues.reports.site.clips import to_script_json
from facecues.reports.site.provenance import results_to_provenance
from facecues.reports.tables.model import Cell, Change, Column, Row, Section, Table
from tests.reports.site.conftest import Files, make_results, make_table

PAGES = ("index", "tables", "figures", "clips", "coverage", "about")
HOSTILE = ("<script>alert(1)</script>", '"><img src=x onerror=alert(1)>', "=cmd()", "../../x", "{{ 7*7 }}")


class Parsed(HTMLParser):
    """All tags with their attributes."""

    def __init__(self, page: Path) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.text = page.read_text()
        self.feed(self.text)

    def handle_starttag(self, tag, attrs):
        self.tags.append((tag, dict(attrs)))


def write(results: Results, folder: Path, tables: tuple[Table, ...] | None = None) -> None:
    made = (make_table(results),) if tables is None else tables
    write_site(results, made, [], [], Files(), ReportConfig(), folder, lambda *_: None)


def data_of(folder: Path) -> dict:
    text = (folder / "assets" / "data.js").read_text()
    return json.loads(text.removeprefix("window.FACECUES = ").rstrip(";\n"))


def test_every_address_stays_in_the_folder_and_exists(site):
    for page in PAGES:
        for tag, attributes in Parsed(site / f"{page}.html").tags:
            for name in ("src", "href", "poster", "action", "data"):
                address = attributes.get(name)
                if address is None or address.startswith(("#", "data:image/svg+xml,")):
                    continue
                assert not re.match(r"[a-z]+:|/|\.\.", address), (page, tag, address)
                target = address.split("#")[0]
                assert target.startswith("tables/") or (site / target).exists(), (page, address)


def test_provenance_says_of_how_many_stores_values_are_the_mean():
    results = make_results()
    (run,) = results.runs
    told = {"clips": 3, "missing": []}
    methods = {"seeds": told | {"stores": ["a", "b"]}, "alone": told | {"stores": ["a"]}, "videos": told}
    runs = (replace(run, header={**run.header, "methods": methods}),)
    view = results_to_provenance(replace(results, runs=runs))
    assert dict(dict(view.runs[0].lists)["Methods"]) == {
        "seeds": "mean of 2 stores, each of 3 clips, 0 missing",
        "alone": "3 clips, 0 missing",
        "videos": "3 clips, 0 missing",
    }


def test_provenance_names_the_test_of_sets_only_where_it_was_made():
    results, rows = make_results(), {"note": [None, None]}
    of_clips = replace(results, comparisons=pd.DataFrame({"metric": ["M-LD", "SSIM"]} | rows))
    metrics = {**results.metrics, "SSIM": replace(results.metrics["SSIM"], of_sets=True)}
    assert not any("bootstrap" in said for said in results_to_provenance(of_clips).statistics)
    of_both = replace(of_clips, metrics=metrics)
    assert any("paired bootstrap" in said for said in results_to_provenance(of_both).statistics)


def test_ids_are_unique_and_every_page_is_named_and_has_its_policy(site):
    for page in PAGES:
        parsed = Parsed(site / f"{page}.html")
        ids = [attributes["id"] for _, attributes in parsed.tags if "id" in attributes]
        assert len(ids) == len(set(ids)), page
        assert sum(attributes.get("aria-current") == "page" for _, attributes in parsed.tags) == 1
        assert "default-src 'none'" in parsed.text and "unsafe" not in parsed.text


def test_every_score_of_every_clip_is_in_the_data_exactly(site):
    results, data = make_results(), data_of(site)
    names = [method["name"] for method in data["methods"]]
    metrics = [metric["name"] for metric in data["metrics"]]
    for row in results.scores.itertuples():
        where = names.index(row.method), metrics.index(row.metric), data["clips"]["id"].index(row.clip_id)
        value = data["scores"][where[0]][where[1]][where[2]]
        assert value == row.value if pd.notna(row.value) else value is None


def test_a_missing_score_says_why(site):
    data = data_of(site)
    ((reason, clips),) = data["why"][2][0].items()
    assert data["reasons"][int(reason)] == "no frame has a face on both sides" and clips == [2]


def test_every_value_of_a_table_is_on_its_page_exactly(site):
    results = make_results()
    values = {float(a["data-value"]) for t, a in Parsed(site / "tables.html").tags if t == "td" and "data-value" in a}
    assert values == set(results.summary["value"])


def test_hostile_names_stay_text_in_pages_data_and_file_names(tmp_path):
    results = make_results(methods=HOSTILE[:2], clips=HOSTILE[2:])
    figure = SavedFigure("f", HOSTILE[0], HOSTILE[1], {"png": Path("figures/f.png")})
    write_site(
        results,
        [make_table(results)],
        [figure],
        list(HOSTILE),
        Files(),
        ReportConfig(title=HOSTILE[0]),
        tmp_path / "site",
        lambda *_: None,
    )
    for page in PAGES:
        parsed = Parsed(tmp_path / "site" / f"{page}.html")
        scripts = [attributes for tag, attributes in parsed.tags if tag == "script"]
        assert all(attributes["src"].startswith("assets/") for attributes in scripts), page
        assert not any(name.startswith("on") for _, attributes in parsed.tags for name in attributes), page
        assert "49" not in re.findall(r"<li>([^<]*)</li>", parsed.text)
    assert "<" not in (tmp_path / "site" / "assets" / "data.js").read_text()
    assert data_of(tmp_path / "site")["clips"]["id"] == list(HOSTILE[2:])
    assert {path.name for path in tmp_path.iterdir()} == {"site"}


def test_data_never_ends_its_script():
    text = to_script_json(["</script><!--", "\u2028", "é"])
    assert not re.search(r"[<>&\u2028]", text)
    assert json.loads(text) == ["</script><!--", "\u2028", "é"]


@pytest.mark.parametrize(("methods", "clips"), [((), ()), (("ours",), ("one",)), (("ours",), ())])
def test_with_next_to_nothing_every_page_is_still_there(tmp_path, methods, clips):
    results = make_results(methods, clips)
    write(results, tmp_path, () if not clips else None)
    assert all((tmp_path / f"{page}.html").exists() for page in PAGES)
    if not clips:
        assert "nothing was measured" in (tmp_path / "index.html").read_text()
        assert "There are no clips" in (tmp_path / "clips.html").read_text()


def test_videos_that_are_gone_are_counted_and_explained(tmp_path):
    write(make_results(), tmp_path)
    assert "9 videos cannot be shown" in (tmp_path / "index.html").read_text()
    assert len(data_of(tmp_path)["missing"]) == 9


def test_cues_alone_miss_no_videos(tmp_path):
    results = make_results()
    write(replace(results, videos=results.videos.assign(status="ok", video=None)), tmp_path)
    assert "What is missing" not in (tmp_path / "index.html").read_text()
    data = data_of(tmp_path)
    assert not data["missing"] and not data["videos"] and "no videos" in data["unfilmed"]


def test_cells_say_what_stands_behind_them():
    column = Column("SSIM", "SSIM", "", "higher", 2, percent=True, signature="s")
    cells = (
        Cell(0.12345, 0.1, 0.2, 3, 4, 0.5, rank=1, beats=("b",)),
        Cell(None, reason="no_face"),
        Cell(-0.0, change=Change(0.01, 0.0, 0.02, True)),
    )
    rows = tuple(Row("name", "title", (cell,)) for cell in cells)
    table = Table("t", "c", (column,), (Section("methods", rows),))
    value, gone, zero = (row.cells[0] for row in table_to_view(table).sections[0].rows)
    assert (value.shown, value.interval, value.mark, value.letters) == ("12.34", "[10.00, 20.00]", "best", "b")
    assert value.partial and "exactly 0.12345" in value.note and "3 of 4 clips, 50.0 % of frames" in value.note
    assert gone.value is None and "no frame has a face on both sides" in gone.note
    assert zero.shown == "0.00" and zero.change == "+1.00*"
