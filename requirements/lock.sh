#!/bin/sh
# Write the locked requirements anew from pyproject.toml. Needs uv. No registry's host name gets into the files.
set -eu
cd "$(dirname "$0")/.."
lock() { uv pip compile pyproject.toml --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-header --quiet "$@"; }
lock --extra build -o requirements/run.txt
lock --extra build --extra dev -c requirements/run.txt -o requirements/dev.txt
