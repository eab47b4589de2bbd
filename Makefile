# Needs Python 3.11 or later, make and git; everything else goes into .venv.
SHELL := /bin/bash
.SHELLFLAGS := -eu -o pipefail -c
.DELETE_ON_ERROR:
.DEFAULT_GOAL := help

# The first interpreter that is new enough: `make test PYTHON=python3.13` chooses another.
PYTHON ?= $(shell for p in python3 python3.13 python3.12 python3.11 python; do \
	"$$p" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && { echo "$$p"; break; }; done)
VENV ?= .venv
BIN := $(VENV)/bin
IMAGE ?= qe-action:local
BASE ?= python:3.13-slim
PYTEST_ARGS ?=
# Tests that run side by side: one more than there are cores, as some wait most of the time; JOBS=0
# for one after the other.
JOBS ?= $(shell echo $$(($$(getconf _NPROCESSORS_ONLN) + 1)))
SEED ?=
ONLY ?=
NAMES ?=
SETS ?= nine,others,fresh,held-out
UV := uv==0.13.9
COMPILE = .venv-lock/bin/uv pip compile --quiet --universal --generate-hashes --no-strip-extras \
	--custom-compile-command 'make lock' $(if $(UPGRADE),--upgrade)
# The oldest Python of ours, and of projects that tests are made for.
OURS := --python-version 3.11
PROJECTS := --python-version 3.9

.PHONY: help demo pictures test slow probes faults bench bench-generate bench-model check golden lock image clean

help: ## Show the targets.
	@grep -hE '^[a-z-]+:.*## ' $(firstword $(MAKEFILE_LIST)) | sort | sed -E 's/:[^#]*## /\t/' | expand -t 16

demo: $(VENV)/.ready ## Analyse a small real project live and leave an HTML preview.
	$(BIN)/python tests/demo/run_demo.py

pictures: $(VENV)/.ready ## Take the pictures of README and pages from real runs (NAMES="comment tests" for some); needs Chromium.
	$(BIN)/python tests/demo/pictures.py $(NAMES)

test: $(VENV)/.ready ## Run the tests (PYTEST_ARGS="-k name" for some of them); print the 20 slowest.
	$(BIN)/python -m pytest -n $(JOBS) --dist loadgroup --durations=20 $(PYTEST_ARGS)

slow: $(VENV)/.ready ## Run the tests that `make test` leaves out: more cases of what others show.
	$(BIN)/python -m pytest -n $(JOBS) --dist loadgroup -m slow $(PYTEST_ARGS)
	$(BIN)/python -m pytest -n $(JOBS) -m hypothesis --hypothesis-profile=many $(PYTEST_ARGS)

probes: $(VENV)/.ready ## Attack the sandbox in every way there is, as root, as another user and in the image.
	$(BIN)/python -m pytest -n $(JOBS) --dist loadgroup -m probes $(PYTEST_ARGS)

faults: $(VENV)/.ready ## Break every request of a run in every way (SEED=printed-7 repeats a storm, ONLY=regex names cases).
	$(BIN)/python tests/faults/run.py --seed "$(SEED)" --only "$(ONLY)"

bench: .venv-bench/.ready ## Measure speed and memory beside expat, diff-cover and pycobertura.
	.venv-bench/bin/python tests/bench/bench.py

bench-generate: $(VENV)/.ready .venv-generate/.ready ## Write tests for public modules, 30 s each, and measure them (SETS=nine for some).
	$(BIN)/python tests/bench/generate.py --sets $(SETS)

bench-model: $(VENV)/.ready ## Replay a model's recorded answers for ten modules, with and without repair (ONLY=stock for some).
	$(BIN)/python tests/bench/model.py --only "$(ONLY)"

check: $(VENV)/.ready .venv-check/.ready ## Run every linter on code, workflows, action and Dockerfile.
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy --strict
	.venv-check/bin/actionlint
	.venv-check/bin/zizmor --offline --strict-collection --no-progress .
	rm -rf build/readme && $(BIN)/python tests/readme_workflows.py build/readme
	.venv-check/bin/actionlint build/readme/*.yml
	.venv-check/bin/zizmor --offline --strict-collection --no-progress --config .ci/zizmor-readme.yml build/readme/*.yml
	.venv-check/bin/check-jsonschema --builtin-schema vendor.github-actions action.yml
	.venv-check/bin/check-jsonschema --builtin-schema vendor.github-workflows .github/workflows/*.yml build/readme/*.yml
	.venv-check/bin/check-jsonschema --builtin-schema vendor.dependabot .github/dependabot.yml
	.venv-check/bin/hadolint Dockerfile

golden: $(VENV)/.ready ## Write what is derived anew: golden files, inputs and outputs in action.yml and their page.
	$(BIN)/python tests/sync_docs.py
	QE_GOLDEN=write $(BIN)/python -m pytest -q tests/unit/test_golden.py tests/unit/test_golden_executed.py tests/unit/test_convert.py tests/unit/test_llm_context.py tests/unit/test_generated.py tests/unit/test_diagnosis.py tests/e2e/test_doctor.py::test_the_page_s_example_is_what_it_prints
	git --no-pager diff --stat -- action.yml README.md .github/docs tests/golden

lock: ## Pin the dependencies anew within pyproject.toml (UPGRADE=1 for newer ones).
	test -x .venv-lock/bin/uv || { $(PYTHON) -m venv .venv-lock && .venv-lock/bin/pip install --quiet $(UV); }
	$(COMPILE) $(OURS) pyproject.toml --extra generate --extra llm -o requirements.txt
	printf 'hatchling\neditables\nopenapi-core\n' | $(COMPILE) $(OURS) pyproject.toml - --extra generate --extra llm --extra mcp --extra live --group dev -c requirements.txt -o requirements-dev.txt
	$(COMPILE) $(OURS) .ci/requirements.in -o .ci/requirements.txt
	printf 'pytest\ncoverage\n' | $(COMPILE) $(PROJECTS) - -o qe_action/workspace/overlay-requirements.txt

image: ## Build the container image (IMAGE and BASE name it and what it stands on).
	docker build --network=host --build-arg BASE=$(BASE) --tag $(IMAGE) .

clean: ## Remove what the other targets made.
	rm -rf .venv .venv-bench .venv-generate .venv-check .venv-lock demo-out build dist coverage.xml .coverage .coverage.* \
		.pytest_cache .mypy_cache .ruff_cache .hypothesis
	find qe_action tests -name __pycache__ -prune -exec rm -rf {} +

# A stamp: made again only when the pins or the project's own metadata changed.
$(VENV)/.ready: requirements-dev.txt pyproject.toml
	@test -n "$(PYTHON)" || { echo "No Python 3.11 or later found: install one, or name it: make $(MAKECMDGOALS) PYTHON=/path/to/python3" >&2; exit 1; }
	$(PYTHON) -m venv --clear $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements-dev.txt
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation -e .
	touch $@

.venv-bench/.ready: $(VENV)/.ready tests/bench/requirements.txt
	$(PYTHON) -m venv --clear .venv-bench
	.venv-bench/bin/python -m pip install --quiet --disable-pip-version-check -r requirements-dev.txt
	.venv-bench/bin/python -m pip install --quiet --disable-pip-version-check -r tests/bench/requirements.txt
	.venv-bench/bin/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation -e .
	touch $@

.venv-generate/.ready: tests/bench/requirements-generate.txt
	$(PYTHON) -m venv --clear .venv-generate
	.venv-generate/bin/python -m pip install --quiet --disable-pip-version-check -r tests/bench/requirements-generate.txt
	touch $@

.venv-check/.ready: .ci/requirements.txt
	$(PYTHON) -m venv --clear .venv-check
	.venv-check/bin/python -m pip install --quiet --disable-pip-version-check --require-hashes -r .ci/requirements.txt
	touch $@
