"""The arguments given to ffmpeg, whole: what is asked of it is plain to read and cannot change unseen."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction
from pathlib import Path

from pipeline.cut.clips import clip_argv
from pipeline.cut.loudness import Level
from pipeline.cut.runs import Plan, make_plan
from pipeline.cut.sound_mix import Hearing
from pipeline.cut.stills import still_argv
from pipeline.presets import preset
from pipeline.source.demux import DEMUXERS
from pipeline.source.film import Film
from pipeline.source.frames import Span
from pipeline.source.picture_facts import Orientation, VideoFacts
from pipeline.source.segments import Stretch
from pipeline.source.sound_tracks import AudioFacts

HEARD = AudioFacts(1, "aac", 2, "stereo")
PHONE = Film(
    path=Path("/films/phone.mp4"),
    bytes=1,
    container="mov,mp4,m4a,3gp,3g2,mj2",
    duration_ms=60_000,
    video=VideoFacts(
        stream_index=0, codec="h264", width_px=1080, height_px=1920, stored_width_px=1920, stored_height_px=1080,
        pixel_aspect=Fraction(1), orientation=Orientation(90), pixel_format="yuv420p", time_base=Fraction(1, 600),
        first_pts=0, fps_min=30, fps_avg=30, fps_max=30, full_range=False, matrix="bt709", primaries="bt709", hdr=None,
        interlaced=False,
    ),
    audio=HEARD,
)  # fmt: skip
SPAN = Span(tuple(range(6000, 9000, 20)), 9000, 5600)


def plan(span: Span, name: str = "review") -> Plan:
    stretch = Stretch(PHONE, span, PHONE.seconds_at(span.start_pts), PHONE.seconds_at(span.end_pts))
    return make_plan([(stretch, PHONE.video)], preset(name))


SAFE = ["-format_whitelist", DEMUXERS, "-noaccurate_seek"]


def test_a_clip_of_a_phones_film_turned_by_a_quarter() -> None:
    argv = clip_argv(
        PHONE, plan(SPAN), preset("review"), Hearing((HEARD,), Level(3.5, limit=False)), Path("/out/.clip.mp4.part")
    )
    picture = (
        "[0:0]trim=end_pts=8981:start_pts=6000[s0];[s0]showinfo@0=checksum=0[s1];[s1]settb=1/1000000[s2];"
        "[s2]setpts=if(gt(PTS\\,14967500)\\,5000000\\,PTS-STARTPTS-6700)[s3];[s3]fps=fps=30:round=up:start_time=0[s4];"
        "[s4]tpad=stop=-1:stop_mode=clone[s5];[s5]trim=end_frame=150[s6];"
        "[s6]zscale=dither=ordered:filter=bicubic:h=720:m=709:min=709:r=limited:rin=limited:w=1280[s7];"
        "[s7]format=yuv420p[s8];[s8]transpose=clock[s9];[s9]setsar=1[s10];"
        "[s10]setparams=color_primaries=bt709:color_trc=bt709:colorspace=bt709:field_mode=prog:range=tv[s11];"
        "[s11]sidedata=mode=delete[s12];"
    )
    sound = (
        "[1:1]atrim=end=15.000000:start=10.000000[s13];[s13]asetpts=PTS-10.000000/TB[s14];"
        "[s14]aresample=48000:async=1:first_pts=0:min_hard_comp=0.01[s15];"
        "[s15]aformat=channel_layouts=stereo:sample_fmts=fltp:sample_rates=48000[s16];[s16]volume=3.5dB[s17];"
        "[s17]apad=whole_len=240000[s18];[s18]atrim=end_sample=240000[s19]"
    )
    assert argv == [
        "-apply_cropping", "codec", "-copyts", *SAFE[:2], "-max_pixels", "67108864", *SAFE[2:], "-noautorotate",
        "-protocol_whitelist", "file", "-reinit_filter", "0", "-seek_timestamp", "1",
        "-ss", "9.333733",
        "-threads", "1", "-i", "file:/films/phone.mp4",
        "-copyts", *SAFE, "-protocol_whitelist", "file", "-seek_timestamp", "1", "-ss", "9.750000",
        "-i", "file:/films/phone.mp4",
        "-filter_complex", picture + sound, "-map", "[s12]", "-map", "[s19]", "-f", "mp4", "-a53cc", "0", "-b:a",
        "128k",
        "-bsf:v", "filter_units=remove_types=6", "-bufsize", "3497k", "-c:a", "aac", "-c:v", "libx264", "-crf", "22",
        "-dn", "-fflags", "+bitexact", "-filter_complex_threads", "1", "-flags:a", "+bitexact", "-flags:v", "+bitexact",
        "-fps_mode", "cfr", "-g", "30", "-map_chapters", "-1", "-map_metadata", "-1", "-maxrate", "3497k", "-movflags",
        "+faststart", "-preset", "veryfast", "-profile:v", "high", "-r", "30", "-rc_init_occupancy", "874k", "-sn",
        "-threads", "1", "/out/.clip.mp4.part",
    ]  # fmt: skip


def test_a_clip_at_the_films_start_is_not_sought() -> None:
    argv = clip_argv(PHONE, plan(replace(SPAN, key_pts=0), "full"), preset("full"), None, Path("clip.mp4"))
    assert "-ss" not in argv
    assert "aac" not in argv
    assert "-maxrate" not in argv


def test_a_still_is_one_whole_frame_of_raw_pixels() -> None:
    argv = still_argv(PHONE, replace(SPAN, pts=(6000,)), PHONE.video)
    assert "trim=end_pts=6001:start_pts=6000" in argv[argv.index("-filter_complex") + 1]
    output = ["-f", "rawvideo", "-filter_complex_threads", "1", "-frames:v", "1", "-pix_fmt", "bgr24", "-"]
    assert argv[-len(output) :] == output
