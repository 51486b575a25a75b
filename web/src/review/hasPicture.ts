import type { SelectionView } from '../api/types';

/** Whether the film shows anything: as was found when its moments were prepared, until then as the page said. */
export function hasPicture({ moments, film }: SelectionView): boolean {
  const found = moments.filter(({ facts }) => facts !== null);
  return found.length ? found.some(({ facts }) => facts?.width_px) : film.picture;
}
