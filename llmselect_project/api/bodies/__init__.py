"""Request bodies that arrive slowly: which thread waits, for how long, and how their connections are closed."""
