"""Reads files of other products: what is in them, and what each conversation becomes."""
