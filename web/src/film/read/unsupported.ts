/** A film of a kind that nothing here opens: AVI, Windows Media, old discs. It goes whole, its moments marked by time. */

import { FilmProblem } from '../problem';
import type { Film } from '../types';

/** Its pictures' times are not known, so one steps as if there were 25 a second; the service finds the real ones. */
const STEP_MS = 40;

/** The film in `file`, as long as a person says. */
export function unsupportedFilm(file: File, durationMs: number): Film {
  const hasPicture = !file.type.startsWith('audio/');
  return {
    facts: {
      bytes: file.size,
      durationMs,
      zeroS: 0,
      playerLengthsS: [],
      headTellsLength: false,
      widthPx: 0,
      heightPx: 0,
      fps: 1000 / STEP_MS,
      rotation: 0,
      holdsHidden: false,
      leansOn: [],
      mayPlayOtherwise: false,
      hasPicture,
      hasSound: true,
      canShow: false,
      isDecodedHere: false,
      whyUnshown: null,
      canCut: false,
      whyWhole: null,
      canCutLight: false,
      whyNotLight: null,
      container: file.type,
      videoCodec: '',
      audioCodec: null,
    },
    strip: () => Promise.resolve(),
    waveform: () => Promise.resolve(),
    frameTimes: (aroundMs, spanMs) => {
      const first = Math.max(0, Math.ceil((aroundMs - spanMs) / STEP_MS));
      const last = Math.floor(Math.min(durationMs - 1, aroundMs + spanMs) / STEP_MS);
      return Promise.resolve(Array.from({ length: last - first + 1 }, (_, n) => (first + n) * STEP_MS));
    },
    picture: () => Promise.reject(new FilmProblem('not_shown')),
    pictureNear: () => Promise.reject(new FilmProblem('not_shown')),
    close: () => undefined,
  };
}
