"""The keypoint mapper and its ablations, as docs/results.md has them.

    python -m tests.benchmarks.keypoint_mapper CORPUS GENERATOR OUT [--docs docs]

CORPUS and GENERATOR are those of tiny_generator.py. Mappers are trained by the public command, which is echoed.
Measured is on the actors that neither they nor the generator learnt from. Each clip's first picture is moved by the
keypoints of all its others: by those that the generator's own detector finds in them, and by those that mappers make of
landmarks alone.
"""

import argparse
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pandas as pd
import torch
from numpy.typing import NDArray

from facecues.cues import load_clips
from facecues.metrics.contracts import MetricInfo
from facecues.metrics.lpips import lpips
from facecues.metrics.pictures import LPIPS
from facecues.metrics.protocols import FACECUES
from facecues.metrics.scoring import Column
from facecues.metrics.ssim import SSIM, ssim
from facecues.metrics.summaries import compare, summarise
from facecues.models.facevid2vid.checkpoint import load_facevid2vid
from facecues.models.facevid2vid.model import FaceVid2Vid
from facecues.models.keypoint_mapper.checkpoint import open_mapper
from facecues.models.keypoint_mapper.config import VARIANTS
from facecues.models.keypoint_mapper.data import MapperClips
from facecues.models.keypoint_mapper.network import KeypointMapper
from facecues.models.synth.corpus import actor_names
from facecues.pipelines.training.face_pictures import gather_face_pictures
from facecues.pipelines.training.material import Source
from facecues.reports.config import ColumnStyle, MethodStyle, ReportConfig, TableStyle
from facecues.reports.results import Measured, Results
from facecues.reports.tables.build import build_tables
from facecues.reports.tables.markdown import to_markdown
from tests.benchmarks.stage1_results import facecues, together, write_section
from tests.benchmarks.tiny_generator import ACTORS, TESTED

FRAMES = 64  # of a clip, spread evenly
AT_ONCE = 8  # pictures that are generated together
COPIED, DETECTOR = "copied", "detector"
_BEGIN, _END = "<!-- mapper: begin -->", "<!-- mapper: end -->"
_L1 = MetricInfo("L1", "mean absolute difference of pixels of 0 to 255", "lower", "", 0.0)
_KEYPOINTS = MetricInfo(
    "KP", "mean absolute difference from the detector's keypoints, the picture being 2 wide", "lower", "", 0.0
)
COLUMNS = {
    one.name: Column(one, f"{one.name.lower()}|source:first-frame|crop:training", True)
    for one in (LPIPS, SSIM, _L1, _KEYPOINTS)
}
PROTOCOL = FACECUES.with_missing("exclude")
TITLES = {
    **{name: name.replace("-", " ") for name in VARIANTS},
    "full": "full mapper",
    DETECTOR: "the detector's own keypoints",
    COPIED: "source picture, copied",
}
STYLE = ReportConfig(
    methods=tuple(MethodStyle(name=name, title=title) for name, title in TITLES.items()),
    tables=(
        TableStyle(
            name="mapper",
            kind="ablation",
            baseline="full",
            limits=False,
            columns=tuple(ColumnStyle(metric=name, digits=2 if name == "L1" else 4) for name in COLUMNS),
        ),
    ),
)
Pictures = NDArray[np.uint8]


def main() -> None:
    """Trains, measures, and writes the tables."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("corpus", type=Path)
    parser.add_argument("generator", type=Path)
    parser.add_argument("out", type=Path)
    parser.add_argument("--test", default=",".join(actor_names(ACTORS)[-TESTED:]), help="actors with commas")
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--epochs", type=int, default=10)
    parser.add_argument("--parallel", type=int, default=2, help="trainings at a time, one thread each")
    parser.add_argument("--docs", type=Path, help="folder whose results.md gets the tables")
    told = parser.parse_args()
    store, cache = told.corpus / "truth", told.out / "faces"
    train = ["train", "keypoints", store, "--generator", told.generator, "--split", told.test, "--cache", cache]
    train += ["--epochs", told.epochs]
    runs = {
        (variant, seed): told.out / "runs" / f"{variant}@{seed}" for variant in VARIANTS for seed in range(told.seeds)
    }
    trainings = [[*train, "--variant", name, "--seed", seed, "--out", run] for (name, seed), run in runs.items()]
    facecues(trainings[0])  # fills the cache
    together(trainings[1:], told.parallel)
    others = ",".join(set(load_clips(store)["actor"]) - set(told.test.split(",")))
    generator = load_facevid2vid(told.generator, "cpu")
    source = Source(store, others, cache=cache)  # whose training part is who is tested
    faces = gather_face_pictures(source, generator.config.size, FRAMES, lambda *_: None)
    clips = MapperClips(faces, generator, torch.device("cpu"))
    mappers = [(variant, open_mapper(run).network) for (variant, _), run in runs.items()]
    rows = (row for clip in range(len(faces.clips)) for row in measure(clips, clip, generator, mappers))
    scores = pd.DataFrame(rows)
    scores = scores.groupby(["method", "clip_id", "metric", "signature", "n_frames"], as_index=False)["value"].mean()
    told.out.mkdir(parents=True, exist_ok=True)
    scores.to_parquet(told.out / "scores.parquet")
    parameters = sum(one.numel() for one in mappers[0][1].parameters())
    about = (
        f"The full mapper has {parameters:,} parameters. Values are means over {told.seeds} seeds and over up to "
        f"{FRAMES - 1} frames of each clip, pictures of {generator.config.size}² as the generator makes them."
    )
    tables = [about, report(scores.assign(coverage=1.0, reason=None), faces.clips), ratios(scores)]
    (told.out / "tables.md").write_text("\n\n".join(tables) + "\n", encoding="utf-8")
    if told.docs is not None:
        write_section(told.docs / "results.md", tables, _BEGIN, _END)


@torch.inference_mode()
def measure(
    clips: MapperClips, clip: int, generator: FaceVid2Vid, mappers: list[tuple[str, KeypointMapper]]
) -> Iterator[dict[str, object]]:
    """Scores of one clip, by method and metric; of a variant as many as it has seeds."""
    pieces = clips.whole(clip)
    source, frames = pieces.sources, pieces.frames[:, 1:]
    keypoints, target = clips.keypoints[source], clips.keypoints[frames[0]]
    true = clips.faces.pictures[frames[0]]
    appearance = generator.encode(clips.pictures(source))

    def drawn(driving: torch.Tensor) -> Pictures:
        parts = [generator.generate(appearance, keypoints, one).picture for one in torch.split(driving, AT_ONCE)]
        return (torch.cat(parts) * 255).round().byte().permute(0, 2, 3, 1).numpy()

    made = [(COPIED, np.broadcast_to(clips.faces.pictures[source], true.shape), keypoints)]
    made.append((DETECTOR, drawn(target), target))
    for variant, network in mappers:
        driving = network(clips.points[frames], clips.points[source], keypoints)[0]
        made.append((variant, drawn(driving), driving))
    for method, pictures, driving in made:
        values = {
            "LPIPS": lpips(pictures, true).mean(),
            "SSIM": ssim(pictures, true).mean(),
            "L1": np.abs(pictures.astype(np.float64) - true).mean(),
            "KP": (driving - target).abs().mean().item(),
        }
        for name, value in values.items():
            row = {"method": method, "clip_id": clips.faces.clips["clip_id"].iloc[clip], "metric": name}
            yield row | {"value": float(value), "n_frames": len(true), "signature": COLUMNS[name].signature}


def report(scores: pd.DataFrame, clips: pd.DataFrame) -> str:
    """The ablation, in the form of every other."""
    about = clips[["clip_id", "actor", "emotion", "level"]].astype({"clip_id": "string", "actor": "string"})
    draws = {"resamples": 9999, "seed": 0}
    results = Results(
        methods=tuple(TITLES),
        limits=(),
        metrics={name: Measured(column.info, column.signature, False) for name, column in COLUMNS.items()},
        clips=about,
        scores=scores,
        summary=summarise(scores, COLUMNS, about, protocol=PROTOCOL, **draws),
        comparisons=compare(scores, COLUMNS, about, **draws),
        emotions=pd.DataFrame(),
        videos=pd.DataFrame(),
        runs=(),
    )
    return "\n\n".join(to_markdown(table) for table in build_tables(results, STYLE))


def ratios(scores: pd.DataFrame) -> str:
    """How much worse pictures are than those that the detector's own keypoints make: ratios of means over clips."""
    wide = scores.pivot_table(index="method", columns="metric", values="value")
    wide["1 − SSIM"] = 1 - wide["SSIM"]
    names = ["LPIPS", "1 − SSIM", "L1"]
    lines = ["**Over those of the detector's own keypoints**", "", f"| method | {' | '.join(names)} |"]
    lines.append("| --- |" + " ---: |" * len(names))
    for method in (*VARIANTS, COPIED):
        cells = [f"{wide.loc[method, name] / wide.loc[DETECTOR, name]:.3f}" for name in names]
        lines.append(f"| {TITLES[method]} | {' | '.join(cells)} |")
    return "\n".join(lines)


if __name__ == "__main__":
    main()
