"""methods.yaml: what each method is called, what it controls, and where its videos are or how to make them."""

import difflib
from collections.abc import Collection
from importlib.resources import files
from pathlib import Path
from typing import Any, Final, NamedTuple

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator, model_validator

from facecues.errors import UsageError
from facecues.labels import EMOTIONS
from facecues.pipelines.methods.patterns import LABELS, names_in
from facecues.reports.config import Capabilities, MethodStyle

PLACEHOLDERS: Final = ("portrait", "audio", "reference_video", "output", "folder", *LABELS)
_MARK: Final = "#"


class _Strict(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Program(_Strict):
    """How a method makes the video of one clip.

    Attributes:
        argv: program and arguments, with placeholders; no shell sees them. A program with a slash in its name is
            relative to the working directory, another one is looked for in PATH.
        working_directory: relative to the folder of methods.yaml.
        environment: added to that of the worker, or in place of it.
        timeout_s: wall time of one clip, seconds; then the program and all that it started are ended.
        gpus: for CUDA_VISIBLE_DEVICES; each running program gets one of them. Empty: the variable is left as it is.
        at_once: programs that run at the same time; None: one for each of `gpus`, or for each worker. 1 for programs
            that write to fixed places.
        result: where the video is afterwards, relative to the working directory; `*` stands for a name that the
            program chooses. None: {output}.
    """

    argv: tuple[str, ...]
    working_directory: Path = Path()
    environment: dict[str, str] = {}
    timeout_s: float = Field(default=1800.0, gt=0)
    gpus: tuple[str, ...] = ()
    at_once: int | None = Field(default=None, ge=1)
    result: str | None = None

    @field_validator("argv", mode="before")
    @classmethod
    def _is_a_list(cls, value: object) -> object:
        if isinstance(value, str):
            raise ValueError("expected a list of arguments such as [python, inference.py, '{output}'], not one text")
        return value

    @field_validator("argv", "gpus", "environment", mode="before")
    @classmethod
    def _numbers_are_texts(cls, value: object) -> object:
        if isinstance(value, dict):
            return {name: _text(each) for name, each in value.items()}
        return [_text(each) for each in value] if isinstance(value, list | tuple) else value

    @model_validator(mode="after")
    def _has_placeholders(self) -> "Program":
        if not self.argv or not self.argv[0]:
            raise ValueError("the first of argv is the program, and there is none")
        names = self.names()
        if self.result is None and "output" not in names:
            raise ValueError(
                "no argument has {output}, so nothing tells the program where the video belongs: "
                "add it to argv, or say with `result` where the program leaves its video"
            )
        return self

    def names(self) -> frozenset[str]:
        """The placeholders that are used anywhere."""
        texts = (*self.argv, *self.environment.values(), self.result or "")
        return frozenset().union(*(names_in(text, PLACEHOLDERS) for text in texts))


class Method(_Strict):
    """One method.

    Attributes:
        title: as printed; None: its key.
        citation: BibTeX key, or words.
        repository: address of its code.
        capabilities: what it controls, as its authors or a paper say; None where nobody does.
        emotions: its own word for each emotion, by ours; empty: ours. Others than these it does not know.
        videos: where its finished videos are: a pattern, relative to the folder of methods.yaml.
        run: how to make them.
        note: what has to be done beforehand, and what else to know.
        untested: nobody has run this declaration yet.
    """

    title: str | None = None
    citation: str | None = None
    repository: str | None = None
    capabilities: Capabilities | None = None
    emotions: dict[str, str] = {}
    videos: str | None = None
    run: Program | None = None
    note: str | None = None
    untested: bool = False

    @field_validator("emotions")
    @classmethod
    def _are_known(cls, emotions: dict[str, str]) -> dict[str, str]:
        unknown = [name for name in emotions if name not in EMOTIONS]
        if unknown:
            raise ValueError(f"unknown emotion {unknown[0]!r}: expected some of {', '.join(EMOTIONS)}")
        return emotions

    @field_validator("videos")
    @classmethod
    def _is_a_pattern(cls, videos: str | None) -> str | None:
        if videos is not None and not names_in(videos, LABELS):
            raise ValueError("a pattern without placeholders names one video for all clips: use {clip_id} or others")
        return videos

    @model_validator(mode="after")
    def _either(self) -> "Method":
        if (self.videos is None) == (self.run is None):
            raise ValueError("a method has either `videos`, where its finished videos are, or `run`, how to make them")
        return self


class Declared(NamedTuple):
    """A method and what its file says besides.

    Attributes:
        key: in the file.
        method: its declaration.
        folder: absolute, of the file; what relative paths begin at.
        file: as it was named.
    """

    key: str
    method: Method
    folder: Path
    file: Path

    @property
    def named(self) -> str:
        """As it is asked for: "methods.yaml#eat"."""
        return f"{self.file}{_MARK}{self.key}"

    @property
    def title(self) -> str:
        return self.method.title or self.key

    @property
    def style(self) -> MethodStyle:
        """How reports show it, under the name of its key."""
        method = self.method
        return MethodStyle(
            name=self.key, title=method.title, citation=method.citation, capabilities=method.capabilities
        )


def is_declared(text: str) -> bool:
    """Whether a text names a method of a file: `methods.yaml#eat`; or the file, and the method is still to be named."""
    file, mark, _ = text.rpartition(_MARK)
    return Path(file if mark else text).suffix in (".yaml", ".yml")


def method_of(text: str) -> Declared:
    """The method that `methods.yaml#eat` names. What is wrong with others of the file does not matter to it.

    Raises:
        UsageError: another form, no such file or method, or something in it is not as expected.
    """
    if is_declared(text) and _MARK not in text:
        keys = list(_read(Path(text)))
        raise UsageError(f"Name one of the methods of {text}, such as {text}#{keys[0]}: it has {', '.join(keys)}.")
    name, _, key = text.rpartition(_MARK)
    if not (name and key):
        raise UsageError(f"A method of a file is named FILE#KEY, such as methods.yaml#eat, not {text!r}.")
    file = Path(name)
    declared = _read(file)
    if key not in declared:
        raise UsageError(f"{file} declares no method {key!r}{_hint(key, declared)}: it has {', '.join(declared)}.")
    return _declared(file, key, declared[key])


def load_methods(path: Path) -> dict[str, Declared]:
    """All methods of a file, by key.

    Raises:
        UsageError: no such file, no YAML mapping, or something in it is not as expected; it says in which method.
    """
    return {key: _declared(path, key, values) for key, values in _read(path).items()}


def templates_text() -> str:
    """The methods.yaml that comes with the package, to be copied and changed."""
    return (files("facecues.pipelines.methods") / "templates.yaml").read_text(encoding="utf-8")


def _text(value: object) -> object:
    """YAML's numbers as they are meant among arguments."""
    return str(value) if isinstance(value, int | float) and not isinstance(value, bool) else value


def _read(path: Path) -> dict[str, Any]:
    """What a file says of each method, by key, not looked into yet; one method or more."""
    try:
        found = yaml.safe_load(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError) as error:
        why = error.strerror if isinstance(error, OSError) else None
        raise UsageError(f"The methods in {path} cannot be read: {why or ' '.join(str(error).split())}") from error
    except yaml.YAMLError as error:
        raise UsageError(f"{path} is no YAML: {' '.join(str(error).split())}") from error
    if not isinstance(found, dict) or not found:
        raise UsageError(f"{path}: expected methods by their keys, such as `eat: {{title: EAT, …}}`, got {found!r:.80}")
    return {str(key): values for key, values in found.items()}


def _declared(file: Path, key: str, values: Any) -> Declared:
    if not isinstance(values, dict):
        raise UsageError(f"{file}, method {key!r}: expected names and values such as `title: EAT`, got {values!r:.80}")
    try:
        return Declared(key, Method.model_validate(values), file.absolute().parent, file)
    except ValidationError as error:
        raise UsageError(f"{file}, method {key!r}: {_sentence(error)}") from error


def _sentence(error: ValidationError) -> str:
    """The first thing that is wrong."""
    first = error.errors(include_url=False)[0]
    *above, last = (str(part) for part in first["loc"]) if first["loc"] else ("",)
    if first["type"] == "extra_forbidden":
        models: dict[str, type[BaseModel]] = {"": Method, "run": Program, "capabilities": Capabilities}
        known = models[".".join(above)].model_fields
        return f"{'.'.join((*above, last))} is not known: expected some of {', '.join(known)}{_hint(last, known)}"
    where = ".".join((*above, last))
    what, came = first["msg"].removeprefix("Value error, "), first["input"]
    told = isinstance(came, dict | list) or (isinstance(came, str) and repr(came) in what)
    return (f"{where}: " if where else "") + what + ("" if told else f" (got {came!r})")


def _hint(name: str, known: Collection[str]) -> str:
    near = difflib.get_close_matches(name, known, n=1)
    return f" (did you mean {near[0]}?)" if near else ""
