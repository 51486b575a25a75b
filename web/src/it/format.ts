/** Formats ages, times and sizes for the IT page; unknown values say so. */

export const UNKNOWN = /* @wc-include */ 'unknown';

/** `8 s`, `3 min`, `2 h 5 min`, `4 days`. */
export function age(seconds: number | null): string {
  if (seconds === null) return UNKNOWN;
  if (seconds < 10) return `${Math.round(seconds * 10) / 10} s`;
  if (seconds < 100) return `${Math.round(seconds)} s`;
  const minutes = Math.round(seconds / 60);
  if (minutes < 60) return `${minutes} min`;
  const hours = Math.floor(minutes / 60);
  if (hours < 48) return minutes % 60 ? `${hours} h ${minutes % 60} min` : `${hours} h`;
  return `${Math.round(hours / 24)} days`;
}

/** `since 21:40`, `since Mon 9:05`, with the duration; `since an unknown time` where null. */
export function since(iso: string | null, now: number): string {
  if (iso === null) return 'since an unknown time';
  const then = new Date(iso);
  const seconds = Math.max(0, (now - then.getTime()) / 1000);
  if (seconds < 60) return 'since just now';
  return `since ${moment(iso, now)}, for ${age(seconds)}`;
}

/** `21:40` today, `Mon 21:40` before. */
export function moment(iso: string, now: number): string {
  const then = new Date(iso);
  const time = then.toLocaleTimeString('en-GB', { hour: '2-digit', minute: '2-digit' });
  const today = new Date(now).toDateString() === then.toDateString();
  return today ? time : `${then.toLocaleDateString('en-GB', { weekday: 'short' })} ${time}`;
}

/** `review pack` from `review_pack`. */
export function plain(name: string): string {
  return name.replaceAll('_', ' ');
}

export function gigabytes(bytes: number | null): string {
  if (bytes === null) return UNKNOWN;
  return bytes >= 1e11 ? `${Math.round(bytes / 1e9)} GB` : `${(bytes / 1e9).toFixed(1)} GB`;
}

/** ` · 12 copied, 3 encoded`, of clips that were finished; empty where there are none. */
export function picturesOf(pictures: readonly { how: string; clips: number }[]): string {
  const sum = (ones: readonly { clips: number }[]): number => ones.reduce((clips, one) => clips + one.clips, 0);
  const copied = sum(pictures.filter((one) => one.how === 'copied'));
  return pictures.length ? ` · clips: ${copied} copied, ${sum(pictures) - copied} encoded` : '';
}
