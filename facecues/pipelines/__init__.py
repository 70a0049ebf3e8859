"""Many clips at once: the Dask pipeline, the store it fills, and how a run goes on after it was cut short."""
