"""Groups of clips on their way into one file each, and what a killed run left of them."""

from collections import defaultdict
from dataclasses import dataclass, field

import pyarrow as pa

from facecues.pipelines.frames import clips_in
from facecues.pipelines.rows import newest
from facecues.pipelines.store import Store, staged_file
from facecues.reasons import Status
from facecues.schema import group_path


@dataclass(slots=True)
class Group:
    """What stands between a group's clips and its file."""

    outstanding: int = 0  # clips that have not ended yet
    staged: dict[str, str] = field(default_factory=dict)  # content key by clip id, of frames that wait
    dropped: set[str] = field(default_factory=set)  # clips whose old frames, if any, are void

    def ended(self, clip_id: str, content_key: str | None) -> None:
        """Takes note of a clip's new frames; a key of None: it has none any more."""
        if content_key is None:
            self.staged.pop(clip_id, None)
            self.dropped.add(clip_id)
        else:
            self.staged[clip_id] = content_key


Groups = defaultdict[str, Group]  # by `group_path`


def recover(store: Store, rows: pa.Table, ended: pa.Table) -> tuple[pa.Table, Groups]:
    """Joins clips.parquet with the clips that ended in runs that did not get as far as writing it.

    A clip that ended counts if its frames are where they have to be, staged or merged; else it is as if
    it had not run. Staged files that no such clip speaks of are removed.

    Args:
        rows: of clips.parquet, as ROW_SCHEMA.
        ended: of the ledger, as ROW_SCHEMA.

    Returns:
        The rows that hold now, by clip_id, and the groups that have something to merge.
    """
    ended = newest(rows.schema.empty_table(), ended)
    groups: Groups = defaultdict(Group)
    merged: dict[str, dict[str, str]] = {}
    unclaimed = {file.name for file in store.staging.iterdir()}
    counts = []
    for row in ended.select(["clip_id", "actor", "view", "emotion", "level", "status", "content_key"]).to_pylist():
        clip, key = row["clip_id"], row["content_key"]
        path = group_path(row["actor"], row["view"], row["emotion"], row["level"])
        if path not in merged:
            merged[path] = clips_in(store.frames / path)
        if row["status"] == Status.FAILED:
            counts.append(True)
            if clip in merged[path]:
                groups[path].ended(clip, None)
        elif (name := staged_file(store.staging, clip, key).name) in unclaimed:
            counts.append(True)
            unclaimed.remove(name)
            groups[path].ended(clip, key)
        else:
            counts.append(merged[path].get(clip) == key)
    for name in unclaimed:
        (store.staging / name).unlink()
    return newest(rows, ended.filter(pa.array(counts, pa.bool_()))), groups
