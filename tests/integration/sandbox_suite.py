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
    "leave folders that are hard to remove",
    "read, write and remove segments of shared memory",
    "read, write and remove message queues",
    "hear of files that others make",
    # Honest programs: of the others each uses less, or does the same in another way.
    "asyncio",
    "threads",
    "subprocess of python",
    "multiprocessing with a pipe",
    "a shell, devices and pipes",
    "servers on the loopback",
    "what a program asks of its machine",
    "pytest on a project with src layout",
)
REST = tuple(name for name in PROBES if name not in SAMPLE)
assert set(SAMPLE) <= set(PROBES)
