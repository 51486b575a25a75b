/** What the fragments of an MP4 say of the times of its samples: ISO/IEC 14496-12, 8.8. */

import type { InputVideoTrack, EncodedPacket, PacketRetrievalOptions } from 'mediabunny';

import type { ReadBytes } from './bytes';
import { boxes, content, findBoxes, type Box } from './timeline';

/** Pictures stored before ones shown earlier: H.264 and HEVC allow 16 at most. */
const MOST_REORDERED = 16;
const FIRST_STEP_BACK_S = 0.5;
const METADATA_ONLY = { metadataOnly: true } as const;
const MOST_FRAGMENT_BYTES = 1 << 20;
const MOST_PLACES = 64;
const [HAS_OFFSET, HAS_DESCRIPTION, HAS_DURATION] = [0x1, 0x2, 0x8];
const [HAS_DATA_OFFSET, HAS_FIRST_FLAGS] = [0x1, 0x4];
/** What a run may say of each sample, in this order. */
const [LASTS, SIZE, FLAGS, IS_SHOWN_LATER] = [0x100, 0x200, 0x400, 0x800];

/** Of one track. */
export interface FragmentedTrack {
  /** Whether each fragment says when it begins (`tfdt`); else readers add up durations, and not all alike. */
  statesTimes: boolean;
  /** Whether two samples are shown, or decoded, at one time. */
  repeatsTimes: boolean;
  /** Whether samples are shown before ones of an earlier fragment, as where each picture has a fragment of its own. */
  overlaps: boolean;
  /** When samples are decoded that are said to last for no time, though others follow, in ticks; the first few. */
  readonly unlasting: number[];
}

interface Sample {
  readonly decoded: number;
  readonly shown: number;
  readonly lasts: number;
}

/** Each track that has fragments, by its id. */
export async function lookAtFragments(read: ReadBytes): Promise<Map<number, FragmentedTrack>> {
  const looks = new Map<number, FragmentedTrack & { latest: number; decoded: number; times: Set<number>; ends: Sample | null }>();
  let lasting = new Map<number, number>();
  for await (const box of boxes(read, 0, Infinity)) {
    if (box.type === 'moov') lasting = await usualDurations(read, box);
    if (box.type !== 'moof' || box.to - box.from > MOST_FRAGMENT_BYTES) continue;
    for (const { track, begins, samples } of await readFragment(read, box, lasting)) {
      const look = looks.get(track) ?? { statesTimes: true, repeatsTimes: false, overlaps: false, unlasting: [], latest: -Infinity, decoded: -1, times: new Set(), ends: null };
      looks.set(track, look);
      look.statesTimes &&= begins !== null;
      if (look.ends?.lasts === 0 && look.unlasting.length < MOST_PLACES) look.unlasting.push(look.ends.decoded);
      for (const { shown, decoded } of samples) {
        look.repeatsTimes ||= look.times.has(shown) || decoded === look.decoded;
        look.decoded = decoded;
        look.overlaps ||= shown < look.latest;
        look.times.add(shown);
      }
      look.latest = samples.reduce((latest, { shown }) => Math.max(latest, shown), look.latest);
      look.ends = samples.at(-1) ?? look.ends;
    }
  }
  return looks;
}

/** How long samples of each track last where their fragment does not say (`trex`). */
async function usualDurations(read: ReadBytes, moov: Box): Promise<Map<number, number>> {
  const found = new Map<number, number>();
  const { mvex } = await findBoxes(read, moov, ['mvex']);
  if (!mvex) return found;
  for await (const box of boxes(read, mvex.from, mvex.to)) {
    if (box.type !== 'trex') continue;
    const view = viewOf(await content(read, box, 24));
    if (view.byteLength === 24) found.set(view.getUint32(4), view.getUint32(12));
  }
  return found;
}

interface TrackFragment {
  readonly track: number;
  /** When its first sample is decoded, in the track's ticks; null where it does not say (`tfdt`). */
  readonly begins: number | null;
  readonly samples: readonly Sample[];
}

/** The tracks of a fragment. `lasting`: how long samples last of which it does not say. */
export async function readFragment(read: ReadBytes, moof: Box, lasting: ReadonlyMap<number, number> = new Map()): Promise<TrackFragment[]> {
  const found: TrackFragment[] = [];
  for await (const traf of boxes(read, moof.from, moof.to)) {
    if (traf.type !== 'traf') continue;
    const { tfhd, tfdt } = await findBoxes(read, traf, ['tfhd', 'tfdt']);
    if (!tfhd) continue;
    const head = viewOf(await content(read, tfhd));
    const [flags, track] = [head.getUint32(0), head.getUint32(4)];
    const at = 8 + (flags & HAS_OFFSET ? 8 : 0) + (flags & HAS_DESCRIPTION ? 4 : 0);
    const usual = flags & HAS_DURATION ? head.getUint32(at) : (lasting.get(track) ?? 0);
    const time = tfdt ? viewOf(await content(read, tfdt)) : null;
    const begins = time && (time.getUint8(0) === 1 ? Number(time.getBigUint64(4)) : time.getUint32(4));
    let decoded = begins ?? 0;
    const samples: Sample[] = [];
    for await (const run of boxes(read, traf.from, traf.to)) {
      if (run.type !== 'trun') continue;
      for (const { lasts, later } of samplesIn(viewOf(await content(read, run)), usual)) {
        samples.push({ decoded, shown: decoded + later, lasts });
        decoded += lasts;
      }
    }
    found.push({ track, begins, samples });
  }
  return found;
}

function* samplesIn(run: DataView, usual: number): Generator<{ lasts: number; later: number }> {
  const flags = run.getUint32(0);
  const fields = [LASTS, SIZE, FLAGS, IS_SHOWN_LATER].filter((field) => flags & field);
  let at = 8 + (flags & HAS_DATA_OFFSET ? 4 : 0) + (flags & HAS_FIRST_FLAGS ? 4 : 0);
  for (let left = run.getUint32(4); left > 0 && at + 4 * fields.length <= run.byteLength; left--) {
    const field = (one: number): number | null => (flags & one ? at + 4 * fields.indexOf(one) : null);
    const [lasts, later] = [field(LASTS), field(IS_SHOWN_LATER)];
    yield { lasts: lasts === null ? usual : run.getUint32(lasts), later: later === null ? 0 : run.getInt32(later) };
    at += 4 * fields.length;
  }
}

function viewOf(bytes: Uint8Array): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}

interface Backing {
  getFirstPacket(options: PacketRetrievalOptions): Promise<EncodedPacket | null>;
  getPacket(seconds: number, options: PacketRetrievalOptions): Promise<EncodedPacket | null>;
  getKeyPacket(seconds: number, options: PacketRetrievalOptions): Promise<EncodedPacket | null>;
  getNextPacket(packet: EncodedPacket, options: PacketRetrievalOptions): Promise<EncodedPacket | null>;
  getNextKeyPacket(packet: EncodedPacket, options: PacketRetrievalOptions): Promise<EncodedPacket | null>;
}

/**
 * Lets every picture of a track be found whose fragments overlap. mediabunny 1.61 begins to look at the fragment that it
 * knows to begin last before the time, looks no further than the first that begins after it, and takes the best of those
 * between: of one fragment a picture it gives I for each B between I and P, or finds no key picture.
 */
export function findAcrossFragments(video: InputVideoTrack): void {
  const backing = (video as unknown as { _backing: Backing })._backing;
  const [packetNear, keyNear] = [backing.getPacket.bind(backing), backing.getKeyPacket.bind(backing)];
  backing.getKeyPacket = async (seconds, options) => {
    let found = await keyNear(seconds, options);
    for (let back = FIRST_STEP_BACK_S; !found && back < seconds + FIRST_STEP_BACK_S; back *= 2) found = await keyNear(seconds - back, options);
    for (let next = found ?? (await backing.getFirstPacket(options)); next && next.timestamp <= seconds; next = await backing.getNextKeyPacket(next, options)) found = next;
    return found;
  };
  backing.getPacket = async (seconds, options) => {
    if (seconds === Infinity) return packetNear(seconds, options);
    let before: EncodedPacket | null = null;
    let latest = -Infinity;
    let later = 0;
    let stored: EncodedPacket | null = null;
    for (let next = await backing.getKeyPacket(seconds, METADATA_ONLY); next && later <= MOST_REORDERED; ) {
      if (next.timestamp > seconds) later++;
      else if (next.timestamp >= latest) [before, latest] = [stored, next.timestamp];
      stored = next;
      next = await backing.getNextPacket(next, METADATA_ONLY);
    }
    return before ? backing.getNextPacket(before, options) : backing.getKeyPacket(seconds, options);
  };
}
