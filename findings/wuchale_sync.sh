#!/usr/bin/env bash
# wuchale 0.23.4: `--sync` should read the same files as without it, one after another ("extract sequentially instead of in
# parallel"). It ends at the first file that brings a new message (`updated ||= await visit(file)` does not call visit any
# more), still says "Extraction finished.", and with `--clean` takes what stands in the files behind it out of the
# catalogue. So extract in parallel; sort the catalogue when it is saved where its order is to be the same each time.
source "$(dirname "$0")/common.sh"
npm_packages wuchale@0.23.4
mkdir -p "$work/src/locales"
for word in One Two Three; do printf 'export const say = () => "%s word";\n' "$word" > "$work/src/$word.ts"; done
printf 'export const getRuntime = () => undefined; export const getRuntimeRx = getRuntime;\n' > "$work/src/locales/script.loader.js"
cat > "$work/wuchale.config.mjs" <<'JS'
import { defineConfig } from 'wuchale';
import { adapter } from 'wuchale/adapter-vanilla';
export default defineConfig({ locales: ['en'], ai: null, adapters: { script: adapter({ loader: 'custom', files: 'src/*.ts' }) } });
JS
found() {
  rm -f "$work/src/locales/en.po"
  (cd "$work" && npx wuchale "$@" > /dev/null 2>&1)
  grep -c ' word"$' <(grep '^msgid' "$work/src/locales/en.po")
}
expect "messages of three files, in parallel" 3 "$(found)"
expect "messages of three files, --sync (right: 3)" 1 "$(found --sync)"
end
