"""Figures: one look, three formats."""
