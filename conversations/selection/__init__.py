"""Select for me: which model answers, by what one's own votes say of it, what it costs and how long it takes."""
