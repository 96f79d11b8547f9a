#!/usr/bin/env bash
# Installs mi-index and what it needs, in the versions of the lock file, checked by hash.
set -euo pipefail
python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements.lock
python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation -e .
