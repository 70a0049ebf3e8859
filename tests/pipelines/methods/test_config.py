"""methods.yaml: read as declared, refused in one sentence, and eleven templates that say that nobody ran them."""

import re
from pathlib import Path

import pytest
import yaml

from facecues.errors import UsageError
from facecues.pipelines.methods.command import Trouble
from facecues.pipelines.methods.config import (
    PLACEHOLDERS,
    Method,
    Program,
    is_declared,
    load_methods,
    method_of,
    templates_text,
)
from facecues.pipelines.methods.patterns import LABELS, find, fixed_part, names_in
from facecues.reports.config import Capabilities, MethodStyle

PAGE = Path(__file__).resolve().parents[3] / "docs/methods.md"

# Of the issue that asked for them.
AUDIO_ALONE = {"Wav2Lip", "MakeItTalk", "PC-AVS", "Audio2Head", "SadTalker"}
EMOTIONAL = {"EVP", "EAMM", "EAT", "StyleTalk", "PD-FGC", "EDTalk"}


@pytest.fixture
def methods(tmp_path):
    """Writes methods.yaml."""

    def write(text):
        file = tmp_path / "methods.yaml"
        file.write_text(text if isinstance(text, str) else yaml.safe_dump(text))
        return file

    return write


@pytest.fixture
def templates(methods):
    return load_methods(methods(templates_text()))


RUN = {"argv": ["python", "x.py", "{output}"]}


# What is declared


def test_a_declaration_is_what_reports_show(methods, tmp_path):
    capabilities = {"landmarks": "full", "pose": "half", "gaze": "none", "emotion": "full"}
    file = methods({"eat": {"title": "EAT", "citation": "gan2023eat", "capabilities": capabilities, "run": RUN}})
    declared = method_of(f"{file}#eat")
    assert (declared.key, declared.title, declared.folder) == ("eat", "EAT", tmp_path)
    assert declared.style == MethodStyle(
        name="eat", title="EAT", citation="gan2023eat", capabilities=Capabilities(**capabilities)
    )


def test_numbers_among_arguments_are_texts(methods):
    program = method_of(
        f"{methods({'x': {'run': RUN | {'argv': ['a', 7, 0.5, '{output}'], 'gpus': [0]}}})}#x"
    ).method.run
    assert program.argv == ("a", "7", "0.5", "{output}") and program.gpus == ("0",)


def test_what_names_a_method_of_a_file():
    assert is_declared("methods.yaml#eat") and is_declared("a/b.yml#x")
    assert is_declared("methods.yaml")  # which one is still to be named
    assert not is_declared("still") and not is_declared("runs/#1")


def test_a_mistake_in_another_method_of_the_file_does_not_matter(methods):
    file = methods({"broken": {"runs": RUN}, "worse": 7, "eat": {"run": RUN}})
    assert method_of(f"{file}#eat").method.run is not None
    with pytest.raises(UsageError, match="method 'broken'"):
        load_methods(file)


# What is refused


@pytest.mark.parametrize(
    ("method", "sentence"),
    [
        ({"run": RUN | {"argv": "python x.py {output}"}}, r"run.argv: expected a list of arguments such as \[python"),
        ({"run": RUN | {"argv": ["x", "{outptu}"]}}, "unknown placeholder {outptu} in '{outptu}': expected one"),
        ({"run": RUN | {"argv": ["x", "{output"]}}, "braces of '{output' do not match"),
        ({"run": RUN | {"argv": ["x", "{output.parent}"]}}, "unknown placeholder {output.parent}"),
        ({"run": RUN | {"argv": ["x", "{output!r}"]}}, "unknown placeholder {output!r}"),
        ({"run": RUN | {"argv": ["x", "{}"]}}, "unknown placeholder {}"),
        ({"run": RUN | {"argv": ["x", "{audio}"]}}, "no argument has {output}.* `result`"),
        ({"run": RUN | {"argv": []}}, "the first of argv is the program, and there is none"),
        ({"run": RUN | {"argv": ["x", None, "{output}"]}}, r"run.argv.1: .* \(got None\)"),
        ({"run": RUN | {"timeout_s": 0}}, r"run.timeout_s: .* greater than 0 \(got 0\)"),
        ({"run": RUN | {"shell": True}}, "run.shell is not known: expected some of argv, working_directory"),
        ({"runs": RUN}, "runs is not known: expected some of title, citation"),
        ({"titel": "EAT", "run": RUN}, r"titel is not known: expected some of .*, untested \(did you mean title\?\)$"),
        ({"run": RUN, "capabilities": {"blinks": "full"}}, "capabilities.blinks is not known: expected some"),
        ({"run": RUN, "capabilities": {"gaze": "some"}}, r"capabilities.gaze: .*'half' or 'none' \(got 'some'\)"),
        ({"run": RUN, "emotions": {"joy": "hap"}}, "unknown emotion 'joy': expected some of angry, contempt"),
        ({"run": RUN, "videos": "{clip_id}.mp4"}, "either `videos`.* or `run`"),
        ({}, "either `videos`.* or `run`"),
        ({"videos": "all.mp4"}, "one video for all clips"),
        ({"videos": "{portrait}.mp4"}, "unknown placeholder {portrait} in '{portrait}.mp4': expected one of {clip_id}"),
        ({"videos": "{portrait}.mp4"}, r"videos: unknown placeholder .*, {number}$"),  # the pattern is told once
        ("python x.py", "expected names and values"),
    ],
)  # fmt: skip
def test_each_mistake_is_told_in_one_sentence_that_names_the_method(method, sentence, methods):
    with pytest.raises(UsageError, match=sentence) as caught:
        load_methods(methods({"good": {"run": RUN}, "eat": method}))
    text = str(caught.value)
    assert "methods.yaml, method 'eat': " in text and "\n" not in text and len(text) < 500


def test_files_and_keys_that_are_not_there_are_told(methods, tmp_path):
    file = methods({"eat": {"run": RUN}, "eamm": {"run": RUN}})
    for text, sentence in (
        (f"{file}#eta", r"declares no method 'eta' \(did you mean eat\?\): it has eamm, eat\."),
        (f"{file}#nobody", "declares no method 'nobody': it has eamm, eat"),
        (f"{file}#", "such as methods.yaml#eat"),
        (f"{tmp_path}/none.yaml#eat", r"none\.yaml cannot be read: No such file or directory$"),
        (f"{file}", r"Name one of the methods of .*, such as .*methods\.yaml#eamm: it has eamm, eat\.$"),
    ):
        with pytest.raises(UsageError, match=sentence):
            method_of(text)
    for content, sentence in (
        ("[1]", "expected methods by their keys"),
        ("{}", "expected methods by their keys"),
        ("a: [", "is no YAML"),
    ):
        with pytest.raises(UsageError, match=sentence):
            load_methods(methods(content))


# Templates


def test_all_eleven_methods_have_a_template_that_is_marked_untested_with_its_sources(templates):
    assert {declared.title for declared in templates.values()} == AUDIO_ALONE | EMOTIONAL
    for declared in templates.values():
        method = declared.method
        assert method.untested
        assert re.search(r"20\d\d.*arXiv \d{4}\.\d{5}$", method.citation), declared.key
        assert method.repository.startswith("https://github.com/")
        assert method.note is not None


def test_capabilities_are_those_of_the_papers_table(templates):
    """Table 1 of Liang & Lu, arXiv 2406.07895: landmarks, head pose, gaze, emotion."""
    table = {
        "wav2lip": "none half none none",
        "makeittalk": "full full none none",
        "pc-avs": "none half none none",
        "audio2head": "none half none none",
        "evp": "none half none full",
        "eamm": "none none none full",
        "pd-fgc": "none half half half",
    }
    for key, declared in templates.items():
        found = declared.method.capabilities
        assert (found and " ".join(found.model_dump().values())) == table.get(key)


# The page about them


def test_the_pages_example_is_a_methods_file_and_all_that_can_be_said_is_named(methods):
    examples = re.findall(r"```yaml\n(.*?)```", PAGE.read_text(), re.DOTALL)
    declared = [each for example in examples for each in load_methods(methods(example)).values()]
    assert {each.method.run is None for each in declared} == {True, False}
    for name in (*Method.model_fields, *Program.model_fields):
        assert f"`{name}`" in PAGE.read_text(), name
    for name in PLACEHOLDERS:
        assert f"`{{{name}}}`" in PAGE.read_text(), name
    for trouble in Trouble:
        assert trouble is Trouble.STOPPED or f"`{trouble}`" in PAGE.read_text(), trouble


# Patterns


def test_placeholders_are_found_and_doubled_braces_are_none():
    assert names_in("{actor}/{emotion}_{{x}}.mp4", LABELS) == {"actor", "emotion"}
    assert names_in("plain", LABELS) == frozenset()


def test_values_are_taken_literally_and_wildcards_of_the_pattern_are_not(tmp_path):
    for name in ("a*b.mp4", "aXb.mp4", "[c].mp4", "c.mp4", "d_1.mp4", "d_2.mp4"):
        (tmp_path / name).touch()
    (tmp_path / "d_3.mp4").mkdir()
    found = [[file.name for file in find("{number}.mp4", {"number": text}, tmp_path)] for text in ("a*b", "[c]", "e")]
    assert found == [["a*b.mp4"], ["[c].mp4"], []]
    assert [file.name for file in find("{number}_*.mp4", {"number": "d"}, tmp_path)] == ["d_1.mp4", "d_2.mp4"]
    assert find(str(tmp_path / "c.mp4"), {}, tmp_path / "elsewhere") == [tmp_path / "c.mp4"]


def test_the_fixed_part_of_a_pattern_is_the_folder_of_all_its_files(tmp_path):
    assert fixed_part("a/b/{actor}/x.mp4", tmp_path) == tmp_path / "a/b"
    assert fixed_part("../{actor}.mp4", tmp_path / "c") == tmp_path
    assert fixed_part("a/x_*/{actor}.mp4", tmp_path) == tmp_path / "a"
    assert fixed_part("a/x.mp4", tmp_path) == tmp_path / "a"
