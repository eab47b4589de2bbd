"""The tools that editors call, as async generators of events; without any server."""
