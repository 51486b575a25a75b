"""Whose work vigpack carries, and under which licences: `make licences` writes THIRD_PARTY.md."""

from __future__ import annotations

import json
import re
import sys
from importlib.metadata import PackageNotFoundError, distribution
from pathlib import Path

from api.governance.packages import licence

HOUSE = Path(__file__).resolve().parents[1]
LIST = HOUSE / "THIRD_PARTY.md"
BUILT_WITH = {"editables", "hatchling", "pathspec", "pluggy", "tomlkit", "trove-classifiers"}
HEAD = """# Whose work vigpack carries

Written by `make licences` from what is installed; a test compares it. The image also holds `/opt/vigpack/sbom.cdx.json` (CycloneDX), and
each package's own licence text beside it.

**Before the image, a bundle or an installation is given to anybody else**, the owner has to look at this: ffmpeg's program (in
imageio-ffmpeg) is built with `--enable-gpl --enable-version3`, and stands under GPL 3; the FFmpeg libraries in PyAV's wheel are built with
x264 and x265, and stand under GPL 2 or later, and vigpack loads them into its own processes. Using them oneself asks for nothing.

## Programs and libraries that come inside packages

| in | what | licence | source |
|---|---|---|---|
| imageio-ffmpeg | ffmpeg 9.0.2, the program | GPL-3.0-or-later | github.com/BtbN/FFmpeg-Builds, ffmpeg.org |
| av | FFmpeg 8.1 libraries, with x264 and x265 | GPL-2.0-or-later | github.com/PyAV-Org/pyav-ffmpeg |
| opencv-python-headless | OpenCV; libavif, libaom, libpng, OpenBLAS; in the image PyAV's FFmpeg instead of its own | Apache-2.0, BSD, LGPL-2.1-or-later | its LICENSE-3RD-PARTY.txt |
| typst | the Typst compiler with its fonts | Apache-2.0; the fonts OFL-1.1 and others | github.com/typst/typst |
| manimgx-fonts, manimgx-fonts-cjk | Noto Sans, Noto Emoji, Noto Sans CJK | OFL-1.1 | fonts.google.com/noto |
| fontpkg-atkinson-hyperlegible | Atkinson Hyperlegible | OFL-1.1 | brailleinstitute.org |
| numpy | OpenBLAS, libgfortran | BSD-3-Clause, GPL-3.0 with the GCC runtime exception | its licence file |
| psycopg-binary | libpq, OpenSSL, Kerberos, OpenLDAP | PostgreSQL, Apache-2.0, MIT, OLDAP-2.8 | github.com/psycopg/psycopg |
| pillow | libjpeg-turbo, libtiff, libwebp, FreeType, HarfBuzz and others | each its own, permissive | its licence file |
"""  # noqa: E501 a table's lines


def python_packages() -> list[tuple[str, str, str]]:
    """(name, version, licence) of what requirements/run.txt installs on Linux, without what only builds."""
    names = re.findall(r"^([a-z0-9._-]+)(?:\[[a-z,]+\])?==", (HOUSE / "requirements/run.txt").read_text(), re.MULTILINE)
    rows = []
    for name in names:
        try:
            package = distribution(name)
        except PackageNotFoundError:  # for another system
            continue
        if name not in BUILT_WITH:
            rows.append((name, package.version, licence(package)))
    return rows


def page_packages() -> list[tuple[str, str, str]]:
    """The same of what is built into the page, with what each of them draws in."""
    locked = json.loads((HOUSE / "web/package-lock.json").read_text())["packages"]
    waiting, rows = list(locked[""]["dependencies"]), {}
    while waiting:
        name = waiting.pop()
        one = locked.get(f"node_modules/{name}")
        if one and name not in rows:
            rows[name] = (name, one["version"], one.get("license", "see its licence file"))
            waiting += one.get("dependencies", {})
    return sorted(rows.values())


def written() -> str:
    """The whole file."""
    parts = [HEAD]
    for title, rows in (("Python packages", python_packages()), ("In the page", page_packages())):
        lines = "\n".join(f"| {name} | {version} | {terms} |" for name, version, terms in rows)
        parts.append(f"\n## {title}\n\n| package | version | licence |\n|---|---|---|\n{lines}\n")
    return "".join(parts)


if __name__ == "__main__":
    LIST.write_text(written())
    sys.stdout.write(f"{LIST.name} is written anew.\n")
