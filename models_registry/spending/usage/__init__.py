"""Usage: an entry for every call, rolled up by day, and the reports that sum both."""
