/** Films drawn by ffmpeg for tests. */

import { execFileSync } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';

const PYTHONS = ['../.venv/bin/python', 'python3'];

/** The ffmpeg that VIGPACK_FFMPEG names, else the packaged one of the Python side. */
function ffmpeg(): string {
  const named = process.env['VIGPACK_FFMPEG'];
  if (named) return named;
  for (const python of PYTHONS) {
    try {
      const ask = 'import imageio_ffmpeg; print(imageio_ffmpeg.get_ffmpeg_exe())';
      const found = execFileSync(python, ['-c', ask], { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] }).trim();
      if (existsSync(found)) return found;
    } catch {
      continue; // no such Python, or one without the package
    }
  }
  throw new Error('These tests draw films with ffmpeg: run make setup, or name one in VIGPACK_FFMPEG.');
}

/** A film of four seconds, 30 pictures and a beep a second; its name's ending chooses the container. */
export function drawFilm(name: string, options: readonly string[], after: readonly string[] = []): string {
  const path = join(mkdtempSync(join(tmpdir(), 'film-')), name);
  const picture = ['-f', 'lavfi', '-i', 'testsrc=s=160x120:r=30:d=4'];
  const sound = ['-f', 'lavfi', '-i', 'sine=frequency=440:duration=4'];
  execFileSync(ffmpeg(), ['-v', 'error', '-y', ...picture, ...sound, '-pix_fmt', 'yuv420p', ...options, path]);
  if (after.length === 0) return path;
  const changed = join(dirname(path), `after-${name}`);
  execFileSync(ffmpeg(), ['-v', 'error', '-y', ...after.map((word) => (word === 'FILM' ? path : word)), changed]);
  return changed;
}

/** The bytes of a drawn film, as a page gets them. */
export function asFile(path: string): Blob {
  return new Blob([readFileSync(path)]);
}
