"""The page that shows a run: what a browser gets, live or as one file. Pure."""
