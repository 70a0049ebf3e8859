"""The tables of docs/performance.md: their rows, and the command that writes them anew from what was measured.

    python -m tests.benchmarks.performance_table JSON ... --docs docs

JSON is what `pytest tests/benchmarks --benchmark-json JSON` writes, or one of the longer commands (OUT/NAME.json). A
row whose benchmark is in none of them, or failed, keeps its figure and date; which those are, and why, is printed.
"""

import argparse
from collections.abc import Callable
from pathlib import Path
from typing import Final

from rich.console import Console

from tests.benchmarks.measured import read_run
from tests.benchmarks.rewriting import Row, Table, rewrite

PAGE: Final = "performance.md"
Values = tuple[tuple[str, str], ...]


def of(benchmark: str, *keys: str) -> Values:
    """Keys of one benchmark's `extra_info`."""
    return tuple((benchmark, key) for key in keys)


def says(template: str) -> Callable[..., tuple[str, ...]]:
    """One cell, with the values where the template has braces."""
    return lambda *values: (template.format(*values),)


def pytest_of(file: str, chosen: str = "") -> str:
    """The command that runs benchmarks of one file."""
    return f"pytest tests/benchmarks/{file}" + (f" -k {chosen}" if chosen else "")


def middle_and_ends(ratios: list[float]) -> tuple[str, ...]:
    low, *_, high = sorted(ratios)
    return (f"**{sorted(ratios)[len(ratios) // 2]:.2f}** ({low:.2f} to {high:.2f} over {len(ratios)} rounds)",)


def ends(*lists: list[float]) -> tuple[str, ...]:
    """Least and most of each."""
    return ("; ".join(f"{min(each):.0f} to {max(each):.0f}" for each in lists),)


def ends_first_bold(first: list[float], *others: list[float]) -> tuple[str, ...]:
    return (f"**{ends(first)[0]}**; {ends(*others)[0]}",)


def ends_of_trainings(seconds: dict[str, float]) -> tuple[str, ...]:
    return (f"{ends(list(seconds.values()))[0]} s a model, of its epochs",)


def ms_and_share(ms: float, whole: float) -> tuple[str, str]:
    return f"{ms:.1f}" if ms >= 0.05 else f"{ms:.2f}", f"{100 * ms / whole:.1f} %"


EXTRACTION: Final = "test_extraction.py::test_extraction_against_decoding_alone"
LONG_CLIP: Final = "test_extraction.py::test_memory_does_not_grow_with_the_clip"
FACE_ALIGNMENT: Final = "test_against_face_alignment.py::test_extraction_is_fifty_times_faster_per_frame"
INDEX: Final = "test_index_scale.py::test_the_time_of_an_index"
DASK: Final = "test_pipeline_scale.py::test_dask_costs_at_most_three_milliseconds_a_clip"
SCALE: Final = "test_pipeline_scale.py::test_index_plan_and_resume_stay_under_a_minute_and_memory_under_1500_mb"
EVALUATION: Final = "test_evaluation.py::test_evaluate_is_twice_as_fast_as_one_package_after_the_other"
STEPS: Final = "test_evaluation.py::test_where_the_time_goes"
SQRTM: Final = "test_frechet.py::test_it_is_eight_times_faster_than_sqrtm_with_the_same_value"
BOOTSTRAP: Final = "test_statistics.py::test_10000_resamples_of_1000_clips_and_20_metrics_under_2_s"
TRAINING: Final = "test_stage1.py::test_a_demo_s_training_takes_less_than_ninety_seconds"
RENDERING: Final = "test_rendering.py::test_frames_per_second"
RENDERING_MEMORY: Final = "test_rendering.py::test_memory_does_not_grow_with_the_length"
SSIM: Final = "test_pictures.py::test_ssim_is_twice_as_fast_as_scikit_image"
PSNR: Final = "test_pictures.py::test_psnr_is_three_times_as_fast_as_scikit_image"
LPIPS: Final = "test_pictures.py::test_lpips_is_no_slower_than_the_package[alex]"
REPORT: Final = "test_report.py::test_report_of_twenty_methods_on_a_thousand_clips"

WHOLE_MEAD: Final = ((SCALE, "clips", 281_400),)
AT_SCALE: Final = "FACECUES_SCALE_ACTORS=60 pytest tests/benchmarks/test_pipeline_scale.py"


def frames_per_second(*names: str) -> Values:
    """Of renderers on a CPU, with their size behind their name."""
    return tuple((f"{RENDERING}[cpu-{name}]", "frames per second") for name in names)


MAIN: Final = Table(
    "main",
    (
        Row(
            "1080p MEAD clips, 2 workers, whole `extract` (facemesh + iris, workers' start and merging included; each "
            "clip 24 times) over decoding alone in 2 processes",
            of(EXTRACTION, "ratio"),
            middle_and_ends,
            pytest_of("test_extraction.py", "decoding"),
            "≥ 0.4; the aim of 0.7 is not reached",
        ),
        Row(
            "… frames per second: decoding alone; extraction",
            of(EXTRACTION, "decoding_fps", "extraction_fps"),
            ends,
            pytest_of("test_extraction.py", "decoding"),
        ),
        Row(
            "The face-alignment package as its README shows, over ours, seconds per 1080p frame",
            of(FACE_ALIGNMENT, "s per frame, package", "s per frame, facecues", "ratio"),
            says("{:.1f} / {:.4f} = {:.0f}×"),
            pytest_of("test_against_face_alignment.py"),
            "≥ 50×",
        ),
        Row(
            "Peak memory of the largest process, 30-second clip and 30-minute clip",
            of(LONG_CLIP, "30 seconds, MB", "long clip, MB"),
            says("{} MB, {} MB"),
            f"FACECUES_LONG_CLIP_MINUTES=30 {pytest_of('test_extraction.py', 'memory')}",
            "≤ 100 MB more",
            only=((LONG_CLIP, "long clip, minutes", 30),),
        ),
        Row(
            "281,400 clips (60 actors × 7 views × 670): index",
            of(INDEX, "seconds"),
            says("{:.1f} s"),
            pytest_of("test_index_scale.py"),
            "≤ 20 s",
            only=((INDEX, "clips", 281_400),),
        ),
        Row(
            "… client and scheduler together, at their peak, over a whole run",
            of(SCALE, "client and scheduler, one run, MB", "client and scheduler, two runs, MB"),
            says("{:,} MB; {:,} MB with a second run after it in the same process"),
            AT_SCALE,
            "≤ 1,500 MB",
            only=WHOLE_MEAD,
        ),
        Row(
            "… an all-done run again, index, planning and start included",
            of(SCALE, "resume with index s", "planning of the resume s"),
            says("{:.1f} s (planning {:.1f} s)"),
            AT_SCALE,
            "≤ 60 s",
            only=WHOLE_MEAD,
        ),
        Row(
            "… the first run with an extractor that does nothing: staging, syncing, ledger and 9,240 merged files",
            of(SCALE, "run, ms per clip"),
            says("{:.1f} ms per clip"),
            AT_SCALE,
            only=WHOLE_MEAD,
        ),
        Row(
            "Dask's own cost per clip, 2 workers",
            of(DASK, "ms per clip"),
            says("{:.1f} ms"),
            pytest_of("test_pipeline_scale.py", "dask"),
            "≤ 3 ms",
        ),
        Row(
            "`evaluate`, 3 methods against one reference, 256 × 256, 2 workers: everything (FID, KID, LPIPS, SSIM, "
            "PSNR, emotion; landmarks, gaze and pose of all videos; the networks' loading and the statistics), over "
            "PNG files, scikit-image, lpips and torch-fidelity one after the other, which have SSIM, PSNR, LPIPS and "
            "FID, all equal, loading and Fréchet distance not counted",
            of(
                EVALUATION,
                "over one process, several methods",
                "ours, several methods, s",
                "one process, several methods, s",
            ),
            says("**{:.1f}×** ({:.1f} s and {:.1f} s for 144 pairs of frames, best of two rounds)"),
            pytest_of("test_evaluation.py", "twice"),
            "≥ 2×",
        ),
        Row(
            "… 1 method, where no reference is shared",
            of(EVALUATION, "over one process, one method"),
            says("{:.1f}×"),
            pytest_of("test_evaluation.py", "twice"),
        ),
        Row(
            "… over the packages in 2 processes of one thread, which share the clips, instead of one that takes both "
            "cores: 3 methods, 1 method",
            of(EVALUATION, "over processes, several methods", "over processes, one method"),
            says("{:.1f}×, {:.1f}×"),
            pytest_of("test_evaluation.py", "twice"),
        ),
        Row(
            "Fréchet distance, 2048 dimensions, one thread, over scipy.linalg.sqrtm, equal to 1e-6",
            of(SQRTM, "times faster than sqrtm", "seconds"),
            says("{:.1f}× ({:.2f} s)"),
            pytest_of("test_frechet.py", "sqrtm"),
            "≥ 8×",
        ),
        Row(
            "10,000 bootstrap resamples, 1,000 clips, 20 metrics: over 60 actors; each clip its own actor",
            of(f"{BOOTSTRAP}[60 actors]", "seconds of processor")
            + of(f"{BOOTSTRAP}[each clip its own]", "seconds of processor"),
            says("{:.2f} s, {:.2f} s of processor"),
            pytest_of("test_statistics.py", "10000"),
            "≤ 2 s",
        ),
        Row(
            "Stage 1: one minute of sound to landmarks, gaze and pose, one core, times real time: full model; "
            "separate decoders; `lstm`",
            of("stage1_controls", "full", "separate-decoders", "lstm"),
            ends_first_bold,
            "python -m tests.benchmarks.stage1_controls OUT",
            "≥ 50",
        ),
        Row(
            "… a training as small as the demo's: 6 actors, 4 emotions, 20 epochs, one core",
            of(TRAINING, "seconds"),
            says("{:.0f} s"),
            pytest_of("test_stage1.py", "ninety"),
            "≤ 90 s",
        ),
        Row(
            "… the training of results.md's table, one core each, two at a time: 1,800 clips, 10 epochs",
            of("stage1_results", "seconds"),
            ends_of_trainings,
            "python -m tests.benchmarks.stage1_results OUT",
            "≤ 600 s",
            only=(("stage1_results", "epochs", 10),),
        ),
        Row(
            "Rendering, frames per second, one core, at 256 and 512 pixels: `warp`; `tiny` (64 pixels, enlarged)",
            frames_per_second("warp-256", "warp-512", "tiny-256", "tiny-512"),
            says("{:.0f}, {:.0f}; {:.0f}, {:.0f}"),
            pytest_of("test_rendering.py", "cpu"),
        ),
        Row(
            "… `vox-256`, `vox-256-spade`, at 256 (two frames, drawn weights)",
            frames_per_second("vox-256-256", "vox-256-spade-256"),
            says("{:.2f}, {:.2f}"),
            pytest_of("test_rendering.py", "cpu"),
        ),
        Row(
            "… memory, 10 and 80 seconds, `warp` and `tiny`",
            of(f"{RENDERING_MEMORY}[warp]", "more, MB") + of(f"{RENDERING_MEMORY}[tiny]", "more, MB"),
            says("{:+} MB, {:+} MB"),
            pytest_of("test_rendering.py", "memory"),
            "≤ 60 MB more",
        ),
        Row(
            "`tiny` face-vid2vid from scratch, one thread, 28,800 pairs",
            of("tiny_generator", "minutes"),
            says("{:.1f} min"),
            "python -m tests.benchmarks.tiny_generator CORPUS OUT",
            "≤ 15 min",
            only=(("tiny_generator", "pairs", 28_800),),
        ),
    ),
)

METRICS: Final = Table(
    "metrics",
    tuple(
        Row(
            what,
            of(benchmark, "times as fast", "times as fast, reference shared"),
            says("{:.2f}×; {:.2f}×" if benchmark == LPIPS else "{:.1f}×; {:.1f}×"),
            pytest_of("test_pictures.py"),
            needed,
        )
        for what, benchmark, needed in (
            (
                "SSIM (Gaussian window), 256 × 256, one thread: scikit-image over ours; with a reference shared by "
                "three methods",
                SSIM,
                "≥ 2×",
            ),
            ("PSNR, likewise", PSNR, "≥ 3×"),
            ("LPIPS (AlexNet), likewise, over the lpips package", LPIPS, "≥ 0.9×"),
        )
    ),
)

TIME_GOES: Final = Table(
    "steps",
    tuple(
        Row(what, of(STEPS, key, "all"), ms_and_share, pytest_of("test_evaluation.py", "time_goes"))
        for what, key in (
            ("Inception, for FID and KID", "Inception, for FID and KID"),
            ("AlexNet, for LPIPS and FD-AlexNet", "AlexNet, for LPIPS and FD-AlexNet"),
            ("SSIM", "SSIM"),
            ("landmarks and gaze", "landmarks and gaze"),
            ("metrics of sets, without intervals", "metrics of sets"),
            ("emotion (`fer`)", "emotion"),
            ("scores per clip", "scores per clip"),
            ("pictures of 256 pixels", "pictures of 256 pixels"),
            ("sound", "sound"),
            ("LPIPS's distances", "LPIPS's distances"),
            ("decoding", "decoding"),
            ("PSNR", "PSNR"),
            ("everything else, files of features among it", "everything else"),
            ("all", "all"),
        )
    ),
    heads=("ms", "share"),
    plain=True,
)

REPORTS: Final = Table(
    "reports",
    (
        Row(
            "20 methods × 1,000 clips × 15 metrics: a whole report",
            of(REPORT, "seconds"),
            says("{:.0f} s"),
            pytest_of("test_report.py"),
            "≤ 30 s",
        ),
    ),
)

TABLES: Final = (MAIN, METRICS, TIME_GOES, REPORTS)


def main() -> None:
    """Writes the page anew, and prints what was kept."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("json", type=Path, nargs="+")
    parser.add_argument("--docs", type=Path, required=True, help=f"folder of {PAGE}")
    told = parser.parse_args()
    page, console = told.docs / PAGE, Console()
    try:
        runs = [read_run(path) for path in told.json]
        before = page.read_bytes().decode()
        text, kept = rewrite(before, TABLES, runs)
    except (OSError, ValueError) as error:
        raise SystemExit(f"Nothing was written: {error}") from error
    page.write_bytes(text.encode())
    for line in kept:
        console.print(f"kept: {line}", markup=False, highlight=False, soft_wrap=True)
    count = sum(len(table.rows) for table in TABLES)
    console.print(f"{page}: {count - len(kept)} rows written anew, {len(kept)} kept", highlight=False, soft_wrap=True)


if __name__ == "__main__":
    main()
