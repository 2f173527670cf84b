"""Bringing histories from elsewhere: uploads, their formats, and the rows that come of them."""
