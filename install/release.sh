#!/bin/sh
# Make a release: its number into every file that holds it, a heading with its date into the CHANGELOG, one commit, one signed or annotated tag.
#   install/release.sh 0.2.0        then: make containers, and git push --follow-tags
# The number stands in pyproject.toml, so that an image, a bundle or a copy without git knows it too; a test holds it to the tag.
set -eu
cd "$(dirname "$0")/.."
new=${1:?the number of the release, like 0.2.0}
old=$(sed -n 's/^version = "\(.*\)"$/\1/p' pyproject.toml)
stop() { echo "$*" >&2; exit 1; }
echo "$new" | grep -qE '^[0-9]+\.[0-9]+\.[0-9]+$' || stop "A release is called like 0.2.0, not $new."
[ -z "$(git status --porcelain)" ] || stop "There are changes that are not committed."
git rev-parse -q --verify "refs/tags/v$new" >/dev/null && stop "v$new is there already."
grep -q "^## $new (not yet released)$" CHANGELOG.md || stop "CHANGELOG.md has no heading '## $new (not yet released)'."
sed -i "s/^version = \"$old\"$/version = \"$new\"/" pyproject.toml
sed -i "s/vigpack:$old/vigpack:$new/" docker-compose.yml tests/containers/*.sh
sed -i "s/^version: $old\$/version: $new/; s/^appVersion: \"$old\"\$/appVersion: \"$new\"/" install/chart/Chart.yaml
sed -i "s/^## $new (not yet released)$/## $new ($(date -u +%Y-%m-%d))/" CHANGELOG.md
git commit -qam "Release $new"
if git config --get user.signingkey >/dev/null; then git tag -s "v$new" -m "vigpack $new"; else git tag -a "v$new" -m "vigpack $new"; fi
echo "v$new is tagged. Try it (make containers), then: git push --follow-tags"
