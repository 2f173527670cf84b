"""What calls of models cost whom: usage that is kept for every call, and budgets that hold."""
