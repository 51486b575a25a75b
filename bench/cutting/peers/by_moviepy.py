"""What bench/cutting makes, as a Python programmer would with moviepy: film, folder, [[start, end], …] in seconds."""

from __future__ import annotations

import json
import sys

from moviepy import VideoFileClip

film, folder, clips = sys.argv[1], sys.argv[2], json.loads(sys.argv[3])
for number, (start, end) in enumerate(clips):
    with VideoFileClip(film) as whole:
        clip = whole.subclipped(start, end).resized(height=720)
        clip.write_videofile(f"{folder}/{number}.mp4", preset="veryfast", audio_codec="aac", logger=None)
