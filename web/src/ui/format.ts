/** Formats times, sizes and waits for people. */

/** `1:10.2` from milliseconds; `1:01:10.2` past an hour. */
export function clock(ms: number, decimals = 1): string {
  const step = 10 ** (3 - decimals);
  const whole = Math.floor(Math.max(0, ms) / step) * step;
  const hours = Math.floor(whole / 3_600_000);
  const minutes = Math.floor(whole / 60_000) % 60;
  const seconds = ((whole % 60_000) / 1000).toFixed(decimals).padStart(decimals ? 3 + decimals : 2, '0');
  return hours ? `${hours}:${String(minutes).padStart(2, '0')}:${seconds}` : `${minutes}:${seconds}`;
}

/** How long a film is: `8 s`, `1 min`, `12 min 30 s`, `1 h 5 min`. */
export function duration(ms: number): string {
  const seconds = Math.max(1, Math.round(ms / 1000));
  if (seconds < 60) return `${seconds} s`;
  const minutes = Math.floor(seconds / 60);
  if (minutes < 60) return seconds % 60 ? `${minutes} min ${seconds % 60} s` : `${minutes} min`;
  return minutes % 60 ? `${Math.floor(minutes / 60)} h ${minutes % 60} min` : `${minutes / 60} h`;
}

/** A time for a screen reader: `1 minute 10.2 seconds`. */
export function spokenClock(ms: number): string {
  const minutes = Math.floor(ms / 60_000);
  const seconds = count(Math.round((ms % 60_000) / 100) / 10, ['# second', '# seconds']);
  return minutes ? `${count(minutes, ['# minute', '# minutes'])} ${seconds}` : seconds;
}

/** Milliseconds from typed text: `1:10.2`, `70.2`, `1:01:10`. NaN where it is no time. */
export function parseClock(typed: string): number {
  const parts = typed.trim().replace(',', '.').split(':');
  if (parts.length > 3 || !parts.every((part, i) => (i === parts.length - 1 ? /^\d+(\.\d*)?$/ : /^\d+$/).test(part))) {
    return NaN;
  }
  return Math.round(parts.reduce((sum, part) => sum * 60 + Number(part), 0) * 1000);
}

/** `12.4 s`. */
export function length(ms: number): string {
  return `${(ms / 1000).toFixed(1)} s`;
}

/** `1.9 GB`, `263 MB`, `4.2 MB`, `12 kB`. */
export function size(bytes: number): string {
  if (bytes >= 1e9) return `${(bytes / 1e9).toFixed(1)} GB`;
  if (bytes >= 1e7) return `${Math.round(bytes / 1e6)} MB`;
  if (bytes >= 1e6) return `${(bytes / 1e6).toFixed(1)} MB`;
  return `${Math.max(1, Math.round(bytes / 1e3))} kB`;
}

/** `less than a minute`, `7 minutes`, `1 hour 5 minutes`. */
export function wait(seconds: number): string {
  if (seconds < 50) return 'less than a minute';
  const minutes = Math.ceil(seconds / 60 - 0.2);
  if (minutes < 60) return count(minutes, ['about a minute', 'about # minutes']);
  const hours = Math.floor(minutes / 60);
  const rest = minutes % 60;
  return [count(hours, ['about # hour', 'about # hours']), rest ? `${rest} min` : ''].join(' ').trim();
}

/** `40 s left`, `7 min left`: for a line that counts down. */
export function left(seconds: number): string {
  if (seconds < 5) return 'a few seconds left';
  if (seconds < 60) return `${Math.round(seconds / 5) * 5} s left`;
  return `${Math.ceil(seconds / 60)} min left`;
}

/** `0.6 MB/s`, `34 kB/s`. */
export function speed(bytesPerS: number): string {
  if (bytesPerS < 1e5) return `${Math.round(bytesPerS / 1e3)} kB/s`;
  return `${(bytesPerS / 1e6).toFixed(bytesPerS < 1e7 ? 1 : 0)} MB/s`;
}

/** `1 moment`, `5 moments`: the form that the language has for a number, with it in the place of `#`. */
export function count(n: number, forms: readonly string[], formOf = (one: number): number => (one === 1 ? 0 : 1)): string {
  return (forms[formOf(n)] ?? '').replace('#', String(n));
}
