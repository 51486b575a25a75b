/** Days as a form takes them (`2026-12-03`), where the browser is. */

/** When a day begins; null for no day. */
export const startOfDay = (day: string): string | null => midnight(day, 0);

/** When a day has ended; null for no day. */
export const endOfDay = (day: string): string | null => midnight(day, 1);

function midnight(day: string, daysLater: number): string | null {
  const [year, month, date] = day.split('-').map(Number);
  return year && month && date ? new Date(year, month - 1, date + daysLater).toISOString() : null;
}

/** A day so many days from now. */
export function dayFromNow(days: number, now = new Date()): string {
  const then = new Date(now.getFullYear(), now.getMonth(), now.getDate() + days);
  return [then.getFullYear(), then.getMonth() + 1, then.getDate()].map((part) => String(part).padStart(2, '0')).join('-');
}
