"""Reads what comes back: events, text, thinking, how an answer ended, and why there is none."""
