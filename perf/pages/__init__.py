"""The pages of the admin that show figures and caches."""
