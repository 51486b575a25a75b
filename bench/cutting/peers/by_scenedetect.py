"""What bench/cutting makes, by PySceneDetect's splitter as it comes: film, folder, [[start, end], …] in seconds."""

from __future__ import annotations

import json
import sys
from pathlib import Path

from scenedetect import FrameTimecode, open_video, split_video_ffmpeg

film, folder, clips = sys.argv[1], sys.argv[2], json.loads(sys.argv[3])
rate = open_video(film).frame_rate
scenes = [(FrameTimecode(float(start), rate), FrameTimecode(float(end), rate)) for start, end in clips]
failed = split_video_ffmpeg(film, scenes, output_dir=Path(folder), output_file_template="$SCENE_NUMBER.mp4")
sys.exit(failed)
