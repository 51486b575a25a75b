/** What can be wrong with a film, each with a sentence for the guider. */

const SENTENCES = {
  not_a_film: 'This file is neither a film nor a sound recording. Choose the film itself.',
  film_raw: "This is a recorder's raw file, which does not say when its pictures are shown. Save it from the recorder as MP4, or convert it with another program, and choose that.",
  film_not_opened: 'This kind of film cannot be opened in the browser. It can be sent whole, with its moments marked by time.',
  film_unreadable: 'This film cannot be read. Try copying it from the phone or camera again.',
  film_cut_short: 'This film is not complete: its end is missing. Copy it from the phone or camera again.',
  film_protected: 'This film is protected against copying, so nothing can be taken out of it. Ask for it without protection.',
  film_paced: 'Parts of this film were slowed, sped up or held still when it was edited, so it cannot be marked here. It can be sent whole, with its moments marked by time.',
  film_joined: 'This film was joined from several recordings and its clock starts anew inside. It can be sent whole, with its moments marked by time.',
  film_put_behind: 'This film was joined from several recordings so that only the first of them is shown right. Choose the recordings themselves, or convert it with another program.',
  film_without_order: 'This film does not say in which order its pictures are shown, so the wrong moments might be cut. Convert it with another program and choose it again.',
  film_of_two: 'This film was put together from recordings of different kinds, so single moments cannot be taken out of it here. The whole film can be sent instead.',
  film_sound_unread: 'Sound of this film is of a kind that cannot be taken out of it here, so its moments would be silent. The whole film can be sent instead.',
  film_read_differently: 'This browser plays this film differently from the way this page reads it, so the wrong moments might be cut. Send the whole film.',
  film_gone: 'The film can no longer be read. Was it moved, or its memory stick taken out? Choose it again.',
  no_picture: 'This recording has sound but no picture, so no still can be taken from it.',
  not_shown: 'This browser cannot show the pictures of this film. Its moments can still be marked by time.',
  not_shown_from_there: 'This recording begins in the middle of a longer one, as a camcorder begins each new file, and this browser cannot decode its pictures from there.',
  not_cut: 'Moments cannot be taken out of this kind of film here. The whole film can be sent instead.',
  not_cut_light: 'This browser cannot make lighter moments from this film. Send them as they are.',
  not_cut_light_interlaced: 'This film is interlaced, as from camcorders and television. Made smaller here, movement would look torn, so its moments are sent as filmed.',
  not_cut_beside_trim: 'This moment lies beside a place where the film was shortened, and would bring along what was cut out. Choose it a little further away from there.',
  not_cut_differs: 'Taken out of this film, this moment does not look as it does in it, so it is not sent like that. Send it lighter, or the whole film.',
  moment_outside_film: 'This moment lies outside the film. Check its start and end.',
  moment_empty: 'The film shows no picture in this moment. Make it a little longer.',
  no_space: 'There is not enough free space in the browser for this moment. Send or discard others first.',
  cut_gone: 'This moment is no longer kept in the browser. Choose the film again to cut it once more.',
  not_covered: 'This moment could not be covered as it was marked, so it stays on this computer. Try again.',
  kept_back: 'Somebody is to be covered in these seconds before they leave this computer. Cover them on the desk, or take the mark away there.',
  kept_back_whole: 'Somebody is to be covered in this film before it leaves this computer, so it is not sent whole. Send its other moments, or take the mark away on the desk.',
  unexpected: 'Something went wrong with this film. Nothing was lost; try again, or send the whole film.',
} as const;

/** What the demuxer says of a transport stream with something else in it or behind it; the service passes over that. */
const LOST_STEP = 'Invalid TS packet sync byte';

export type FilmProblemCode = keyof typeof SENTENCES;

/** Something the film engine could not do: a stable code, a sentence for the guider, the detail for IT as message. */
export class FilmProblem extends Error {
  override readonly name = 'FilmProblem';
  readonly sentence: string;

  constructor(
    readonly code: FilmProblemCode,
    detail = '',
  ) {
    super(detail || SENTENCES[code]);
    this.sentence = SENTENCES[code];
  }
}

/** The problem behind any error: what a browser says about files and space is put into our words. */
export function asFilmProblem(
  error: unknown,
  otherwise: FilmProblemCode = 'film_unreadable',
  whenGone: FilmProblemCode = 'film_gone',
): Error {
  if (error instanceof FilmProblem) return error;
  if (!(error instanceof Error)) return new FilmProblem(otherwise, String(error));
  if (error.name === 'AbortError') return error;
  if (error.name === 'QuotaExceededError') return new FilmProblem('no_space', error.message);
  if (error.name === 'NotReadableError' || error.name === 'NotFoundError') return new FilmProblem(whenGone, error.message);
  if (error.message.startsWith(LOST_STEP)) return new FilmProblem('film_not_opened', error.message);
  return new FilmProblem(otherwise, `${error.name}: ${error.message}`);
}
