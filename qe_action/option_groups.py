"""Options that several commands have, and what they take."""

from __future__ import annotations

import argparse
from collections.abc import Collection, Mapping, Sequence
from decimal import Decimal, InvalidOperation
from typing import Any

from qe_action.api_address import api_address
from qe_action.command_line import FLAGS
from qe_action.inputs import INPUTS, Input

FLAG: Mapping[str, Any] = {
    "nargs": "?",
    "const": "true",
    "choices": FLAGS,
    "metavar": "|".join(FLAGS),
}
"""An option that is on or off: alone, or with the value."""


def add_repo(command: argparse.ArgumentParser) -> None:
    command.add_argument(
        "--repo", default=".", metavar="DIR", help="the checkout; default: the current directory"
    )


def add_out(command: argparse.ArgumentParser) -> None:
    command.add_argument(
        "--out", metavar="FILE|DIR/", help="add the tests to this file, or to files in this folder"
    )


def add_resume(command: argparse.ArgumentParser, what: str) -> None:
    command.add_argument(
        "--resume",
        metavar="FILE",
        help=f"go on with the journal FILE, and replace it unless --journal names another: {what}",
    )


def add_model(command: argparse.ArgumentParser, generators: Sequence[str]) -> None:
    """What writes the tests."""
    add = command.add_argument
    add(
        "--generator",
        choices=generators,
        default=generators[0],
        help="offline searches and needs no model, llm asks --model; default: auto, offline first "
        "and then the model, if there is one",
    )
    add(
        "--model",
        default="",
        metavar="NAME",
        help="a model that writes tests: source code is sent to it; its key is in QE_MODEL_KEY",
    )
    add(
        "--model-provider",
        choices=("openai", "anthropic"),
        default="openai",
        help="whose API it has; default: openai, which serves for all that is compatible with it",
    )
    add(
        "--model-base-url",
        type=address,
        default="",
        metavar="URL",
        help="address of the API, where it is not the provider's own",
    )
    _add_model_limits(command)
    add("--llm-cache", metavar="DIR", help="keep the model's answers here, and take them from here")


def _add_model_limits(command: argparse.ArgumentParser) -> None:
    """What may be spent on it."""
    add = command.add_argument
    add(
        "--model-requests",
        type=number,
        default=60,
        metavar="N",
        help="requests at most; default: 60",
    )
    add(
        "--model-tokens",
        type=number,
        default=300_000,
        metavar="N",
        help="tokens at most, read and written; default: 300000",
    )
    add("--model-cost", type=amount, metavar="AMOUNT", help="cost at most, by the two prices")
    for which, does in (("input", "reads"), ("output", "writes")):
        price = f"price of a million tokens that it {does}"
        add(f"--price-{which}", type=amount, metavar="AMOUNT", help=price)


def add_project(command: argparse.ArgumentParser) -> None:
    """What runs the project's code, and behind which walls."""
    add = command.add_argument
    add(
        "--python",
        action="append",
        default=[],
        metavar="PATH",
        help="the project's interpreter, default: the active environment's or the project's own; "
        "may be repeated for other versions that tests have to pass on",
    )
    add(
        "--sandbox",
        choices=("on", "off"),
        default="on",
        help="off runs the project's code unprotected: for code you trust; default: on",
    )


def add_voice(command: argparse.ArgumentParser) -> None:
    """How much is said to people, and in which colours."""
    much = command.add_mutually_exclusive_group()
    much.add_argument(
        "-q",
        "--quiet",
        dest="words",
        action="store_const",
        const="few",
        default="some",
        help="say only how it ended, and what went wrong",
    )
    much.add_argument(
        "-v",
        "--verbose",
        dest="words",
        action="store_const",
        const="all",
        help="list everything, and not only the worst",
    )
    add_color(command)


def add_color(command: argparse.ArgumentParser) -> None:
    command.add_argument(
        "--color",
        choices=("auto", "always", "never"),
        default="auto",
        help="colours: in a terminal unless NO_COLOR is set, always, or never",
    )


def add_reports(command: argparse.ArgumentParser) -> None:
    command.add_argument(
        "reports", nargs="*", metavar="REPORT", help="the reports, as --coverage-file names them"
    )


def add_inputs(
    command: argparse.ArgumentParser, names: Collection[str], *, first: Collection[Input] = ()
) -> None:
    """The checkout, and an option for each of these inputs; their old names are not shown."""
    command.add_argument(
        "--repo",
        metavar="DIR",
        help="the checkout; default: that of the workflow, else the current directory",
    )
    for item in sorted(INPUTS, key=lambda item: item not in first):
        if item.name not in names or item.secret:
            continue  # a secret has no place on a command line: INPUT_… or its own variable
        default = f" Default: {item.default!r}." if item.default else ""
        again = " May be repeated." if item.listed else ""
        how: Mapping[str, Any] = {"metavar": "VALUE"}
        if item.choices == FLAGS:
            how = FLAG
        elif item.choices:
            how = {"choices": item.choices, "metavar": "|".join(item.choices)}
        elif item.listed:
            how = {"action": "append", "metavar": "VALUE"}
        meaning = f"{item.meaning.replace(', one a line', '')}{default}{again}"
        command.add_argument(f"--{item.name}", **how, help=meaning.replace("%", "%%"))
        if item.old:
            command.add_argument(f"--{item.old}", **how, help=argparse.SUPPRESS)


def percent(text: str) -> Decimal:
    """`80` or `80%`."""
    try:
        value = Decimal(text.strip().removesuffix("%"))
    except InvalidOperation:
        value = Decimal(-1)
    places = value.as_tuple().exponent
    if not (isinstance(places, int) and places >= -6 and 0 <= value <= 100):
        raise argparse.ArgumentTypeError(f"{text!r} is no percentage from 0 to 100")
    return value


def number(text: str) -> int:
    """A limit, from 1."""
    if not (text.isascii() and text.isdigit() and 1 <= int(text[:12]) <= 1_000_000_000):
        raise argparse.ArgumentTypeError(f"{text!r} is no number from 1")
    return int(text)


def address(text: str) -> str:
    """The address of a model's API, which is not shown where it is none."""
    try:
        return api_address(text)
    except ValueError as error:
        raise argparse.ArgumentTypeError(f"it takes {error}") from None


def amount(text: str) -> float:
    """An amount of money."""
    try:
        value = float(text)
    except ValueError:
        value = -1.0
    if not 0 <= value <= 1_000_000:
        raise argparse.ArgumentTypeError(f"{text!r} is no amount from 0")
    return value


def count(text: str) -> int:
    """How many tests."""
    if not (text.isascii() and text.isdigit() and 1 <= int(text) <= 1000):
        raise argparse.ArgumentTypeError(f"{text!r} is no number from 1 to 1000")
    return int(text)


def port(text: str) -> int:
    """A port; 0 is any that is free."""
    if not (text.isascii() and text.isdigit() and int(text[:6]) <= 65_535):
        raise argparse.ArgumentTypeError(f"{text!r} is no port from 0 to 65535")
    return int(text)


def seconds(text: str) -> float:
    """A time above 0, a day at most."""
    try:
        value = float(text)
    except ValueError:
        value = 0.0
    if not 0 < value <= 86_400:
        raise argparse.ArgumentTypeError(f"{text!r} is no number of seconds above 0")
    return value


def rate(text: str) -> float:
    """So many a second, above 0."""
    try:
        value = float(text)
    except ValueError:
        value = 0.0
    if not 0.01 <= value <= 1_000_000:
        raise argparse.ArgumentTypeError(f"{text!r} is no number of events a second from 0.01")
    return value
