"""What a source tells of a gap: the way that was never taken, and the test that is missing."""
