/** A cut made in the worker: written, read back as the service will read it, and only then given its name. */

import { StreamTarget, type StreamTargetChunk } from 'mediabunny';

import { isAudioRecording, openFilmOrRecording, type AudioRecording } from '../read/audio';
import type { FilmSource } from '../read/source';
import { PartialCut } from './opfs';
import { encodeFullSize, encodeLighter, transcodeMoment } from './light';
import { chooseFormat } from './muxer';
import { copyMoment } from './lossless';
import { coverAt, type Cover } from './cover';
import { findCutSpan, onlyItself, toCutClock, type CutSpan } from './span';
import { asFilmProblem, FilmProblem } from '../problem';
import { compareWithFilm, verifyCovers, verifyCut } from './verify';
import type { CoverMark, CutMode, FileBytes, FinishedCut, Moment, SealKey } from '../types';
import { copyAudio, verifyAudioCut } from './audio';

const WRITE_BYTES = 4 << 20;
const TELL_EVERY_MS = 100;

/** Cuts `moment` out of `file` into the private file `name`. Throws FilmProblem; AbortError when told to stop. */
export async function cutMoment(
  file: File,
  moment: Moment,
  mode: CutMode,
  name: string,
  seal: SealKey,
  marks: readonly CoverMark[],
  onProgress: (share: number) => void,
  signal: AbortSignal,
): Promise<FinishedCut> {
  if ((mode === 'covered') !== marks.length > 0) throw new FilmProblem('not_covered', `${marks.length} marks for ${mode}`);
  const film = await openFilmOrRecording(file);
  const partial = await PartialCut.create(seal).catch((error: unknown) => {
    film.input.dispose();
    throw asFilmProblem(error, 'no_space');
  });
  // A full disk breaks the stream, and what uses the stream then only tells that it is broken.
  let unwritten: unknown;
  try {
    const writable = new WritableStream<StreamTargetChunk>({
      write: async (chunk) => {
        try {
          await partial.write(chunk.data, chunk.position);
        } catch (error) {
          unwritten ??= error;
          throw error;
        }
      },
    });
    const target = new StreamTarget(writable, { chunked: true, chunkSize: WRITE_BYTES });
    const report = throttle(onProgress);
    const writing = { moment, mode, marks, target, report, signal, close: () => partial.close() };
    const made = await (isAudioRecording(film) ? writeAudio(film, writing) : writeFilm(film, writing));
    signal.throwIfAborted();
    await partial.publish(name);
    onProgress(1);
    return { name, ...made };
  } catch (error) {
    await partial.discard();
    signal.throwIfAborted();
    throw asFilmProblem(unwritten ?? error, 'not_cut');
  } finally {
    film.input.dispose();
  }
}

interface Writing {
  readonly moment: Moment;
  readonly mode: CutMode;
  /** What is covered. */
  readonly marks: readonly CoverMark[];
  readonly target: StreamTarget;
  readonly report: (share: number) => void;
  readonly signal: AbortSignal;
  readonly close: () => Promise<FileBytes>;
}

type Made = Omit<FinishedCut, 'name'>;

async function writeFilm(film: FilmSource, { moment, mode, marks, target, report, signal, close }: Writing): Promise<Made> {
  await chooseFormat(film);
  const isCovered = mode === 'covered';
  const wanted = isCovered ? await onlyItself(film, moment) : await findCutSpan(film, moment);
  const { copied } = wanted;
  // A still keeps its full size, since it will be printed; it is short in any case.
  const isLighter = mode !== 'lossless' && moment.kind === 'clip';
  const cover = isCovered ? coverOf(film, wanted, marks) : null;
  // What cannot be copied without pictures that the family cut out of its film is encoded anew here, so that those stay.
  const written =
    copied && !isLighter
      ? await copyMoment(film, moment, { ...wanted, copied }, target, report, signal)
      : await transcodeMoment(film, wanted, await (isLighter ? encodeLighter(film) : encodeFullSize(film, isCovered)), target, report, signal, cover);
  const made = await close();
  const { cutMs, durationMs } = await verifyCut(made, written.ticks.length);
  signal.throwIfAborted();
  // Of a covered one she looks at every picture; a cell that is grey cannot be compared.
  if (cover) await verifyCovers(made, written.ticks.map(cover));
  else await compareWithFilm(film, made, written.ticks, wanted, copied && !isLighter ? 'lossless' : 'light');
  const cut = toCutClock(film, moment, wanted, written.ticks, cutMs);
  const begun = 'in' in cut ? cutMs.map(Math.floor).filter((ms) => ms >= cut.in && ms < cut.out).length : 0;
  const fromMs = film.clock.msAt(written.ticks[0]!);
  const holds = { fromMs, toMs: fromMs + durationMs };
  return { bytes: made.size, mimeType: written.mimeType, cut, claims: { durationMs, pictures: begun || null }, holds };
}

/** What is covered on the picture of a film tick: all of it outside of the moment. */
function coverOf({ clock }: FilmSource, { fromTicks, toTicks }: CutSpan, marks: readonly CoverMark[]): (tick: number) => Cover {
  const inOrder = [...marks].sort((one, other) => one.at - other.at);
  return (tick) => (tick >= fromTicks && tick < toTicks ? coverAt(inOrder, clock.msAt(tick)) : { covers: 'whole', box: null, doubt: '' });
}

async function writeAudio(sound: AudioRecording, { moment, target, report, signal, close }: Writing): Promise<Made> {
  const { mimeType, cut } = await copyAudio(sound, moment, target, report, signal);
  const made = await close();
  const durationMs = await verifyAudioCut(made, cut.out);
  const fromMs = moment.kind === 'clip' ? moment.inMs - cut.in : 0;
  return { bytes: made.size, mimeType, cut, claims: { durationMs, pictures: null }, holds: { fromMs, toMs: fromMs + durationMs } };
}

function throttle(tell: (share: number) => void): (share: number) => void {
  let toldAt = 0;
  return (share) => {
    if (performance.now() - toldAt < TELL_EVERY_MS) return;
    toldAt = performance.now();
    tell(share);
  };
}
