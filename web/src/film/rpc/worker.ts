/** The film worker: reads, shows and cuts a film away from the page, so that the page never stutters. */

import { cutMoment } from '../cut/cutMoment';
import { cutFile } from '../cut/opfs';
import { FilmProblem, asFilmProblem } from '../problem';
import { listAudioSteps, isAudioRecording, openFilmOrRecording, type AudioRecording } from '../read/audio';
import type { FilmSource } from '../read/source';
import { readFilmFacts, readFrameTimes, readAudioFacts } from '../show/facts';
import { Following } from '../show/following';
import { decodePicture, decodeFilmstrip } from '../show/pictures';
import { copyPictureSpan } from '../show/span';
import { measureWaveform } from '../show/waveform';
import type { Calls, CallName, WorkerResponse, WorkerRequest, WorkerMessage } from './protocol';

const stopping = new Map<number, AbortController>();
let opened: Promise<FilmSource | AudioRecording> | null = null;
let following: Following | null = null;

/** TypeScript's page types stand for the worker's own global; only this of it differs. */
const page = self as unknown as { postMessage(message: WorkerResponse, transfer?: Transferable[]): void };

self.addEventListener('message', (event: MessageEvent<WorkerMessage>) => {
  const message = event.data;
  if ('abort' in message) stopping.get(message.id)?.abort();
  else void respond(message);
});

async function respond(request: WorkerRequest): Promise<void> {
  const { id } = request;
  const controller = new AbortController();
  stopping.set(id, controller);
  try {
    const result = await run(request, controller.signal);
    page.postMessage({ id, result }, picturesIn(result));
  } catch (error) {
    const problem = asFilmProblem(error, 'unexpected');
    const reason = problem instanceof FilmProblem ? { code: problem.code, detail: problem.message } : 'aborted';
    page.postMessage({ id, problem: reason });
  } finally {
    stopping.delete(id);
  }
}

function picturesIn(result: Calls[CallName]['result']): ImageBitmap[] {
  if (result instanceof ImageBitmap) return [result];
  return result !== null && 'picture' in result ? [result.picture] : [];
}

async function run(request: WorkerRequest, signal: AbortSignal): Promise<Calls[CallName]['result']> {
  const { id } = request;
  switch (request.call) {
    case 'open': {
      const { file } = request.args;
      opened = 'cut' in file ? cutFile(file.cut, (id) => Promise.resolve(file.keys.find((one) => one.id === id))).then(openFilmOrRecording) : openFilmOrRecording(file);
      const source = await opened;
      return isAudioRecording(source) ? readAudioFacts(source) : readFilmFacts(source);
    }
    case 'strip':
      await decodeFilmstrip(
        await film(),
        request.args.count,
        request.args.heightPx,
        (index, timeMs, picture) => page.postMessage({ id, progress: { index, timeMs, picture } }, [picture]),
        signal,
      );
      return null;
    case 'waveform':
      await measureWaveform(await either(), request.args.buckets, (progress) => page.postMessage({ id, progress }), signal);
      return null;
    case 'frameTimes': {
      const { aroundMs, spanMs } = request.args;
      const source = await either();
      return isAudioRecording(source) ? listAudioSteps(source, aroundMs, spanMs) : readFrameTimes(source, aroundMs, spanMs);
    }
    case 'picture':
      return decodePicture(await film(), request.args.atMs, request.args.heightPx);
    case 'pictureNear':
      following ??= new Following(await film());
      return following.pictureNear(request.args.atMs, request.args.heightPx);
    case 'span': {
      const { atMs, keyOnly, groupsBack } = request.args;
      return copyPictureSpan(await film(), atMs, keyOnly, groupsBack);
    }
    case 'cut': {
      const { file, moment, mode, name, seal, marks } = request.args;
      return cutMoment(file, moment, mode, name, seal, marks, (progress) => page.postMessage({ id, progress }), signal);
    }
  }
}

async function either(): Promise<FilmSource | AudioRecording> {
  if (!opened) throw new FilmProblem('unexpected', 'no film is open');
  return opened;
}

async function film(): Promise<FilmSource> {
  const source = await either();
  if (isAudioRecording(source)) throw new FilmProblem('no_picture');
  return source;
}
