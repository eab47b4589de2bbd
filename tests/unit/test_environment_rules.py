"""Rules of the project's environment: which Python, which settings, which pins."""

from __future__ import annotations

import re
from importlib import metadata
from pathlib import Path

import pytest
from packaging.requirements import Requirement

from qe_action.errors import UsageError
from qe_action.workspace.installer import last_lines, telling
from qe_action.workspace.interpreter import Facts
from qe_action.workspace.network import passed_on
from qe_action.workspace.overlay import NAMES, NEEDED, PINS, chosen, lacking, overlay_key
from qe_action.workspace.python_choice import Choice, choose

HERE = [(3, 9, 18), (3, 11, 2), (3, 13, 0)]


@pytest.mark.parametrize(
    ("asked", "named", "supported", "expected"),
    [
        ("", "", "", Choice()),
        ("3.11", "3.13", ">=3.9", Choice(1, "3.11")),
        ("3.11.2", "", "", Choice(1, "3.11.2")),
        ("3.11.9", "", "", Choice(None, "3.11.9")),
        ("3.12", "3.13", ">=3.9", Choice(None, "3.12")),
        ("", "3.13", ">=3.9", Choice(2)),
        ("", "3.12", ">=3.10", Choice(1)),
        ("", "3.12", "", Choice(None, "3.12")),
        ("", "", ">=3.9", Choice(0)),
        ("", "", ">=3.10", Choice(1)),
        ("", "", "==3.12.*", Choice(None, "3.12")),
        ("", "", ">=3.14", Choice(None, "3.14")),
        ("", "", "<3", Choice()),
        ("", "", "nonsense", Choice()),
    ],
)
def test_which_python_is_chosen(asked: str, named: str, supported: str, expected: Choice) -> None:
    assert choose(HERE, asked=asked, named=named, supported=supported) == expected


@pytest.mark.parametrize("asked", ["3.8", "2.7", "3", "three", "3.12; rm", "pypy3.10", "--help"])
def test_a_version_that_can_not_be_is_refused(asked: str) -> None:
    with pytest.raises(UsageError, match="python-version"):
        choose(HERE, asked=asked, named="", supported="")


def test_network_settings_are_passed_on_and_nothing_else() -> None:
    env = {
        "HTTPS_PROXY": "http://proxy:3128",
        "no_proxy": "localhost,.example.org",
        "SSL_CERT_FILE": "/etc/company.pem",
        "UV_INDEX": "mirror=https://mirror.example.org/simple",
        "GITHUB_TOKEN": "s3cret",
        "UV_INDEX_MIRROR_PASSWORD": "s3cret",
        "UV_PUBLISH_TOKEN": "s3cret",
        "PYTHONPATH": "/x",
        "LD_PRELOAD": "/x.so",
    }
    found = passed_on(env)
    assert set(found.variables) == {"HTTPS_PROXY", "no_proxy", "SSL_CERT_FILE", "UV_INDEX"}
    assert found.files == ("/etc/company.pem",)
    assert found.notes == ()


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("UV_DEFAULT_INDEX", "https://me:s3cret@example.org/simple"),
        ("PIP_INDEX_URL", "https://s3cret@example.org/simple"),
        ("UV_INDEX", "a=https://example.org/simple b=https://me:s3cret@example.org/simple"),
        ("PIP_EXTRA_INDEX_URL", "https://example.org/simple?token=s3cret"),
        ("UV_FIND_LINKS", "https://example.org/e4c2a0c9d126a28e2f/simple"),
        ("https_proxy", "me:s3cret@proxy:3128"),
        ("ALL_PROXY", "socks5://me:s3cret@proxy"),
        ("HTTP_PROXY", "http://[::1"),
        ("UV_INDEX_URL", "https://example.org/\nGITHUB_TOKEN=x"),
    ],
)
def test_an_address_with_a_secret_stays_out(name: str, value: str) -> None:
    found = passed_on({name: value})
    assert found.variables == {}
    assert len(found.notes) == 1
    assert name in found.notes[0]
    assert "s3cret" not in found.notes[0]


def test_uv_is_told_what_pip_was_told() -> None:
    env = {
        "PIP_INDEX_URL": "https://example.org/simple",
        "PIP_FIND_LINKS": "/a /b",
        "PIP_CERT": "/c.pem",
    }
    found = passed_on(env)
    assert found.variables["UV_DEFAULT_INDEX"] == "https://example.org/simple"
    assert found.variables["UV_FIND_LINKS"] == "/a,/b"
    assert found.variables["SSL_CERT_FILE"] == "/c.pem"
    assert set(found.files) == {"/a", "/b", "/c.pem"}
    own = passed_on(env | {"UV_DEFAULT_INDEX": "https://other.example.org/simple"})
    assert own.variables["UV_DEFAULT_INDEX"] == "https://other.example.org/simple"


def facts(pytest_version: str | None, coverage: str | None, **installed: str) -> Facts:
    return Facts(
        version=(3, 11, 2),
        implementation="cpython",
        prefix="/v",
        base_prefix="/usr",
        executable="/v/bin/python",
        base_executable="/usr/bin/python3",
        path=(),
        pytest=pytest_version,
        coverage=coverage,
        installed={name.replace("_", "-"): version for name, version in installed.items()},
    )


def test_an_interpreter_is_given_only_what_it_lacks() -> None:
    assert lacking(facts("8.0", "7.6")) == ()
    assert lacking(facts("8.0", None)) == ("coverage",)
    assert set(lacking(facts(None, None))) == set(NAMES)
    some = lacking(facts(None, "7.6", packaging="24.0", pluggy="1.2", tomli="2"))
    assert set(some) == set(NAMES) - {"coverage", "packaging", "tomli"}


@pytest.mark.parametrize(("has", "of"), [("5.4.3", "7.6"), ("8.0", "6.4"), ("8.0", "none")])
def test_tools_that_are_too_old_are_refused(has: str, of: str) -> None:
    with pytest.raises(UsageError, match="or later"):
        lacking(facts(has, of))


def test_the_overlay_has_all_that_its_pytest_needs() -> None:
    pins = PINS.read_text(encoding="utf-8")
    names = set(re.findall(r"^([a-z][\w.-]*)==", pins, re.MULTILINE))
    assert names == set(NAMES)
    needs = [Requirement(line) for line in metadata.requires("pytest") or ()]
    plain = {need.name: need for need in needs if "extra" not in str(need.marker or "")}
    assert set(plain) <= set(NEEDED)
    for name, need in plain.items():
        lower = [item.version for item in need.specifier if item.operator == ">="]
        assert not lower or tuple(map(int, NEEDED[name].split("."))) >= tuple(
            map(int, lower[0].split("."))
        ), name


def test_every_pin_has_hashes_and_serves_python_3_9() -> None:
    pins = PINS.read_text(encoding="utf-8")
    for name in NAMES:
        block = chosen(pins, (name,))
        assert "--hash=sha256:" in block
        lines = [line.rstrip(" \\") for line in block.splitlines() if line.startswith(name)]
        old = [Requirement(line).marker for line in lines]
        here = {"python_full_version": "3.9.18", "python_version": "3.9", "sys_platform": "linux"}
        if name != "colorama":
            assert sum(marker is None or marker.evaluate(here) for marker in old) == 1, name


def test_an_overlay_is_of_an_interpreter_and_its_pins() -> None:
    old = facts("8.0", "7.6")
    new = old.model_copy(update={"version": (3, 12, 1)})
    keys = {overlay_key(old, "a"), overlay_key(new, "a"), overlay_key(old, "b")}
    assert len(keys) == 3
    assert overlay_key(old, "a") == overlay_key(old.model_copy(update={"version": (3, 11, 9)}), "a")


def test_a_set_up_s_output_is_made_safe_to_print() -> None:
    said = b"one\n" * 50 + b"\x1b[31merror: boom\x1b[0m\n::add-mask::x\r\x00last \xff\n"
    lines = last_lines(said)
    assert len(lines) == 20
    assert all(line.isprintable() for line in lines)
    assert telling(("error: this", "hint: that")) == "error: this"
    assert telling(("x", "ValueError: this", "  at the end")) == "ValueError: this"
    assert telling(("x", "y")) == "y"


def test_the_overlay_s_pins_are_part_of_the_package() -> None:
    assert Path(PINS).parent.name == "workspace"
