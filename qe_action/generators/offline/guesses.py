"""What a parameter's name, or a class of the standard library, lets one expect."""

from __future__ import annotations

import re

BY_NAME = (
    (r"(func\w*|fn|f|key|pred\w*|callback|binop|\w*_func|op|factory|keyfunc|valfunc)", "callable"),
    (r"(is_\w+|has_\w+|use_\w+|allow\w*|strict|with_\w+|\w*flag|verbose|reverse|inplace)", "bool"),
    (r"(n|i|j|k|r|x|y|count|size|num\w*|length|width|height|start|stop|step|\w*index"
     r"|limit|max\w*|min\w*"
     r"|\w*_size|times|order|ndigits|precision|base|depth|level|year|month|day|pos\w*)", "int"),
    (r"(s|text|string|\w*_string|word|name|path|url|line|title|label|prefix|suffix|sep\w*"
     r"|version|pattern"
     r"|input_str\w*|content|message|msg|source|fmt|format|char|delim\w*|encoding|lang\w*)", "str"),
    (r"(seqs?|sequence\w*|iterables?|it|items|xs|values|lst|data|\w*list|rows|cols|matrix"
     r"|left\w*|right\w*"
     r"|args|coll|elements)", "iterable"),
    (r"(d|dct|mapping|dictionary|kwargs|options|config|\w*_dict|\w*_map)", "dict"),
)  # fmt: skip
"""What parameters of a name mostly take: the first pattern that matches counts."""
PATH = re.compile(r"(\w+_)?(path|file|filename|filepath|dest|destination)")
"""Names of parameters that take the path of a file."""
KNOWN = {
    "datetime.datetime": (
        "datetime.datetime(2024, 2, 29, 12, 30)", "datetime.datetime(2020, 1, 1)",
    ),
    "datetime.date": ("datetime.date(2024, 2, 29)", "datetime.date(2020, 1, 1)"),
    "datetime.time": ("datetime.time(12, 30)",),
    "datetime.timedelta": (
        "datetime.timedelta(0)", "datetime.timedelta(seconds=1)", "datetime.timedelta(days=1)",
        "datetime.timedelta(days=400, seconds=5)", "datetime.timedelta(days=-2)",
    ),
    "decimal.Decimal": ('Decimal("1.5")', 'Decimal("0")', 'Decimal("-2")'),
    "fractions.Fraction": ("Fraction(1, 3)", "Fraction(7, 2)", "Fraction(0, 1)"),
    "pathlib.Path": ('Path("a/b.txt")', "tmp_path", 'tmp_path / "a.txt"'),
    "os.PathLike": ('Path("a/b.txt")', "tmp_path"),
    "uuid.UUID": ('UUID("12345678-1234-5678-1234-567812345678")',),
    "re.Pattern": ('re.compile("a+")', 're.compile(r"(\\d+)")'),
    "io.StringIO": ('StringIO("a\\nb")', "StringIO()"),
}  # fmt: skip
"""Classes of the standard library, and calls that make objects of them."""
MODULES = {
    "datetime": "", "re": "", "Decimal": "decimal", "Fraction": "fractions", "Path": "pathlib",
    "UUID": "uuid", "StringIO": "io",
}  # fmt: skip
"""The names in those calls, with their modules: '' for a module itself."""


def kind_by_name(name: str) -> str:
    """The kind of value that parameters of this name mostly take, '' where it says nothing."""
    plain = name.lower().strip("*_")
    return next((kind for pattern, kind in BY_NAME if re.fullmatch(pattern, plain)), "")


def known_module(name: str) -> str:
    """The module of a class of the table, '' for one that is not there."""
    places = (place.rpartition(".") for place in KNOWN)
    return next((module for module, _, last in places if last == name), "")


def used_modules(source: str) -> tuple[tuple[str, str], ...]:
    """The names that an expression of the table needs, with their modules."""
    return tuple((name, module) for name, module in MODULES.items() if name in source)
