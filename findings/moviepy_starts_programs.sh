#!/usr/bin/env bash
# Importing a library runs the library, one thinks. `import moviepy` also runs `ffmpeg -version` and `ffplay`, without a
# time limit and with the whole environment, and looks for a file `.env` (its module config): whatever limits or jail an
# application has around its own ffmpeg, these two stand outside, and where that ffmpeg cannot run, the import fails.
# moviepy 2.2.1, imageio-ffmpeg 0.8.1, ImageIO 2.38. Where moviepy only composes, put a module of that name with
# FFMPEG_BINARY and FFPLAY_BINARY into sys.modules before.
source "$(dirname "$0")/common.sh"
packages moviepy==2.2.1 imageio-ffmpeg==0.8.1
cat > "$work/watched.py" <<'PYTHON'
import os
import sys
import types

started = []
sys.addaudithook(lambda event, given: started.append(os.path.basename(given[0])[:6]) if event == "subprocess.Popen" else None)
if "--place-taken" in sys.argv:
    config = sys.modules["moviepy.config"] = types.ModuleType("moviepy.config")
    config.FFMPEG_BINARY = config.FFPLAY_BINARY = "unset"
import moviepy

clip = moviepy.CompositeVideoClip([moviepy.ColorClip((8, 8), (255, 0, 0), duration=1)])
assert clip.get_frame(0)[4, 4].tolist() == [255, 0, 0]
print(" ".join(sorted(set(started))) or "nothing")
PYTHON
expect "importing moviepy starts" "ffmpeg ffplay" "$("$python" "$work/watched.py")"
expect "with the place of moviepy.config taken it starts" "nothing" "$("$python" "$work/watched.py" --place-taken)"
end
