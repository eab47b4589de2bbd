"""qe-action: what a pull request's tests miss, as a stream of events."""

__version__ = "0.1.0"
