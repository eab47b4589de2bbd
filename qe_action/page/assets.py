"""The page's files."""


def index() -> str:
    return "<!doctype html><title>qe-action</title><link rel=stylesheet href=style.css>"


def style() -> str:
    return "body{}"


def scripts() -> dict[str, str]:
    return {"app.js": "'use strict';"}
