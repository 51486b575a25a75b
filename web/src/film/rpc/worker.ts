/** The film worker: reads, shows and cuts a film away from the page, so that the page never stutters. */

import { cutMoment } from '../cut/cutMoment';
import { findFacts, findFrameTimes, listen, showPicture, showStrip } from '../show/looking';
import { FilmProblem, asFilmProblem } from '../problem';
import { findGrains, findSoundFacts, isSound, openEither, type SoundSource } from '../cut/audio';
import type { FilmSource } from '../read/source';
import type { Calls, CallName, FromWorker, Question, ToWorker } from './protocol';

const stopping = new Map<number, AbortController>();
let opened: Promise<FilmSource | SoundSource> | null = null;

/** TypeScript's page types stand for the worker's own global; only this of it differs. */
const page = self as unknown as { postMessage(message: FromWorker, transfer?: Transferable[]): void };

self.addEventListener('message', (event: MessageEvent<ToWorker>) => {
  const message = event.data;
  if ('abort' in message) stopping.get(message.id)?.abort();
  else void answer(message);
});

async function answer(question: Question): Promise<void> {
  const { id } = question;
  const controller = new AbortController();
  stopping.set(id, controller);
  try {
    const result = await run(question, controller.signal);
    page.postMessage({ id, result }, result instanceof ImageBitmap ? [result] : []);
  } catch (error) {
    const problem = asFilmProblem(error, 'unexpected');
    const said = problem instanceof FilmProblem ? { code: problem.code, detail: problem.message } : 'aborted';
    page.postMessage({ id, problem: said });
  } finally {
    stopping.delete(id);
  }
}

async function run(question: Question, signal: AbortSignal): Promise<Calls[CallName]['result']> {
  const { id } = question;
  switch (question.call) {
    case 'open': {
      opened = openEither(question.given.file);
      const source = await opened;
      return isSound(source) ? findSoundFacts(source) : findFacts(source);
    }
    case 'strip':
      await showStrip(
        await film(),
        question.given.count,
        question.given.heightPx,
        (index, timeMs, picture) => page.postMessage({ id, told: { index, timeMs, picture } }, [picture]),
        signal,
      );
      return null;
    case 'waveform':
      await listen(await either(), question.given.buckets, (told) => page.postMessage({ id, told }), signal);
      return null;
    case 'frameTimes': {
      const { aroundMs, spanMs } = question.given;
      const source = await either();
      return isSound(source) ? findGrains(source, aroundMs, spanMs) : findFrameTimes(source, aroundMs, spanMs);
    }
    case 'picture':
      return showPicture(await film(), question.given.atMs, question.given.heightPx);
    case 'cut': {
      const { file, moment, mode, name } = question.given;
      return cutMoment(file, moment, mode, name, (told) => page.postMessage({ id, told }), signal);
    }
  }
}

async function either(): Promise<FilmSource | SoundSource> {
  if (!opened) throw new FilmProblem('unexpected', 'no film is open');
  return opened;
}

async function film(): Promise<FilmSource> {
  const source = await either();
  if (isSound(source)) throw new FilmProblem('no_picture');
  return source;
}
