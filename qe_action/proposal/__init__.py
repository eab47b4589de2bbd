"""The tests as a change that is proposed: as a patch, or on a branch with a pull request. Pure."""
