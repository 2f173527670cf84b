"""Measuring this project: cases, loads, ceilings, and how results are told."""
