"""docs/metrics.md and docs/protocols.md say what the code does: their snippets run, their tables are the registry's."""

import re
from pathlib import Path

import numpy as np
import pytest

from facecues import metrics
from facecues.metrics.cohesion import cohesion_signatures
from facecues.metrics.contracts import MetricInfo
from facecues.metrics.distributions import DEGREE_BINS
from facecues.metrics.gaze import GAZE_JS, GAZE_TV, GAZE_W1
from facecues.metrics.histograms import histogram_signature
from facecues.metrics.landmark_options import LandmarkOptions
from facecues.metrics.pose import AXES, POSE_JS, POSE_JS_MEAN, POSE_V_W1, VELOCITY_BINS
from facecues.metrics.protocols import FACECUES, PROTOCOLS
from facecues.metrics.psnr import Psnr
from facecues.metrics.scoring import Rules, make_columns
from facecues.metrics.sets import ClipOfSet, emotion_values, frechet_and_kernel
from facecues.metrics.ssim import Ssim
from facecues.reasons import ScoreReason

DOCS = Path(__file__).resolve().parents[2] / "docs"
METRICS_PAGE = (DOCS / "metrics.md").read_text()
PROTOCOLS_PAGE = (DOCS / "protocols.md").read_text()
WITHOUT_CONTEMPT = ("angry", "disgusted", "fear", "happy", "neutral", "sad", "surprised")


def rows(page: str, columns: int) -> list[list[str]]:
    """Cells of all tables of so many columns, heads and rules left out."""
    lines = [re.split(r"(?<!\\)\|", line.strip())[1:-1] for line in page.splitlines() if line.startswith("|")]
    return [[cell.strip() for cell in line] for line in lines if len(line) == columns and "---" not in line[0]]


def test_the_snippets_run() -> None:
    page: dict[str, object] = {}
    snippets = re.findall(r"```python\n(.*?)```", METRICS_PAGE, re.DOTALL)
    assert len(snippets) >= 4
    for snippet in snippets:
        exec(compile(snippet, "docs/metrics.md", "exec"), page)  # one reads on where the other ends


def test_every_metric_has_a_row_with_its_unit_direction_and_ideal() -> None:
    told = {row[0]: row for row in rows(METRICS_PAGE, 6) if row[0] != "name"}
    assert told.keys() == metrics.METRICS.keys()
    for name, (_, _, unit, better, ideal, _) in told.items():
        info = metrics.METRICS[name]
        expected = (info.unit, info.better or "–", "–" if info.ideal is None else f"{info.ideal:g}")
        assert (unit, better, ideal) == expected, name


def test_functions_that_the_page_names_are_there() -> None:
    named = {cell for row in rows(METRICS_PAGE, 6) for cell in re.findall(r"`(\w+)", row[5])}
    assert named and named <= set(metrics.__all__)
    called = set(re.findall(r"(?<![\w.])metrics\.(\w+)[(\[]", METRICS_PAGE))
    assert called and called <= set(metrics.__all__)


def test_every_reason_is_named() -> None:
    assert {str(reason) for reason in ScoreReason} <= set(re.findall(r"`(\w+)`", METRICS_PAGE))


def default_signatures() -> dict[str, str]:
    """Signature by metric under the default protocol; what weights and backends add to it is `…`."""
    instruments = {
        "SSIM": Ssim().signature,
        "PSNR": Psnr().signature,
        "LPIPS": "lpips|net:alex|heads:0.1|w:…|v:1",
        "LPIPS-VGG": "lpips|net:vgg|heads:0.1|w:…|v:1",
        "emotion-fer": "…",
        "identity-dlib": "…",
        "syncnet": "…",
    }
    columns = make_columns(Rules(FACECUES, {"emotion-fer": WITHOUT_CONTEMPT}), "…", instruments, {})
    found = {name: column.signature for name, column in columns.items()}
    clips, loaded = [ClipOfSet("a", "A", None)], np.eye(4, dtype=np.float32)
    for network in ("inception", "alexnet"):
        values = frechet_and_kernel(network, "…", clips, lambda _: (loaded, loaded), resamples=0)
        found |= {value.info.name: value.signature for value in values}
    values, _ = emotion_values("emotion-fer", "…", WITHOUT_CONTEMPT, videos=[], real=[], missing="penalize")
    found |= {value.info.name: value.signature for value in values}
    pairs: list[tuple[MetricInfo, str]] = [(info, "combined") for info in (GAZE_JS, GAZE_TV, *GAZE_W1)]
    pairs += [*zip(POSE_JS, AXES, strict=True), (POSE_JS_MEAN, ",".join(AXES))]
    found |= {name: f"{signature}|by:…" for name, signature in cohesion_signatures().items()}
    found[POSE_V_W1.name] = f"{histogram_signature(POSE_V_W1.name, 'turns', VELOCITY_BINS)}|by:…"
    return found | {info.name: f"{histogram_signature(info.name, what, DEGREE_BINS)}|by:…" for info, what in pairs}


def test_default_signatures_are_those_of_the_code() -> None:
    block = METRICS_PAGE.rpartition("```\n")[0].rpartition("```\n")[2]
    told = dict(re.split(r" +", line, maxsplit=1) for line in block.splitlines())
    assert told == default_signatures()


def test_the_protocols_page_names_every_option_that_differs() -> None:
    for name, protocol in PROTOCOLS.items():
        options = protocol.landmarks.model_dump()
        for option, usual in LandmarkOptions().model_dump().items():
            if options[option] != usual:
                assert f"`{option}={options[option]}`" in PROTOCOLS_PAGE, (name, option, options[option])


@pytest.mark.parametrize("page", ["metrics.md", "protocols.md"])
def test_links_lead_somewhere(page: str) -> None:
    for target in re.findall(r"\]\((?!http)([^)#]+)", (DOCS / page).read_text()):
        assert (DOCS / target).exists(), target
