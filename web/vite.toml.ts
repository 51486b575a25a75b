import { parse } from 'smol-toml';
import type { Plugin } from 'vite';

/** The service's own lists in configs/ become part of the page, and of its worker, while they are built. */
export function toml(): Plugin {
  return {
    name: 'toml',
    transform: (text, id) => (id.endsWith('.toml') ? { code: `export default ${JSON.stringify(parse(text))}`, map: null } : null),
  };
}
