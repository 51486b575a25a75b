"""How each kind of picture and sound is written: the options of ffmpeg by the words of a spec."""

# ruff: noqa: E501  a table is easiest to read with one case a line
from __future__ import annotations

SECONDS = 3
BEEP_EVERY_S = 0.5
BEEP = "aevalsrc=exprs='if(lt(mod(t,0.5),0.03),0.5*sin(2*PI*1000*t),0)':sample_rate=48000:channel_layout=stereo"
SILENCE = "anullsrc=r=48000:cl=stereo"
_FAST = ("-c:v", "libx264", "-preset", "ultrafast", "-crf", "18")
ENCODERS: dict[str, tuple[str, ...]] = {
    "h264": (*_FAST, "-bf", "2"),
    "h264 no B-frames": (*_FAST, "-bf", "0"),
    "h264 pyramid": ("-c:v", "libx264", "-preset", "veryfast", "-crf", "18", "-bf", "3", "-x264-params", "b-pyramid=normal"),
    "h264 open GOPs": ("-c:v", "libx264", "-preset", "veryfast", "-crf", "18", "-bf", "3", "-x264-params", "open-gop=1"),
    "h264 intra refresh": ("-c:v", "libx264", "-preset", "fast", "-crf", "18", "-bf", "0", "-intra-refresh", "1"),
    "hevc": ("-c:v", "libx265", "-preset", "ultrafast", "-crf", "18"),
    "vp8": ("-c:v", "libvpx", "-b:v", "1M", "-deadline", "realtime", "-cpu-used", "8"),
    "vp9": ("-c:v", "libvpx-vp9", "-b:v", "1M", "-deadline", "realtime", "-cpu-used", "8"),
    "av1": ("-c:v", "libaom-av1", "-crf", "25", "-b:v", "0", "-cpu-used", "8", "-usage", "realtime", "-row-mt", "0"),
    "mpeg4": ("-c:v", "mpeg4", "-q:v", "2"),
    "mjpeg": ("-c:v", "mjpeg", "-q:v", "3"),
    "mpeg2": ("-c:v", "mpeg2video", "-q:v", "2", "-bf", "2"),
    "prores": ("-c:v", "prores_ks", "-profile:v", "0"),
    "ffv1": ("-c:v", "ffv1"),
}  # fmt: skip
SOUNDS: dict[str, tuple[str, ...]] = {
    "aac": ("-c:a", "aac", "-b:a", "128k"),
    "aac 44100": ("-c:a", "aac", "-b:a", "128k", "-ar", "44100"),
    "aac 16000 mono": ("-c:a", "aac", "-b:a", "48k", "-ar", "16000", "-ac", "1"),
    "mp3": ("-c:a", "libmp3lame"),
    "ac3": ("-c:a", "ac3"),
    "opus": ("-c:a", "libopus"),
    "vorbis": ("-c:a", "libvorbis"),
    "flac": ("-c:a", "flac"),
    "pcm": ("-c:a", "pcm_s16le"),
    "mp2": ("-c:a", "mp2"),
}
WRITTEN: dict[str, tuple[str, ...]] = {
    "fragmented.mp4": ("-movflags", "frag_keyframe+delay_moov+default_base_moof"),
    "live.webm": ("-live", "1"),
    "MTS": ("-f", "mpegts", "-mpegts_m2ts_mode", "1"),
}
STATED = {
    "bt709": ("-colorspace", "bt709", "-color_primaries", "bt709", "-color_trc", "bt709", "-color_range", "tv"),
    "smpte170m": ("-colorspace", "smpte170m", "-color_primaries", "smpte170m", "-color_trc", "smpte170m"),
    "bt470bg": ("-colorspace", "bt470bg", "-color_primaries", "bt470bg", "-color_trc", "smpte170m"),
    "bt709 full": ("-colorspace", "bt709", "-color_primaries", "bt709", "-color_trc", "bt709", "-color_range", "pc"),
}  # fmt: skip
TURNS = {0: "null", 90: "transpose=cclock", 180: "hflip,vflip", 270: "transpose=clock"}
