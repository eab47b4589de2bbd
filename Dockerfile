# The image that the action runs in. Build: make image
ARG BASE=python:3.13-slim

# hadolint ignore=DL3006
FROM ${BASE} AS packages
WORKDIR /build
COPY requirements.txt ./
# Every file is checked against its hash. The venv has no pip of its own; the base's fills it.
RUN python -m venv --without-pip /opt/venv \
 && python -m pip --python /opt/venv/bin/python install --no-cache-dir --require-hashes \
      --only-binary :all: -r requirements.txt
COPY qe_action /build/qe_action
# The project is pure Python, so its folder is the whole installation: no build backend to fetch.
RUN cp -r qe_action "$(/opt/venv/bin/python -c 'import sysconfig; print(sysconfig.get_path("purelib"))')" \
 && python -m compileall -q -j 0 --invalidation-mode unchecked-hash /opt/venv/lib

# Git's program and the libraries that the base lacks: 5 MB in place of the package's 100 MB.
# Everything we ask of git is built into that one program; its Perl parts are not needed.
# hadolint ignore=DL3006
FROM ${BASE} AS git
SHELL ["/bin/bash", "-eu", "-o", "pipefail", "-c"]
# No version: Debian keeps only the newest, and security updates are wanted.
# hadolint ignore=DL3008
RUN find / -xdev -name '*.so*' | sort > /base-libraries \
 && apt-get update \
 && apt-get install -y --no-install-recommends git \
 && rm -rf /var/lib/apt/lists/* \
 && mkdir -p /copy/usr/bin /copy/etc \
 && cp /usr/bin/git /copy/usr/bin/ \
 && for library in $(ldd /usr/bin/git | awk '$3 ~ /^\// { print $3 }'); do \
      grep -qxF "$(realpath "$library")" /base-libraries || \
        cp --parents -L "$(realpath "$(dirname "$library")")/$(basename "$library")" /copy; \
    done \
 && cp --parents /usr/share/doc/git/copyright /copy \
 && printf '[safe]\n\tdirectory = *\n' > /copy/etc/gitconfig

# hadolint ignore=DL3006
FROM ${BASE}
LABEL org.opencontainers.image.title="qe-action" \
      org.opencontainers.image.description="Shows a pull request what its tests miss, while the analysis still runs." \
      org.opencontainers.image.licenses="MIT"
COPY --from=git /copy /
COPY --from=packages /opt/venv /opt/venv
# Imports all of our modules but the worker's, which run in the project's interpreter, and makes a
# model, which is when lionagi is loaded: the build fails where one lacks a dependency, and the
# base's own modules get their compiled form, which the official base leaves out (it halves the
# start-up).
RUN ["/opt/venv/bin/python", "-I", "-c", "import importlib, pkgutil, qe_action as q; [importlib.import_module(m.name) for m in pkgutil.walk_packages(q.__path__, 'qe_action.') if not m.name.endswith('__main__') and '.worker.' not in m.name and '.servers.mcp_' not in m.name]; from qe_action.generators.llm.lionagi_model import check; check()"]
# The working directory is the checkout of a stranger's pull request, and earlier steps set the
# environment: -I keeps both off the import path, -B and -u are what PYTHON* variables would say.
# The user stays root, as the runner asks of a container action.
ENTRYPOINT ["/opt/venv/bin/python", "-IBu", "-m", "qe_action", "run"]
