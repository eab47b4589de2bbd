"""The agents without `await`, and a display for notebooks."""
