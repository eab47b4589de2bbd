"""qe-action: what a pull request's tests miss, as a stream of events."""

__version__ = "1.0.0"
