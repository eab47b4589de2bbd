"""Servers that show runs to others: editors by the Model Context Protocol, browsers by a page."""
