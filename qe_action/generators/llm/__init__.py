"""Asks a model for tests."""
