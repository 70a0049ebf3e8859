"""One clip to its cues: dataset layouts, decoding, landmark and gaze backends, geometry."""
