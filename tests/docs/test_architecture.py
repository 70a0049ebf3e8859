"""The package is built as docs/architecture.md says and draws it."""

import re
from pathlib import Path

from tests.docs.architecture import ORDER, PACKAGE, ROOT, drawn, imports

DOCS = PACKAGE.parent / "docs"


def test_a_room_imports_from_rooms_before_it_alone() -> None:
    for room, others in imports().items():
        allowed = set(ORDER[: ORDER.index(room)]) | {ROOT} if room in ORDER else set[str]()
        assert others <= allowed, f"{room} imports {sorted(others - allowed)}"


def test_the_picture_is_true() -> None:
    picture = (DOCS / "architecture.svg").read_text(encoding="utf-8")
    assert picture == drawn(), "draw it anew: python -m tests.docs.architecture docs/architecture.svg"


def test_every_place_of_the_table_is_there() -> None:
    rows = re.findall(r"^\| (`.*?) \|", (DOCS / "architecture.md").read_text(encoding="utf-8"), re.MULTILINE)
    places = [Path(place) for row in rows for place in re.findall(r"`([\w/.]+)`", row)]
    assert len(places) > 20
    for place in places:
        beside = PACKAGE / places[places.index(place) - 1].parent / place
        known = PACKAGE.parent / place if place.parts[0] == ROOT else PACKAGE / place
        assert known.exists() or beside.exists(), place
