"""docs/training.md and docs/rendering.md say what the code does: fields with their defaults, variants, files, links."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml
from pydantic import BaseModel

from facecues.models.cue_generator.config import VARIANTS, GeneratorConfig, generator_config
from facecues.models.emotion.config import TrainEmotionConfig
from facecues.models.facevid2vid.training_config import TrainingConfig
from facecues.models.keypoint_mapper.config import VARIANTS as MAPPERS
from facecues.models.keypoint_mapper.config import MapperConfig

DOCS = Path(__file__).resolve().parents[2] / "docs"
PAGE, RENDERING = ((DOCS / name).read_text() for name in ("training.md", "rendering.md"))


def fields(settings: BaseModel, above: str = "") -> Iterator[str]:
    """Beginnings of table rows: name and default."""
    for name in type(settings).model_fields:
        value = getattr(settings, name)
        if isinstance(value, BaseModel):
            yield from fields(value, f"{above}{name}.")
        else:
            yield f"| `{above}{name}` | {as_yaml(value)} |"


def as_yaml(value: object) -> str:
    if isinstance(value, tuple):
        return ", ".join(map(str, value))
    return "null" if value is None else str(value).lower() if isinstance(value, bool) else str(value)


@pytest.mark.parametrize(
    ("page", "after", "settings"),
    [
        (PAGE, "## Configuration", GeneratorConfig()),
        (PAGE, "Its configuration", TrainEmotionConfig()),
        (RENDERING, "## Configuration of `train generator`", TrainingConfig()),
        (RENDERING, "## Configuration of `train keypoints`", MapperConfig()),
    ],
)
def test_every_field_stands_there_with_its_default_and_no_other(page: str, after: str, settings: BaseModel) -> None:
    table = page.split(after)[1].split("| field |")[1].split("\n\n", maxsplit=1)[0]
    assert re.findall(r"^\| `[^|]*\| [^|]* \|", table, re.MULTILINE) == list(fields(settings))


def test_the_example_of_a_configuration_is_one() -> None:
    (example,) = re.findall(r"```yaml\n(.*?)```", PAGE, re.DOTALL)
    assert generator_config("full", yaml.safe_load(example)) != GeneratorConfig()


def test_every_variant_and_baseline_is_named() -> None:
    table = PAGE.split("### Variants")[1].split("###")[0]
    assert re.findall(r"^\| `([\w-]+)`", table, re.MULTILINE) == [*VARIANTS, "retrieval"]
    assert "`still`" in table
    table = RENDERING.split("### Train a mapper")[1].split("##")[0]
    assert re.findall(r"^\| `([\w-]+)`", table, re.MULTILINE) == list(MAPPERS)


@pytest.mark.parametrize("page", ["training.md", "rendering.md", "results.md"])
def test_links_lead_somewhere(page: str) -> None:
    for target in re.findall(r"\]\((?!http)([^)#]+)", (DOCS / page).read_text()):
        assert (DOCS / target).exists(), target


def test_results_have_a_place_for_what_each_benchmark_writes() -> None:
    page = (DOCS / "results.md").read_text()
    for part in ("stage 1", "controls", "real speech", "generator", "mapper", "end to end"):
        assert page.count(f"<!-- {part}: begin -->") == page.count(f"<!-- {part}: end -->") == 1
