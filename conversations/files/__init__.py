"""Files of users: stored by their content, sent along with messages, and deleted with the last one that shows them."""
