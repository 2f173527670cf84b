"""Durable jobs in the background: a table, of which each job is run by one process at a time."""
