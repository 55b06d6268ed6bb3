#!/bin/sh
# Installs Roxham into a virtual environment of its own, from the lock alone. The Dockerfile runs it, and so can you:
#
#   deploy/install.sh dependencies VENV    makes VENV and installs what requirements.lock names, hashes checked
#   deploy/install.sh program VENV         builds the wheel of this folder and installs it there
#
# Two steps, so that an image layer with the dependencies is kept while only the program changes.
set -eu

here=$(cd "$(dirname "$0")/.." && pwd)
step=${1:-}
venv=${2:-}
if [ -z "$venv" ]; then
    echo "usage: deploy/install.sh dependencies|program VENV" >&2
    exit 2
fi

case $step in
dependencies)
    "${PYTHON:-python3}" -m venv "$venv"
    "$venv/bin/python" -m pip install --quiet --disable-pip-version-check --no-cache-dir \
        --only-binary :all: --require-hashes --requirement "$here/requirements.lock"
    ;;
program)
    wheels=$(mktemp -d)
    trap 'rm -rf "$wheels"' EXIT
    "$venv/bin/python" -m pip wheel --quiet --disable-pip-version-check \
        --no-deps --no-build-isolation --wheel-dir "$wheels" "$here"
    "$venv/bin/python" -m pip install --quiet --disable-pip-version-check --no-deps --no-index "$wheels"/*.whl
    ;;
*)
    echo "deploy/install.sh: no step named '$step' (dependencies, program)" >&2
    exit 2
    ;;
esac
