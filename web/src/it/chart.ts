/** Lines of a small chart: which strokes to draw for values of which some are unknown. */

const SHORTEST = 2.5;

/** Where the n-th of so many values stands. */
export function across(n: number, of: number, width: number): number {
  return of < 2 ? 0 : (n / (of - 1)) * width;
}

/**
 * Points of a polyline for each stretch of known values. A single one becomes a short stroke, or it could not be seen;
 * it lies within the chart: a service's first value is the last one there, at the right edge.
 */
export function strokes(values: (number | null)[], width: number, y: (value: number) => number): string[] {
  const found: string[] = [];
  let points: [number, number][] = [];
  const end = (): void => {
    const [first] = points;
    if (points.length === 1 && first) {
      const left = Math.min(first[0], width - SHORTEST);
      points = [[left, first[1]], [left + SHORTEST, first[1]]];
    }
    if (points.length) found.push(points.map(([left, top]) => `${left.toFixed(1)},${top.toFixed(1)}`).join(' '));
    points = [];
  };
  values.forEach((value, n) => {
    if (value === null) end();
    else points.push([across(n, values.length, width), y(value)]);
  });
  end();
  return found;
}
