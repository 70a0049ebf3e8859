"""Emotion classifiers: of cues, and of face crops."""
