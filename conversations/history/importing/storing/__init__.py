"""Stores what was read: new rows, under ids that the same conversation always has."""
