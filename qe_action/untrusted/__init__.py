"""What strangers made: their journals, tests and archives, read within bounds. Pure."""
