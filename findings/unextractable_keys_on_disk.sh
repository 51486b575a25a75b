#!/usr/bin/env bash
# A WebCrypto key that cannot be extracted cannot be read by scripts, one knows; on the disk, one thinks, it is kept by
# something. Chromium 156 writes its plain bytes into the profile, into the same file of the same database (LevelDB) as
# what it seals. And neither clearing an object store nor deleting the database takes what was in it out of the profile:
# it stays until LevelDB compacts its files some day. So a key kept in IndexedDB protects nothing against who has the
# profile, and dropping it makes nothing unreadable. Give the page a key that is kept elsewhere.
# Needs a Chromium (CHROMIUM names another one).
source "$(dirname "$0")/common.sh"
packages playwright==1.65.2
cat > "$work/look.py" <<'PYTHON'
import http.server
import os
import secrets
import shutil
import sys
import threading
from pathlib import Path

from playwright.sync_api import sync_playwright


class Page(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(200)
        self.send_header("Content-Type", "text/html")
        self.end_headers()

    def log_message(self, *said):
        pass


ACT = """async ([raw, word, act]) => {
  const base = await new Promise((done, failed) => {
    const asked = indexedDB.open('kept', 1);
    asked.onupgradeneeded = () => asked.result.createObjectStore('all');
    asked.onsuccess = () => done(asked.result);
    asked.onerror = () => failed(asked.error);
  });
  const run = (change) => new Promise((done, failed) => {
    const transaction = base.transaction('all', 'readwrite', { durability: 'strict' });
    change(transaction.objectStore('all'));
    transaction.oncomplete = done;
    transaction.onerror = () => failed(transaction.error);
  });
  if (act === 'put') {
    const key = await crypto.subtle.importKey('raw', new Uint8Array(raw), 'AES-GCM', false, ['encrypt']);
    await run((all) => { all.put(key, 'key'); all.put({ word }, 'word'); });
  } else if (act === 'clear') {
    await run((all) => all.clear());
  } else {
    base.close();
    await new Promise((done, failed) => {
      const asked = indexedDB.deleteDatabase('kept');
      asked.onsuccess = done;
      asked.onerror = asked.onblocked = failed;
    });
  }
}"""
server = http.server.HTTPServer(("127.0.0.1", 0), Page)
threading.Thread(target=server.serve_forever, daemon=True).start()
profile, raw, word = Path(sys.argv[1]), secrets.token_bytes(32), f"word-{secrets.token_hex(8)}"
browser = os.environ.get("CHROMIUM") or shutil.which("chromium") or shutil.which("google-chrome")
with sync_playwright() as playwright:
    for act in ("put", "clear", "delete"):
        context = playwright.chromium.launch_persistent_context(profile, executable_path=browser, args=["--no-sandbox"])
        page = context.new_page()
        page.goto(f"http://127.0.0.1:{server.server_port}/")
        page.evaluate(ACT, [list(raw), word, act])
        context.close()
        files = [path.read_bytes() for path in profile.rglob("*") if path.is_file()]
        told = [name for name, mark in (("key", raw), ("word", word.encode())) if any(mark in one for one in files)]
        print(" ".join(told) or "nothing")
PYTHON
found=$("$python" "$work/look.py" "$work/profile")
expect "a key that cannot be extracted and a word: in the profile" "key word" "$(sed -n 1p <<< "$found")"
expect "after the store was cleared" "key word" "$(sed -n 2p <<< "$found")"
expect "after the database was deleted" "key" "$(sed -n 3p <<< "$found" | cut -d ' ' -f 1)"
end
