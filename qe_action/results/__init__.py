"""Results that test runners have written, as JUnit XML. Pure."""
