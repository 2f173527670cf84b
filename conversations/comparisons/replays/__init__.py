"""Replays: one's own past prompts, or a saved set, answered by other models in the background, for blind votes."""
