/** Words of the logbook. */

import type { CycleView, LogbookView } from '../api/types';

type Hours = LogbookView['hours'][number];

export const KINDS: Record<Hours['kind'], string> = { supervision: 'Supervision', intervision: 'Intervision', training: 'Training day' };
export const ROLES: Partial<Record<Hours['role'] | CycleView['role'], string>> = { supervisee: 'as supervisee', supervisor: 'as supervisor', peer: 'as peer' };

export const dayOfLogbook = (iso: string | null): string =>
  iso ? new Date(iso).toLocaleDateString('en-GB', { day: 'numeric', month: 'short', year: 'numeric' }) : '–';
