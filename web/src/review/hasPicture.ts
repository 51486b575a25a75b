import type { SelectionView } from '../api/types';

/** Whether the film has a picture: as found when its moments were prepared, until then as the page reported. */
export function hasPicture({ moments, film }: SelectionView): boolean {
  const found = moments.filter(({ facts }) => facts !== null);
  return found.length ? found.some(({ facts }) => facts?.width_px) : film.picture;
}
