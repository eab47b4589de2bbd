"""What the supervisor counts: blocks of files, and what the kernel holds for processes."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from qe_action.sandbox import disk, memory, processes

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")


def walked(folder: Path, most: int = 1000) -> disk.Walk:
    walk = disk.Walk(most)
    for _ in walk.through([str(folder)]):
        if walk.entries > most:
            break
    return walk


def test_blocks_are_counted_and_not_lengths(tmp_path: Path) -> None:
    before = walked(tmp_path).used
    with (tmp_path / "long").open("wb") as file:
        file.truncate(1 << 30)
    assert walked(tmp_path).used - before < 1 << 20
    (tmp_path / "large").write_bytes(os.urandom(4 << 20))
    assert 4 << 20 <= walked(tmp_path).used - before < 6 << 20


def test_a_file_with_many_names_is_counted_once(tmp_path: Path) -> None:
    (tmp_path / "one").write_bytes(os.urandom(4 << 20))
    for number in range(20):
        os.link(tmp_path / "one", tmp_path / str(number))
    walk = walked(tmp_path)
    assert walk.used < 6 << 20
    assert walk.entries == 21


def test_the_look_ends_at_the_number_of_entries(tmp_path: Path) -> None:
    for number in range(30):
        (tmp_path / str(number)).touch()
    assert walked(tmp_path, most=10).entries == 11


def test_what_can_t_be_looked_into_is_said(tmp_path: Path) -> None:
    assert not walked(tmp_path).blind
    here = Path.cwd()
    try:
        os.chdir(tmp_path)
        for _ in range(30):
            Path("deep" * 50).mkdir()
            os.chdir("deep" * 50)
        assert walked(tmp_path).blind
    finally:
        os.chdir(here)


def test_a_folder_that_is_gone_in_the_meantime_is_no_error(tmp_path: Path) -> None:
    assert not walked(tmp_path / "gone").blind


def test_files_without_a_name_are_found_by_descriptor_and_mapping(tmp_path: Path) -> None:
    assert disk.unlinked([os.getpid()])[0] == 0
    program = (
        "import mmap, os, sys\n"
        "one = open('one', 'w+b'); one.write(os.urandom(1 << 20)); one.flush(); os.unlink('one')\n"
        "two = open('two', 'w+b'); two.write(bytes(4096)); two.flush(); os.unlink('two')\n"
        "held = mmap.mmap(two.fileno(), 4096); two.close()\n"
        "print(flush=True); sys.stdin.read()\n"
    )
    with subprocess.Popen(
        [sys.executable, "-c", program],
        cwd=tmp_path,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    ) as child:
        assert child.stdout is not None
        child.stdout.readline()
        found, mapped = disk.unlinked([child.pid])
        child.kill()
    assert found >= 1 << 20
    assert mapped


def test_what_descriptors_can_hold_is_counted_once_for_all_that_share_them() -> None:
    size = memory.socket_size(network=False)
    assert size < memory.socket_size(network=True)
    held = memory.Held(size)
    held.add(os.getpid(), 256)
    before = held.most()
    pairs = [socket.socketpair() for _ in range(10)]
    pipe = os.pipe()
    try:
        held = memory.Held(size)
        for task in (*processes.threads(os.getpid()), os.getpid()):
            held.add(task, 256)
        assert held.most() - before == pytest.approx(20 * size + (1 << 16), abs=1 << 14)
    finally:
        for one, other in pairs:
            one.close()
            other.close()
        for descriptor in pipe:
            os.close(descriptor)


def test_a_process_that_is_gone_holds_nothing() -> None:
    held = memory.Held(1 << 20)
    held.add(4_000_000, 256)
    assert held.most() < 1 << 20
    assert processes.resident(4_000_000) == 0
    assert processes.proportional(4_000_000) == (0, 0)


def test_the_machine_s_own_memory_is_known() -> None:
    kernel, shared = memory.of_the_machine()
    assert kernel > 1 << 20
    assert shared >= 0
