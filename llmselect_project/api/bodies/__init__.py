"""Request bodies that do not come at once: who waits for them, for how long, and what ends their connections."""
