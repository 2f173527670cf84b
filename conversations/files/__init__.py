"""Files of users: uploaded or sent along, stored by their content, and deleted with the last message that shows them."""
