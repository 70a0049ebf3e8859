"""Cue stores to generators and classifiers."""
