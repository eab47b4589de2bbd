"""How we talk to an interpreter of the project's: the port, and workers in the sandbox."""
