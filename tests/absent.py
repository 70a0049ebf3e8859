"""Beginnings of programs on machines where something is not installed."""

NO_TORCH = """
import sys

class NoTorch:
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] == "torch":
            raise ImportError("not here")

sys.meta_path.insert(0, NoTorch())
"""
