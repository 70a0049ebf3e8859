"""Generators: speech to cues, cues to a face, and the synthetic corpus. Knows nothing of Dask."""
