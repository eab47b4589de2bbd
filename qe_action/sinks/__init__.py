"""Consumers of the stream: one file each, one line each in `sinks.table.SINKS`."""
