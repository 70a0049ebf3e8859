"""facecues: data pipelines and evaluation for emotional talking-face video."""
