"""Relocated landmarks to the keypoints of a pretrained generator."""
