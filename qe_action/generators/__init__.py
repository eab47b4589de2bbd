"""What makes candidate tests: one file a generator."""
