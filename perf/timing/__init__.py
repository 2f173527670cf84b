"""Always-on timing: figures are recorded in each process, flushed to a shared store, merged and shown."""
