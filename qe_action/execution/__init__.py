"""The project's test suite: how its command is run, and how its tests are heard while it runs."""
