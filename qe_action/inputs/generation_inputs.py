"""The inputs on the tests that are made."""

from __future__ import annotations

from qe_action.inputs.input import BOOLEAN, Input

GENERATION: tuple[Input, ...] = (
    Input(
        "generate-tests",
        "false",
        "Whether tests are made for the gaps, changed lines first, and shown with their evidence. "
        "Runs the project's code, in a sandbox.",
        BOOLEAN,
    ),
    Input(
        "generator",
        "auto",
        "What writes the tests: offline searches and needs no model, llm asks the model, auto is "
        "offline first and then the model, if there is one, for what remains.",
        ("auto", "offline", "llm"),
    ),
    Input(
        "model",
        "",
        "The model that writes tests, by its provider's name for it; source code is sent to it.",
    ),
    Input(
        "model-provider",
        "openai",
        "Whose API the model is spoken to by; openai also where model-base-url is compatible.",
        ("openai", "anthropic"),
    ),
    Input(
        "model-base-url",
        "",
        "Address of the API, where it is not the provider's own: vLLM, Ollama, Azure and others.",
    ),
    Input("model-key", "", "The model's API key, a secret.", secret="QE_MODEL_KEY"),  # noqa: S106
    Input(
        "model-headers",
        "",
        "More headers for the model's API as NAME: VALUE, one a line; kept secret.",
        listed=True,
        secret="QE_MODEL_HEADERS",  # noqa: S106
    ),
    Input("model-requests", "60", "How many requests the model gets at most."),
    Input("model-tokens", "300000", "How many tokens the model reads and writes at most."),
    Input("model-cost", "", "What the model may cost at most, in the currency of the prices."),
    Input("price-input", "", "Price of a million tokens that the model reads."),
    Input("price-output", "", "Price of a million tokens that the model writes."),
    Input(
        "llm-cache",
        "",
        "Folder of the workspace where answers of the model are kept and taken from again.",
    ),
    Input("max-tests", "10", "How many tests are proposed at most."),
    Input(
        "time-budget",
        "120",
        "Seconds for finding tests and trying each alone; set-up and suite come on top.",
    ),
    Input(
        "suite-timeout",
        "300",
        "Seconds that the suite may take beside the new tests; beyond it only the test files that "
        "import what is tested are run.",
    ),
    Input(
        "setup-command",
        "",
        "What installs the project and what its tests need, in the sandbox; found from pyproject, "
        "requirements or lock files where empty.",
    ),
    Input(
        "python-version",
        "",
        "Python that the project's tests run on, as in 3.12; what the project asks for, where "
        "empty.",
    ),
    Input(
        "cache-dir",
        "",
        "Folder of the workspace where the project's environment is kept for later runs, for a "
        "step with actions/cache.",
    ),
    Input(
        "sandbox",
        "on",
        "off runs the project's code unprotected: for code you trust, on your own machine.",
        ("on", "off"),
    ),
)
