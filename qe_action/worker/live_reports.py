"""What pytest's reports say, as plain data: any plugin may have replaced them by its own."""

from __future__ import annotations

import os
import sys

MESSAGE = 2000
"""Characters of a failure's message or a reason."""
SOURCE = ("def ", "async def ", "@")
"""What a function's source begins with; pytest strips its first line alone of its indentation."""
TRACEBACK = 8000
"""Characters of the end of a traceback."""
OUTPUT = 4000
"""Characters of the end of what a test has printed."""
FRAMES = 50
"""The innermost lines of a traceback that are kept."""
DEEP = 10_000
"""Lines of a traceback that are looked at: a recursion has many."""
_RUNNER = tuple(
    os.path.join(os.path.dirname(os.path.abspath(sys.modules[name].__file__ or "")), "")
    for name in ("_pytest", "pluggy")
)
"""Where pytest itself lies: its own lines say nothing of a failure."""
CATEGORIES = ("passed", "failed", "error", "skipped", "xfailed", "xpassed")


def frames_of(excinfo) -> list:
    """The lines that an exception went through, the outermost first."""
    error = getattr(excinfo, "value", None)
    cause = getattr(error, "__cause__", None)
    if type(error).__name__ == "CollectError" and cause is not None:
        error = cause
    trace = getattr(error, "__traceback__", None) or getattr(excinfo, "tb", None)
    found: list = []
    while trace is not None and len(found) < DEEP:
        path = str(trace.tb_frame.f_code.co_filename)
        if not path.startswith(("<", *_RUNNER)):
            found.append([path, int(trace.tb_lineno)])
        trace = trace.tb_next
    if isinstance(error, SyntaxError) and error.filename and error.lineno:
        found.append([str(error.filename), int(error.lineno)])
    return found[-FRAMES:]


def printed_frames(longrepr, folder: str) -> list:
    """The same from what is printed of it, where paths may be relative to `folder`."""
    entries = getattr(getattr(longrepr, "reprtraceback", None), "reprentries", None) or ()
    places = [getattr(entry, "reprfileloc", None) for entry in entries]
    if not any(places):
        places = [getattr(longrepr, "reprcrash", None)]
    found = [
        [os.path.normpath(os.path.join(folder, str(place.path))), int(place.lineno)]
        for place in places
        if place is not None
    ]
    return found[-FRAMES:]


def category_of(report, config) -> str:
    """How pytest itself counts a report; empty where it does not, or counts it elsewhere.

    A failure that a plugin has a category of its own for lets the run fail all the same.
    """
    try:
        status = config.hook.pytest_report_teststatus(report=report, config=config)
        category = status[0]
    except Exception:
        category = _plain_category(report)
    if not getattr(report, "count_towards_summary", True):  # of a part of a test
        return ""
    if category in CATEGORIES:
        return category
    failed = getattr(report, "outcome", "") == "failed" and not hasattr(report, "wasxfail")
    return _plain_category(report) if category and failed else ""


def _plain_category(report) -> str:
    outcome = getattr(report, "outcome", "")
    when = getattr(report, "when", "call")
    if hasattr(report, "wasxfail"):
        return "xfailed" if outcome == "skipped" else "xpassed"
    if outcome == "failed":
        return "failed" if when == "call" else "error"
    return outcome if outcome == "skipped" or when == "call" else ""


def message_of(report) -> str:
    """The failure in its own words."""
    longrepr = getattr(report, "longrepr", None)
    text = getattr(getattr(longrepr, "reprcrash", None), "message", None)
    missing = getattr(longrepr, "errorstring", None)  # of a fixture; the rest lists others
    if text is None and missing:
        text = str(missing).strip().partition("\n")[0]
    if text is None:
        text = str(longrepr or "").strip().rsplit("\n", 1)[-1]
        text = text[1:] if text.startswith("E   ") else text
    return str(text).strip()[:MESSAGE]


def traceback_of(report) -> str:
    """The end of the traceback as pytest prints it."""
    text = getattr(report, "longreprtext", None)
    if not isinstance(text, str):
        text = str(getattr(report, "longrepr", None) or "")
    text = text.strip("\n")
    if text.startswith(SOURCE):
        text = "    " + text
    return text[-TRACEBACK:]


def output_of(report) -> str:
    """The end of what was captured, each part under its name."""
    sections = getattr(report, "sections", None) or ()
    parts = ["--- %s ---\n%s" % (name, text) for name, text in sections if text]
    return "\n".join(parts)[-OUTPUT:]


def reason_of(report) -> str:
    """Why a test was skipped or expected to fail."""
    wasxfail = getattr(report, "wasxfail", None)
    if wasxfail is not None:
        return str(wasxfail).replace("reason: ", "", 1)[:MESSAGE]
    longrepr = getattr(report, "longrepr", None)
    text = longrepr[2] if isinstance(longrepr, tuple) and len(longrepr) == 3 else longrepr or ""
    return str(text).replace("Skipped: ", "", 1)[:MESSAGE]


def told(of, report) -> str:
    """A text of a report; empty where that can't be made: the outcome counts for more."""
    try:
        return of(report)
    except Exception:
        return ""


def failure_of(report, frames, folder: str) -> dict:
    """All that is known of a failure; `frames` where they are known already."""
    try:
        frames = frames or printed_frames(getattr(report, "longrepr", None), folder)
    except Exception:
        frames = []
    texts = {"message": message_of, "traceback": traceback_of, "output": output_of}
    return {"frames": frames, **{name: told(of, report) for name, of in texts.items()}}


def place_of(report) -> tuple:
    """File and line, from 1, of a test; empty and None where it is not known."""
    location = getattr(report, "location", None)
    if not isinstance(location, (tuple, list)) or len(location) < 2:
        return "", None
    line = location[1]
    return str(location[0] or ""), line + 1 if isinstance(line, int) and line >= 0 else None
