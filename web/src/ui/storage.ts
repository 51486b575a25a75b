/**
 * What this browser keeps for the page, also where its owner or the council's rules forbid it: then it is kept until
 * the page is left. Touching `localStorage` itself throws there.
 */

class SafeStorage {
  readonly #untilLeft = new Map<string, string>();

  constructor(private readonly where: () => Storage) {}

  getItem(name: string): string | null {
    return this.#try((storage) => storage.getItem(name)) ?? this.#untilLeft.get(name) ?? null;
  }

  setItem(name: string, value: string): void {
    this.#untilLeft.set(name, value);
    this.#try((storage) => storage.setItem(name, value));
  }

  removeItem(name: string): void {
    this.#untilLeft.delete(name);
    this.#try((storage) => storage.removeItem(name));
  }

  #try<T>(act: (storage: Storage) => T): T | null {
    try {
      return act(this.where());
    } catch {
      return null;
    }
  }
}

export const local = new SafeStorage(() => localStorage);

/** Whether this browser keeps nothing for the page. */
export function isStorageBlocked(): boolean {
  try {
    return !localStorage;
  } catch {
    return true;
  }
}

/** Whether this browser keeps cookies for the page: where they are blocked, `navigator.cookieEnabled` may still be true. */
export function keepsCookies(): boolean {
  document.cookie = 'vigpack_probe=1; path=/; SameSite=Strict';
  const isKept = document.cookie.includes('vigpack_probe=1');
  document.cookie = 'vigpack_probe=; path=/; SameSite=Strict; Max-Age=0';
  return isKept;
}
