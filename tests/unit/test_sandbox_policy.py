"""What a policy allows, what a machine has to have, and what the kernel is told."""

from __future__ import annotations

import ast
import struct
import sys
from pathlib import Path
from types import MappingProxyType

import pytest

from qe_action.errors import SandboxUnavailable, UsageError
from qe_action.sandbox import landlock
from qe_action.sandbox.machine import Layers, Machine, layers
from qe_action.sandbox.policy import Policy

ROOM = Path(__file__).parents[2] / "qe_action" / "sandbox"
HERE = Path("/srv/project")
ROOT = Machine("linux", "x86_64", root=True, landlock=7)
USER = Machine("linux", "aarch64", root=False, landlock=7)


@pytest.mark.parametrize(
    "path",
    [
        *("/", "/proc", "/proc/self", "/sys", "/dev", "/dev/shm", "/run/docker.sock", "/var"),
        *("/var/run", "/root", "relative", "/srv/../etc", "/var/lib"),
    ],
)
@pytest.mark.parametrize("kind", ["readable", "writable"])
def test_some_folders_are_never_opened(kind: str, path: str) -> None:
    with pytest.raises(UsageError, match="sandbox"):
        Policy(**{kind: (Path(path),)})  # type: ignore[arg-type]


@pytest.mark.parametrize("limit", ["memory", "cpu", "wall", "processes", "disk", "output"])
def test_limits_are_above_zero(limit: str) -> None:
    with pytest.raises(UsageError, match="above zero"):
        Policy(**{limit: 0})  # type: ignore[arg-type]


@pytest.mark.parametrize(("name", "value"), [("", "x"), ("A=B", "x"), ("A", "x\0y"), ("A\0", "")])
def test_variables_are_well_formed(name: str, value: str) -> None:
    with pytest.raises(UsageError, match="no variable"):
        Policy(environment={name: value})


def test_the_environment_is_the_policys_alone() -> None:
    policy = Policy(writable=(HERE,), environment=MappingProxyType({"A": "1", "LANG": "de"}))
    found = policy.variables()
    assert found["A"] == "1"
    assert found["LANG"] == "de"
    assert found["HOME"] == found["TMPDIR"] == str(HERE)
    assert set(found) == {
        *("A", "LANG", "HOME", "TMPDIR", "PATH", "USER"),
        *("PYTHONDONTWRITEBYTECODE", "PYTHONNOUSERSITE"),
    }


def test_nothing_to_write_to_means_no_home() -> None:
    assert Policy().folder == Path("/")


def rules(policy: Policy, abi: int) -> dict[str, tuple[int, int]]:
    return {path: (folder, file) for path, folder, file in landlock.rules(policy, abi)}


@pytest.mark.parametrize("abi", range(1, 8))
def test_rules_ask_only_for_what_the_kernel_knows(abi: int) -> None:
    found = rules(Policy(readable=(HERE,), writable=(Path("/srv/own"),), network=True), abi)
    files = 0b111 | 1 << 14 | 1 << 15
    for folder, file in found.values():
        assert folder & ~landlock.handled(abi) == 0
        assert file & ~(landlock.handled(abi) & files) == 0
    assert found[str(HERE)] == (0b1101, 0b101)


@pytest.mark.parametrize(
    ("abi", "bits", "size"),
    [(1, 13, 8), (2, 14, 8), (3, 15, 8), (4, 15, 16), (5, 16, 16), (6, 16, 24), (7, 16, 24)],
)
def test_each_version_gets_its_own_attributes(abi: int, bits: int, size: int) -> None:
    assert landlock.handled(abi) == (1 << bits) - 1
    attributes = landlock.attributes(abi, network=False)
    words = struct.unpack(f"={size // 8}Q", attributes)
    assert words == ((1 << bits) - 1, 3, 3)[: size // 8]
    opened = struct.unpack(f"={size // 8}Q", landlock.attributes(abi, network=True))
    assert opened == ((1 << bits) - 1, 0, 3)[: size // 8]


def test_devices_are_never_made_and_only_the_harmless_ones_opened() -> None:
    found = rules(Policy(writable=(HERE,)), 7)
    folder, _ = found[str(HERE)]
    assert folder & (1 << 6 | 1 << 11 | 1 << 15) == 0
    assert {path for path in found if path.startswith("/dev")} == set(landlock.DEVICES)
    assert found["/dev/null"] == (0, 0b110 | 1 << 14)


def test_proc_and_the_resolvers_files_are_opened_only_on_demand() -> None:
    plain = rules(Policy(), 7)
    assert "/proc" not in plain
    assert "/etc/resolv.conf" not in plain
    assert "/proc" in rules(Policy(proc=True), 7)
    assert "/etc/resolv.conf" in rules(Policy(network=True), 7)


def test_a_checkout_below_a_folder_of_the_system_s_is_not_opened_with_it(tmp_path: Path) -> None:
    top = tmp_path.resolve()
    for name in ("lib", "src/app/.git", "src/app/bin", "src/other", "src/apple"):
        (top / name).mkdir(parents=True)
    (top / "link").symlink_to(top / "src")
    checkout = top / "src" / "app"
    system = {top / "lib", top / "src" / "other", top / "src" / "apple"}
    assert set(landlock._beside(top, {checkout})) == system
    assert set(landlock._beside(top / "lib", {checkout})) == {top / "lib"}
    assert set(landlock._beside(top, {top / "elsewhere" / "app"})) - {top} != set()

    def named(readable: Path) -> set[str]:
        found = landlock.rules(Policy(readable=(readable,)), 7, {checkout})
        return {path for path, *_ in found if path.startswith(str(top))}

    assert named(checkout / "bin") == {str(checkout / "bin")}
    assert named(checkout) == {str(checkout / "bin")}  # an environment that is the checkout
    assert str(checkout / ".git") not in named(top)


@pytest.mark.parametrize(
    ("machine", "message"),
    [
        (Machine("darwin", "arm64", root=False, landlock=0), "needs Linux"),
        (Machine("linux", "riscv64", root=True, landlock=7), "no system calls of riscv64"),
        (Machine("linux", "x86_64", root=True, landlock=0), "version 0 of Landlock; 1 is needed"),
        (Machine("linux", "x86_64", root=False, landlock=2), "3 is needed when not root"),
    ],
)
def test_a_missing_layer_means_no_run(machine: Machine, message: str) -> None:
    with pytest.raises(SandboxUnavailable, match=message) as caught:
        layers(machine, Policy())
    assert "sandbox: off" in caught.value.hint
    assert caught.value.line().endswith("#the-sandbox")
    assert layers(machine, Policy(), off=True) == Layers(
        False, 0, False, ("the sandbox is switched off",)
    )


def test_windows_has_not_even_the_supervisor() -> None:
    for off in (False, True):
        with pytest.raises(SandboxUnavailable, match="Windows"):
            layers(Machine("win32", "AMD64", root=False, landlock=0), Policy(), off=off)


def test_root_has_a_user_for_each_run_and_others_say_what_is_weaker() -> None:
    assert layers(ROOT, Policy()) == Layers(True, 7, True)
    weaker = layers(USER, Policy()).weaker
    assert len(weaker) == 2
    assert "no user of its own" in weaker[0]
    older = Machine("linux", "x86_64", root=False, landlock=3)
    assert any("signals" in text for text in layers(older, Policy()).weaker)
    assert any("network" in text for text in layers(ROOT, Policy(network=True)).weaker)
    assert any("by TCP" in text for text in layers(ROOT, Policy(loopback=True)).weaker)
    oldest = layers(Machine("linux", "x86_64", root=True, landlock=1), Policy())
    assert [text for text in oldest.weaker if "cut short" in text]


def test_proc_is_shown_only_to_a_user_of_its_own() -> None:
    assert layers(ROOT, Policy(proc=True)).user
    with pytest.raises(SandboxUnavailable, match="/proc"):
        layers(USER, Policy(proc=True))


def test_shared_memory_is_opened_only_to_a_user_of_its_own() -> None:
    assert layers(ROOT, Policy(shared_memory=True)).user
    assert "/dev/shm" in rules(Policy(shared_memory=True), 7)
    assert "/dev/shm" not in rules(Policy(), 7)
    with pytest.raises(SandboxUnavailable, match="Shared memory"):
        layers(USER, Policy(shared_memory=True))


PARTS = ("disk", "loopback", "memory", "processes")
"""What the supervisor is made of beside its own file."""


@pytest.mark.parametrize("name", ["launch.py", "supervisor.py", *(f"{part}.py" for part in PARTS)])
def test_the_programs_stand_alone(name: str) -> None:
    """The standard library and the supervisor's parts only, and the syntax of Python 3.9."""
    ours = {f"qe_action.sandbox.{part}" for part in PARTS if name != "launch.py"}
    tree = ast.parse((ROOM / name).read_text(encoding="utf-8"), feature_version=(3, 9))
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            assert all(alias.name in sys.stdlib_module_names for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.module in {*sys.stdlib_module_names, "collections.abc", *ours}
        assert not isinstance(node, ast.Match)
