/** Pictures of phones that film in HDR, as they look on a laptop: by the same rules as the service's own (pipeline/cut/picture_filters.py). */

export type WideLight = 'hlg' | 'pq';

/** Of the light that values of one stand for in cd/m²; diffuse white is at 203 (ITU-R BT.2408). */
const DIFFUSE_WHITE = 203;
const [HLG_PEAK, PQ_PEAK] = [1000, 10_000];
const HLG_GAMMA = 1.2;
const SCREEN_GAMMA = 2.4;
/** From here on highlights are rolled off; at this they are white (FFmpeg's `tonemap=mobius`). */
const ROLLS_FROM = 0.3;
const WHITE_AT: Record<WideLight, number> = { hlg: 10, pq: 100 };
/** BT.2020's primaries to BT.709's (ITU-R BT.2087). */
const TO_BT709 = [
  [1.6605, -0.5876, -0.0728],
  [-0.1246, 1.1329, -0.0083],
  [-0.0182, -0.1006, 1.1187],
] as const;
const STEPS = 1024;

const curves = new Map<WideLight, Float32Array>();
const screen = Uint8ClampedArray.from({ length: STEPS + 1 }, (_, step) => 255 * (step / STEPS) ** (1 / SCREEN_GAMMA));

/** Changes RGBA pixels whose values are of HLG or PQ and BT.2020 to those of a usual screen. */
export function toStandardLight(pixels: Uint8ClampedArray, light: WideLight): void {
  const curve = curves.get(light) ?? Float32Array.from({ length: 256 }, (_, value) => linear(value / 255, light));
  curves.set(light, curve);
  const [redRow, greenRow, blueRow] = TO_BT709;
  for (let at = 0; at < pixels.length; at += 4) {
    const [r, g, b] = [curve[pixels[at]!]!, curve[pixels[at + 1]!]!, curve[pixels[at + 2]!]!];
    const red = redRow[0] * r + redRow[1] * g + redRow[2] * b;
    const green = greenRow[0] * r + greenRow[1] * g + greenRow[2] * b;
    const blue = blueRow[0] * r + blueRow[1] * g + blueRow[2] * b;
    const most = Math.max(red, green, blue, 1e-6);
    const scale = (rollOff(most, WHITE_AT[light]) / most) * STEPS;
    pixels[at] = screen[within(red * scale)]!;
    pixels[at + 1] = screen[within(green * scale)]!;
    pixels[at + 2] = screen[within(blue * scale)]!;
  }
}

function within(step: number): number {
  return Math.min(STEPS, Math.max(0, Math.round(step)));
}

/** The light of a stored value, where one is diffuse white (ITU-R BT.2100). */
function linear(value: number, light: WideLight): number {
  if (light === 'pq') {
    const root = value ** (1 / 78.84375);
    return ((Math.max(0, root - 0.8359375) / (18.8515625 - 18.6875 * root)) ** (1 / 0.1593017578125) * PQ_PEAK) / DIFFUSE_WHITE;
  }
  const scene = value <= 0.5 ? value ** 2 / 3 : (Math.exp((value - 0.55991073) / 0.17883277) + 0.28466892) / 12;
  return (scene ** HLG_GAMMA * HLG_PEAK) / DIFFUSE_WHITE;
}

function rollOff(light: number, whiteAt: number): number {
  if (light <= ROLLS_FROM) return light;
  const j = ROLLS_FROM;
  const a = (-j * j * (whiteAt - 1)) / (j * j - 2 * j + whiteAt);
  const b = (j * j - 2 * j * whiteAt + whiteAt) / (whiteAt - 1);
  return ((b * b + 2 * b * j + j * j) / (b - a)) * ((light + a) / (light + b));
}
