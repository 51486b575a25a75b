#!/bin/sh
# Everything for a machine without a network, in one file: the packages for this machine's Python and processor, vigpack, its page.
# make bundle calls it; PYTHON is the environment's own.
set -eu
cd "$(dirname "$0")/.."
python=${PYTHON:-.venv/bin/python}
name=vigpack-$("$python" -c 'import sys, sysconfig, importlib.metadata as m; print(m.version("vigpack"), f"python{sys.version_info[0]}.{sys.version_info[1]}", sysconfig.get_platform(), sep="-")')
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
mkdir -p "$folder/$name/wheels" "$folder/$name/docs" dist
pip="$python -m pip --disable-pip-version-check --quiet"
# Debian 12 has Python 3.11.2, for which one package more is needed than for 3.11.3: that which only some releases of a Python need comes along.
sed -E "s/ ; python_full_version < '3\.[0-9]+\.[0-9]+'//" requirements/run.txt > "$folder/all.txt"
$pip download --only-binary :all: --require-hashes -r "$folder/all.txt" -d "$folder/$name/wheels"
$pip wheel --no-deps --no-build-isolation -w "$folder/$name" .
cp requirements/run.txt install/install.sh install/systemd/vigpack.service "$folder/$name/"
cp docs/deployment.md docs/operations.md "$folder/$name/docs/"
cp -R web/dist "$folder/$name/page"
tar -C "$folder" -czf "dist/$name.tar.gz" "$name"
(cd dist && sha256sum "$name.tar.gz" > "$name.tar.gz.sha256")
echo "dist/$name.tar.gz: $(du -h "dist/$name.tar.gz" | cut -f1)"
