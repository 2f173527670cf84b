"""API tokens: credentials that users give to programs, with limits of their own."""
