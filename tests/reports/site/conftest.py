"""A report made by hand: two methods, three clips, small videos, and names that mean harm."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from facecues.metrics.contracts import CueTrack, MetricInfo
from facecues.metrics.floors import REFERENCE
from facecues.models.media import write_video
from facecues.reports.config import ReportConfig
from facecues.reports.figures.build import SavedFigure
from facecues.reports.results import Measured, Results, RunInfo
from facecues.reports.site.build import write_site
from facecues.reports.tables.model import Cell, Column, Row, Section, Table

METRICS = (MetricInfo("M-LD", "mouth distance", "lower", "iod"), MetricInfo("SSIM", "similarity", "higher", ""))
SUMMARY = "method group metric value low high n_clips n_expected n_actors n_frames coverage reason interval note"


@dataclass
class Files:
    """Evidence of videos alone."""

    paths: Mapping[tuple[str, str], Path] = field(default_factory=dict)

    def track(self, method: str, clip_id: str) -> CueTrack | None:
        return None

    def video(self, method: str, clip_id: str) -> Path | None:
        return self.paths.get((method, clip_id))

    def sound(self, method: str, clip_id: str) -> Path | None:
        return None


def make_results(
    methods: Sequence[str] = ("ours", "theirs"), clips: Sequence[str] = ("one", "two", "three"), seed: int = 0
) -> Results:
    """Results with a random value everywhere, except M-LD of the last method's last clip."""
    random = np.random.default_rng(seed)
    scores = pd.DataFrame(
        [
            {"method": method, "clip_id": clip, "metric": info.name, "value": float(random.uniform(0, 1))}
            for method in methods
            for clip in clips
            for info in METRICS
        ],
        columns=["method", "clip_id", "metric", "value"],
    ).assign(n_frames=25, coverage=1.0, reason=None, signature="s")
    if len(clips) > 1:
        last = (scores["method"] == methods[-1]) & (scores["clip_id"] == clips[-1]) & (scores["metric"] == "M-LD")
        scores.loc[last, ["value", "reason"]] = [np.nan, "no_face"]
    means = scores.groupby(["method", "metric"], sort=False)["value"].mean().reset_index() if len(scores) else scores
    summary = means.reindex(columns=SUMMARY.split()).assign(
        group="all", n_clips=len(clips), n_expected=len(clips), n_frames=25, coverage=0.97, reason=None
    )
    videos = pd.DataFrame(
        [(method, clip) for method in (REFERENCE, *methods) for clip in clips], columns=["method", "clip_id"]
    ).assign(video="clip.mp4", status="ok", reason=None, message=None, fps=25.0)
    listed = pd.DataFrame({"clip_id": list(clips)}, dtype=object).assign(
        actor=["M001", "M002", "M001"] * (len(clips) // 3) if len(clips) % 3 == 0 else None, emotion="happy", level=1
    )
    return Results(
        methods=tuple(methods),
        limits=(REFERENCE,),
        metrics={info.name: Measured(info, f"{info.name}|v:1", of_sets=False) for info in METRICS},
        clips=listed,
        scores=scores,
        summary=summary,
        comparisons=pd.DataFrame(columns=["metric", "note"]),
        emotions=pd.DataFrame(),
        videos=videos,
        runs=(RunInfo(Path("run"), {"facecues": "0.1", "config": {"seed": 0}, "methods": {}}),),
    )


def make_table(results: Results) -> Table:
    """The main table of these results."""
    columns = tuple(Column(info.name, info.name, info.unit, info.better, 3, signature="s") for info in METRICS)
    values = results.summary.set_index(["method", "metric"])["value"].to_dict()
    rows = tuple(
        Row(
            method,
            method,
            tuple(
                Cell(values.get((method, info.name)), 0.1, 0.9, 3, 3, 0.97, rank=1 if index == 0 else 2)
                for info in METRICS
            ),
            letter="ab"[index % 2],
        )
        for index, method in enumerate(results.methods)
    )
    floor = Row(REFERENCE, REFERENCE, tuple(Cell(reason="no_reference") for _ in METRICS))
    return Table("main", "A caption.", columns, (Section("methods", rows), Section("limits", (floor,), "Limits")))


def moving(index: int, side: int = 64, frames: int = 50) -> list[np.ndarray]:
    """A bar that wanders: every frame differs."""
    pictures = np.full((frames, side, side, 3), 40 * index, np.uint8)
    for at in range(frames):
        pictures[at, :, at % side] = 255
    return list(pictures)


@pytest.fixture(scope="session")
def clip_files(tmp_path_factory: pytest.TempPathFactory) -> dict[tuple[str, str], Path]:
    """Videos of the reference and two methods, for two clips of three; one of them is broken."""
    folder = tmp_path_factory.mktemp("videos")
    tone = np.sin(np.arange(32_000) / 20).astype(np.float32) / 4
    files = {}
    for index, method in enumerate((REFERENCE, "ours", "theirs")):
        for clip in ("one", "two"):
            path = folder / f"{method}-{clip}.mp4"
            write_video(path, moving(index), audio=tone if method == REFERENCE else None)
            files[method, clip] = path
    (folder / "theirs-two.mp4").write_bytes(b"no video at all")
    return files


@pytest.fixture(scope="session")
def site(tmp_path_factory: pytest.TempPathFactory, clip_files: dict[tuple[str, str], Path]) -> Path:
    """A whole report's folder."""
    from matplotlib.figure import Figure

    folder = tmp_path_factory.mktemp("site")
    (folder / "figures").mkdir()
    saved = []
    for name in ("first", "second"):
        Figure(figsize=(3, 2)).savefig(folder / "figures" / f"{name}.png")
        saved.append(SavedFigure(name, f"The {name}", f"What {name} shows.", {"png": Path(f"figures/{name}.png")}))
    results = make_results()
    write_site(
        results,
        [make_table(results)],
        saved,
        ["FID is not there."],
        Files(clip_files),
        ReportConfig(videos="all"),
        folder,
        lambda what, done, total: None,
    )
    return folder
