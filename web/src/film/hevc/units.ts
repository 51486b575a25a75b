/** NAL units of HEVC as a decoder of bare streams takes them (ITU-T H.265, annex B). */

const START_CODE = [0, 0, 0, 1];
/** Pictures shown before the one that decoding began with, and leaning on ones before it (RASL). */
const SKIPPED = [8, 9];
const LAST_SLICE = 31;

/** The units one after the other, each behind a start code. */
export function behindStartCodes(units: readonly Uint8Array[]): Uint8Array {
  const joined = new Uint8Array(units.reduce((bytes, unit) => bytes + START_CODE.length + unit.length, 0));
  let at = 0;
  for (const unit of units) {
    joined.set(START_CODE, at);
    joined.set(unit, at + START_CODE.length);
    at += START_CODE.length + unit.length;
  }
  return joined;
}

/** Whether a packet holds a picture that cannot be decoded where decoding begins with the key picture just before it. */
export function isLeftOut(units: readonly Uint8Array[]): boolean {
  const kind = units.map((unit) => ((unit[0] ?? 0) >> 1) & 0x3f).find((one) => one <= LAST_SLICE);
  return kind !== undefined && SKIPPED.includes(kind);
}
