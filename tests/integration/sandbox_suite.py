"""All probes of the sandbox, and the sample of them that every run of the tests takes."""

from __future__ import annotations

import sandbox_probes
from sandbox_probes_kernel import KERNEL
from sandbox_probes_resources import HONEST, RESOURCES
from sandbox_probes_suite import LOOPBACK, SUITE

ATTACKS = (*sandbox_probes.ATTACKS, *KERNEL, *RESOURCES, *LOOPBACK)
WORKING = (*sandbox_probes.WORKING, *HONEST, *SUITE)
PROBES = {probe.name: probe for probe in (*ATTACKS, *WORKING)}
assert len(PROBES) == len(ATTACKS) + len(WORKING)

SAMPLE = (
    "read the checkout's credentials, the event and a key",
    "read environment and memory of other processes",
    "find a secret in its own environment or descriptors",
    "speak to the container engine's socket",
    "connect by TCP, UDP and an abstract name",
    "write outside its folder",
    "lead out of its folder with links",
    "change modes and owners of other files",
    "lead a socket of the loopback elsewhere",
    "open other sockets than the loopback's",
    "read another run's files",
    "make namespaces and mounts",
    "go through the kernel's side doors",
    "become root, or a user with groups",
    "signal the parents",
    "kill the neighbour",
    "fork without end",
    "take memory with many processes",
    "loop and ignore the limit's signal",
    "fork away from the killer",
    "stay alive after a kill",
    "print one line without end",
    "fill the disk",
    "fill the disk with files that have no name",
    "leave folders that are hard to remove",
    "read, write and remove segments of shared memory",
    "read, write and remove message queues",
    "hear of files that others make",
    "keep memory in the buffers of many processes' sockets",
    "let go of shared memory without giving it back",
    "preallocate what nobody has written",
    "write where paths are too long to look",
    *(probe.name for probe in WORKING),
)
REST = tuple(name for name in PROBES if name not in SAMPLE)
OF_ANOTHER_USER = SAMPLE[: SAMPLE.index("fork without end")]
"""What holds otherwise without a user for each run; the rest of it is the same for both."""
REST_OF_ANOTHER_USER = tuple(name for name in PROBES if name not in OF_ANOTHER_USER)
assert set(SAMPLE) <= set(PROBES)
