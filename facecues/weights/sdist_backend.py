"""A build backend that builds nothing: it answers pip's question for metadata with what lies in the archive.

pip asks for the metadata of a source archive even where it only downloads it, and for that runs the archive's
`setup.py`. `fetch` puts a copy of this file in the place of the backend that would do so. It runs in pip's process,
so it imports nothing of this package. The hooks are those of PEP 517.
"""

import shutil
import sys
from email import message_from_string
from pathlib import Path


def prepare_metadata_for_build_wheel(metadata_directory: str, config_settings: object = None) -> str:
    """Copies PKG-INFO of the current folder, the unpacked archive, and names the folder that it is put into."""
    found = message_from_string(Path("PKG-INFO").read_text(encoding="utf-8"))
    folder = Path(metadata_directory, f"{found['Name'].replace('-', '_')}-{found['Version']}.dist-info")
    folder.mkdir()
    shutil.copy("PKG-INFO", folder / "METADATA")
    return folder.name


def build_wheel(wheel_directory: str, config_settings: object = None, metadata_directory: object = None) -> str:
    """Refused: the archive is there to be read."""
    raise NotImplementedError("this source archive is downloaded, never built")


__legacy__ = sys.modules[__name__]  # what pip asks for where there is no pyproject.toml
