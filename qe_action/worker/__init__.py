"""Runs in the project's own interpreter: standard library and Python 3.9 syntax only."""
