"""One file for each product whose exports are read."""
