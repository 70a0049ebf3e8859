"""The demo: the whole story on a small corpus, told by the public commands."""
