"""The protocols that clients speak: their requests are read into prompts, and answers written in their shapes."""
