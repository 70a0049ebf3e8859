"""The synthetic corpus: speech, behaviour and faces whose cues are known."""
