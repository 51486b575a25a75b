/** What is known of a film, and when its frames are shown. */

import { MATROSKA } from 'mediabunny';

import { chooseAudioFormat } from '../cut/audio';
import { lightCodec } from '../cut/light';
import { chooseFormat } from '../cut/muxer';
import { isDecodedHere } from '../hevc/decoder';
import { FilmProblem } from '../problem';
import { holdsUnheard, type AudioRecording } from '../read/audio';
import { beginsOpen, findEndTicks, frameTickAt, frameTicksBetween, holdsHidden } from '../read/frames';
import { isInterlaced, lookAtFirst, upright } from '../read/look';
import type { FilmSource } from '../read/source';
import { STANDS_S } from '../read/standing';
import type { FilmFacts, PlayerHabit } from '../types';

const RATE_SAMPLE_PACKETS = 240;

/** The facts of a film, from its index and a little of its start. */
export async function readFilmFacts(film: FilmSource): Promise<FilmFacts> {
  const { video, audio, clock } = film;
  const format = await film.input.getFormat();
  const look = await lookAtFirst(film);
  const endTicks = await findEndTicks(film);
  // A head may tell of more than there is; players then wait at the end, and show nothing else.
  const endS = endTicks / clock.ticksPerSecond;
  const shown = look && upright(look, await video.getRotation());
  const canCut = !film.wholeOnly && (await chooseFormat(film).then(() => true, (error: unknown) => isProblem(error, 'not_cut')));
  const hidesSome = await holdsHidden(film);
  const canCutLight = canCut && (await lightCodec(film)) !== null;
  return {
    bytes: film.file?.size ?? 0,
    durationMs: Math.max(1, clock.msAt(endTicks)),
    zeroS: clock.zeroTicks / clock.ticksPerSecond,
    playerLengthsS: film.trackEndsS ? [...film.trackEndsS, endS, Math.max(film.movieS, endS)] : await measuredLengths(film, endS),
    headTellsLength: film.trackEndsS !== null,
    widthPx: shown?.width ?? (await video.getDisplayWidth()),
    heightPx: shown?.height ?? (await video.getDisplayHeight()),
    fps: (await video.computePacketStats(RATE_SAMPLE_PACKETS)).averagePacketRate,
    rotation: await video.getRotation(),
    holdsHidden: hidesSome,
    leansOn: await findHabits(film, hidesSome, endTicks),
    mayPlayOtherwise: hidesSome || film.pieces.length > 1 || !film.marksKeys || film.wholeOnly === 'film_of_two' || film.hasOtherPictures,
    hasPicture: true,
    hasSound: audio !== null,
    canShow: look !== null,
    isDecodedHere: look !== null && (await isDecodedHere(video)),
    whyUnshown: !look && (await video.canDecode()) && (await beginsOpen(film)) ? new FilmProblem('not_shown_from_there').sentence : null,
    canCut,
    whyWhole: film.wholeOnly && new FilmProblem(film.wholeOnly).sentence,
    canCutLight,
    whyNotLight: canCutLight ? null : new FilmProblem((await isInterlaced(film)) ? 'not_cut_light_interlaced' : 'not_cut_light').sentence,
    container: format.name,
    videoCodec: (await video.getCodec()) ?? String(await video.getInternalCodecId()),
    audioCodec: audio && ((await audio.getCodec()) ?? String(await audio.getInternalCodecId())),
  };
}

/** On what habits of a player it depends that it shows this film as the page does. */
async function findHabits(film: FilmSource, hidesSome: boolean, endTicks: number): Promise<PlayerHabit[]> {
  const { clock } = film;
  const lastTicks = await frameTickAt(film, Math.max(0, clock.msAt(endTicks) - 1));
  const habits: PlayerHabit[] = [];
  if (await beginsWithoutSound(film)) habits.push('beginsWithPicture');
  if (hidesSome) habits.push('followsEdits');
  if (film.hasOtherPictures) habits.push('playsFirstTrack');
  if (endTicks - lastTicks > STANDS_S * clock.ticksPerSecond) habits.push('letsLastStand');
  return habits;
}

/** Of a Matroska's H.264 and HEVC: whether a picture is over before the sound begins. */
async function beginsWithoutSound({ input, audio, nalUnits, clock, video }: FilmSource): Promise<boolean> {
  if (!audio || !nalUnits || (await input.getFormat()) !== MATROSKA) return false;
  const { averagePacketRate } = await video.computePacketStats(RATE_SAMPLE_PACKETS);
  return (await audio.getFirstTimestamp()) - clock.zeroTicks / clock.ticksPerSecond > 1 / Math.max(1, averagePacketRate);
}

/**
 * What players may tell of a film whose head lists no samples: when a track ends, on the film's clock or from where it
 * begins, and, as FFmpeg reckons, the longest track counted from the latest beginning. Empty where its end is not stated
 * at all, as in a browser's own WebM: then players tell what they please.
 */
async function measuredLengths(film: FilmSource, endS: number): Promise<number[]> {
  const statedS = await film.input.getDurationFromMetadata();
  if (!film.isFragmented && !statedS) return [];
  const spans = [{ from: film.clock.zeroTicks / film.clock.ticksPerSecond, to: endS }];
  for (const { track } of film.sounds) spans.push({ from: await track.getFirstTimestamp(), to: await track.computeDuration() });
  const ends = spans.flatMap(({ from, to }) => [to, to - from]);
  const latest = Math.max(...spans.map(({ from }) => from));
  const told = [...ends, latest + Math.max(...spans.map(({ from, to }) => to - from))];
  return statedS && statedS > Math.max(...told) ? [...told, statedS] : told;
}

function isProblem(error: unknown, code: string): false {
  if (error instanceof FilmProblem && error.code === code) return false;
  throw error;
}

/** The facts of a recording, in the shape of a film's. */
export async function readAudioFacts(sound: AudioRecording): Promise<FilmFacts> {
  const { audio } = sound;
  return {
    bytes: sound.file?.size ?? 0,
    durationMs: Math.max(1, Math.floor((sound.endS - sound.zeroS) * 1000)),
    zeroS: sound.zeroS,
    playerLengthsS: [],
    headTellsLength: false,
    widthPx: 0,
    heightPx: 0,
    fps: 0,
    rotation: 0,
    holdsHidden: holdsUnheard(sound),
    leansOn: holdsUnheard(sound) ? ['followsEdits'] : [],
    mayPlayOtherwise: false,
    hasPicture: false,
    hasSound: true,
    canShow: await audio.canDecode(),
    isDecodedHere: false,
    whyUnshown: null,
    canCut: (await chooseAudioFormat(sound)) !== null,
    whyWhole: null,
    canCutLight: false,
    whyNotLight: null,
    container: (await sound.input.getFormat()).name,
    videoCodec: '',
    audioCodec: (await audio.getCodec()) ?? String(await audio.getInternalCodecId()),
  };
}

/** When the pictures around `aroundMs` are shown, each rounded down to a millisecond, in order. */
export async function readFrameTimes(film: FilmSource, aroundMs: number, spanMs: number): Promise<number[]> {
  const { clock } = film;
  const fromTicks = clock.ticksAt(Math.max(0, aroundMs - spanMs));
  const ticks = await frameTicksBetween(film, fromTicks, clock.ticksAt(aroundMs + spanMs + 1));
  return ticks.map((at) => clock.msAt(at));
}
