"""Budgets: what a call can cost at most is reserved before it is made, and settled after."""
