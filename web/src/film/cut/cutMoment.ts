/** A cut made in the worker: written, read back as the service will read it, and only then given its name. */

import { StreamTarget, type StreamTargetChunk } from 'mediabunny';

import { UnfinishedCut } from './opfs';
import { lightenMoment } from './light';
import { copyMoment } from './lossless';
import { onCutClock } from './span';
import { asFilmProblem } from '../problem';
import { readBack } from './verify';
import type { CutMode, FinishedCut, Moment } from '../types';
import { copySound, isSound, openEither, readSoundBack, type SoundSource } from './audio';
import type { FilmSource } from '../read/source';

const WRITE_BYTES = 4 << 20;
const TELL_EVERY_MS = 100;

/** Cuts `moment` out of `file` into the private file `name`. Throws FilmProblem; AbortError when told to stop. */
export async function cutMoment(
  file: File,
  moment: Moment,
  mode: CutMode,
  name: string,
  onProgress: (share: number) => void,
  signal: AbortSignal,
): Promise<FinishedCut> {
  const film = await openEither(file);
  const unfinished = await UnfinishedCut.create().catch((error: unknown) => {
    film.input.dispose();
    throw asFilmProblem(error, 'no_space');
  });
  // A full disk breaks the stream, and what uses the stream then only tells that it is broken.
  let unwritten: unknown;
  try {
    const writable = new WritableStream<StreamTargetChunk>({
      write: (chunk) => {
        try {
          unfinished.write(chunk.data, chunk.position);
        } catch (error) {
          unwritten ??= error;
          throw error;
        }
      },
    });
    const target = new StreamTarget(writable, { chunked: true, chunkSize: WRITE_BYTES });
    const report = sometimes(onProgress);
    const writing = { moment, mode, target, report, signal, close: () => unfinished.close() };
    const { bytes, mimeType, cut } = await (isSound(film) ? writeSound(film, writing) : writeFilm(film, writing));
    signal.throwIfAborted();
    await unfinished.keep(name);
    onProgress(1);
    return { name, bytes, mimeType, cut };
  } catch (error) {
    await unfinished.drop();
    signal.throwIfAborted();
    throw asFilmProblem(unwritten ?? error, 'not_cut');
  } finally {
    film.input.dispose();
  }
}

interface Writing {
  readonly moment: Moment;
  readonly mode: CutMode;
  readonly target: StreamTarget;
  readonly report: (share: number) => void;
  readonly signal: AbortSignal;
  readonly close: () => Promise<Blob>;
}

type Made = Omit<FinishedCut, 'name'>;

async function writeFilm(film: FilmSource, { moment, mode, target, report, signal, close }: Writing): Promise<Made> {
  // A still keeps its full size, since it will be printed; it is short in any case.
  const written =
    mode === 'light' && moment.kind === 'clip'
      ? await lightenMoment(film, moment, target, report, signal)
      : await copyMoment(film, moment, target, report, signal);
  const made = await close();
  const cutMs = await readBack(made, written.ticks.length);
  const cut = onCutClock(film, moment, written.wanted, written.ticks, cutMs);
  return { bytes: made.size, mimeType: written.mimeType, cut };
}

async function writeSound(sound: SoundSource, { moment, target, report, signal, close }: Writing): Promise<Made> {
  const { mimeType, cut } = await copySound(sound, moment, target, report, signal);
  const made = await close();
  await readSoundBack(made, cut.out);
  return { bytes: made.size, mimeType, cut };
}

function sometimes(tell: (share: number) => void): (share: number) => void {
  let toldAt = 0;
  return (share) => {
    if (performance.now() - toldAt < TELL_EVERY_MS) return;
    toldAt = performance.now();
    tell(share);
  };
}
