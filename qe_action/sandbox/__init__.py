"""Where code that nobody has read runs: Landlock, seccomp, limits and a user of its own."""
