"""Stage 1: speech, an emotion and a reference face to landmarks, gaze and head pose."""
