"""Cues to pictures of a portrait."""
