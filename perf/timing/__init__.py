"""What always-on timing takes down, hands on, stores and merges."""
