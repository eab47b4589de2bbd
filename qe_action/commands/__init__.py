"""The commands: one file each; `step` is what `run` and `publish` share."""
