/** Why a file could not be opened as a film, from its first bytes. */

import { FilmProblem } from '../problem';
import type { FileBytes } from '../types';

const BOXES = ['ftyp', 'moov', 'mdat', 'wide', 'free', 'skip', 'pnot'];
const TRANSPORT_PACKET_BYTES = 188;
/** AVI, Flash, Ogg, Windows Media, MPEG program stream, MXF, raw DV; recordings of old phones (AMR). */
const OTHER_FILMS = ['2321414d', '52494646', '464c5601', '4f676753', '3026b275', '000001ba', '060e2b34', '1f0700'];
/** Start codes of H.264, HEVC and MPEG without a container; the files of two makers of surveillance recorders. */
const RAW_STARTS = ['00000001', '000001', '44484156', '494d4b48'];
const MATROSKA_START = '1a45dfa3';
const MOST_BOXES = 64;
const OGG_HEADS_BYTES = 1 << 16;
const OGG_PAGE_HEAD_BYTES = 27;
const OGG_BEGINS = 2;
/** Theora, VP8, Dirac, and whatever was put into an OGM. */
const OGG_PICTURES = ['\x80theora', 'OVP80', 'BBCD', '\x01video'];

/** The problem to tell: not a film, a film cut short, or one of a kind that this program cannot open in the browser. */
export async function diagnoseUnreadable(file: FileBytes): Promise<FilmProblem> {
  const head = new Uint8Array(await file.slice(0, TRANSPORT_PACKET_BYTES + 1).arrayBuffer());
  const start = [...head.subarray(0, 4)].map((byte) => byte.toString(16).padStart(2, '0')).join('');
  const isAvi = start !== '52494646' || ascii(head.subarray(8, 12)) === 'AVI ';
  if (OTHER_FILMS.some((other) => start.startsWith(other)) && isAvi) return new FilmProblem('film_not_opened', start);
  if (start === MATROSKA_START) return new FilmProblem('film_unreadable', 'Matroska');
  if (head[0] === 0x47 && head[TRANSPORT_PACKET_BYTES] === 0x47) return new FilmProblem('film_not_opened', 'MPEG-TS');
  if (!BOXES.includes(ascii(head.subarray(4, 8)))) return new FilmProblem(RAW_STARTS.some((raw) => start.startsWith(raw)) ? 'film_raw' : 'not_a_film', start);
  return new FilmProblem((await isCutShort(file)) ? 'film_cut_short' : 'film_unreadable', 'MP4');
}

/** Whether an MP4's index, which may stand at the end, is missing, or a box is longer than the file. */
async function isCutShort(file: FileBytes): Promise<boolean> {
  let at = 0;
  for (let box = 0; box < MOST_BOXES && at + 8 <= file.size; box++) {
    const head = await file.slice(at, at + 16).arrayBuffer();
    const view = new DataView(head);
    let length = view.getUint32(0);
    if (length === 1 && head.byteLength === 16) length = Number(view.getBigUint64(8));
    const end = length === 0 ? file.size : at + length;
    if (ascii(new Uint8Array(head, 4, 4)) === 'moov' && end <= file.size) return false;
    if (length !== 0 && length < 8) return true;
    at = end;
  }
  return true;
}

/** Whether an Ogg holds pictures, of which the demuxer says nothing: it would be taken for a recording of their sound. */
export async function holdsOggPictures(file: FileBytes): Promise<boolean> {
  const head = new Uint8Array(await file.slice(0, OGG_HEADS_BYTES).arrayBuffer());
  // Every track's first page comes before all others (RFC 3533, 6).
  for (let at = 0; at + OGG_PAGE_HEAD_BYTES <= head.length && ascii(head.subarray(at, at + 4)) === 'OggS' && (head[at + 5]! & OGG_BEGINS) !== 0; ) {
    const segments = head.subarray(at + OGG_PAGE_HEAD_BYTES, at + OGG_PAGE_HEAD_BYTES + head[at + OGG_PAGE_HEAD_BYTES - 1]!);
    const from = at + OGG_PAGE_HEAD_BYTES + segments.length;
    const kind = ascii(head.subarray(from, from + 7));
    if (OGG_PICTURES.some((picture) => kind.startsWith(picture))) return true;
    at = from + segments.reduce((sum, length) => sum + length, 0);
  }
  return false;
}

function ascii(bytes: Uint8Array): string {
  return String.fromCharCode(...bytes);
}
