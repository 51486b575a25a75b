"""The one place that starts ffmpeg, and its limits."""
