"""What a call needs to know before it is sent: where to, and what the endpoint does not take."""
