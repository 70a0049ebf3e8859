"""Generating cues and videos: for the clips of a store, or for one sound and one portrait."""
