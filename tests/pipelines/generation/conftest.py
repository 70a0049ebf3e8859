import shutil

import pandas as pd
import pytest

from facecues.pipelines.generation.config import GenerateConfig
from facecues.pipelines.generation.run import generate


@pytest.fixture
def dataset(original, tmp_path):
    """A copy of it that a test may change."""
    return shutil.copytree(original, tmp_path / "corpus")


@pytest.fixture
def made(dataset, tmp_path, cluster):
    """Generates from the copy, by default `still` into tmp_path/out."""

    def run(generator="still", out="out", store=None, progress=None, **settings):
        config = GenerateConfig(**settings)
        store = store or dataset / "truth"
        return generate(config, generator, store, tmp_path / out, scheduler=cluster, progress=progress)

    return run


@pytest.fixture
def change_clips(dataset):
    """Changes clips.parquet of the copy's truth/ where a clip id begins with a text."""

    def change(where, **values):
        path = dataset / "truth/clips.parquet"
        clips = pd.read_parquet(path, dtype_backend="pyarrow")
        for name, value in values.items():
            clips.loc[clips["clip_id"].str.startswith(where), name] = value
        clips.to_parquet(path)

    return change
