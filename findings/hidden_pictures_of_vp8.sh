#!/usr/bin/env bash
# VP8 encoders in two passes store pictures that others lean on and nobody is shown ("alt-ref"), each in a packet of its own.
# mediabunny 1.61.0 gives what comes out of the browser's decoder the times of the packets that went in, one after
# another: behind each such packet, up to the next key picture, a sample carries the time of an earlier picture than it
# shows. Nothing is said. What the browser itself tells of each picture is right; a decoder of one's own, registered
# with registerDecoder(), keeps it.
# Needs a Chromium (CHROMIUM names another one). Each picture is as bright as its number.
source "$(dirname "$0")/common.sh"
packages imageio-ffmpeg==0.8.1 playwright==1.65.2
npm_packages mediabunny@1.61.0
for pass in 1 2; do
  ffmpeg -loglevel error -f lavfi -i "color=black:s=64x64:r=30:d=5,geq=lum=16+N:cb=128:cr=128" -c:v libvpx -auto-alt-ref 1 -lag-in-frames 16 \
    -b:v 1M -g 150 -pass "$pass" -passlogfile "$work/log" "$work/film.webm"
done
cp "$work/node_modules/mediabunny/dist/bundles/mediabunny.mjs" "$work/mediabunny.mjs"
cat > "$work/look.py" <<'PYTHON'
import functools
import http.server
import os
import shutil
import sys
import threading

from playwright.sync_api import sync_playwright

LOOK = """async () => {
  const { ALL_FORMATS, EncodedPacketSink, Input, UrlSource, VideoSampleSink } = await import('/mediabunny.mjs');
  const input = new Input({ source: new UrlSource('/film.webm'), formats: ALL_FORMATS });
  const track = await input.getPrimaryVideoTrack();
  let packets = 0;
  for await (const _ of new EncodedPacketSink(track).packets()) packets += 1;
  const behind = [];
  for await (const sample of new VideoSampleSink(track).samples()) {
    const bytes = new Uint8Array(sample.allocationSize());
    await sample.copyTo(bytes);
    behind.push(bytes[32 * 64 + 32] - 16 - Math.round(sample.timestamp * 30));
    sample.close();
  }
  return [packets, behind.length, Math.max(...behind.slice(0, 10)) < 2, Math.max(...behind) > 2];
}"""


class Files(http.server.SimpleHTTPRequestHandler):
    extensions_map = {**http.server.SimpleHTTPRequestHandler.extensions_map, ".mjs": "text/javascript"}

    def log_message(self, *said):
        pass


server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), functools.partial(Files, directory=sys.argv[1]))
threading.Thread(target=server.serve_forever, daemon=True).start()
browser = os.environ.get("CHROMIUM") or shutil.which("chromium") or shutil.which("google-chrome")
with sync_playwright() as playwright:
    page = playwright.chromium.launch(executable_path=browser, args=["--no-sandbox"]).new_page()
    page.goto(f"http://127.0.0.1:{server.server_port}/")
    print(*page.evaluate(LOOK))
PYTHON
read -r packets pictures first later <<< "$("$python" "$work/look.py" "$work")"
expect "packets (150 pictures are shown)" "159" "$packets"
expect "samples" "150" "$pictures"
expect "the first ten show the picture of their time" "True" "$first"
expect "some later one shows a picture three or more further on" "True" "$later"
end
