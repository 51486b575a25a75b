/** Where a moment stands, in one word for the eye and one sentence for the rest. */

import { left, speed } from '../../ui/format';
import type { Sending } from '../../sending/sending.svelte';
import type { MomentView, SelectionView } from '../../api/types';

/** Nothing sends it from here. */
export const NOT_ARRIVED = 'Has not arrived yet';

export interface MomentProgress {
  readonly name: 'here' | 'sending' | 'queued' | 'prepared' | 'unconfirmed' | 'ready' | 'failed';
  readonly words: string;
  /** 0 to 1 where it is known how far it is. */
  readonly share: number | null;
}

/** Whether something that is said in it is silenced. */
export const isSilenced = ({ moment }: MomentView): boolean => 'in' in moment && !!moment.silence?.length;

export function progressOf(moment: MomentView, view: SelectionView, sending: Sending | undefined): MomentProgress {
  switch (moment.state) {
    case 'ready':
      return { name: 'ready', words: ['Ready', moment.moment.covered && 'somebody was covered before it was sent', moment.hidden && 'somebody is hidden', isSilenced(moment) && 'a name is silenced'].filter(Boolean).join(', '), share: 1 };
    case 'unconfirmed':
      return { name: 'unconfirmed', words: 'Waiting for you to look at every picture', share: null };
    case 'failed':
      return { name: 'failed', words: moment.error?.sentence ?? 'This could not be prepared.', share: null };
    case 'running':
      return { name: 'prepared', words: 'Being prepared', share: moment.progress };
    case 'queued':
      return { name: 'queued', words: moment.error ? `${moment.error.sentence} It will be tried again.` : 'Waiting its turn', share: null };
    default:
      return sendingProgress(moment, view, sending);
  }
}

function sendingProgress(moment: MomentView, view: SelectionView, sending: Sending | undefined): MomentProgress {
  const parts = sending?.record.parts ?? [];
  const n = parts.findIndex((part) => part.kind === 'film' || part.moment === moment.id);
  const part = parts[n];
  if (sending && part?.done) return { name: 'sending', words: 'Arrived', share: 1 };
  if (sending && part && n === sending.current) {
    const share = sending.currentBytes / Math.max(1, part.bytes);
    const rate = sending.bytesPerS;
    const words = sending.waiting ?? (rate ? `Sending, ${speed(rate)}, ${left((part.bytes - sending.currentBytes) / rate)}` : 'Sending');
    return { name: 'sending', words, share };
  }
  if (sending) return { name: 'here', words: sending.record.paused ? 'Paused' : 'Waiting to be sent', share: 0 };
  const arrived = view.uploads.find((one) => one.moment_id === moment.id || one.moment_id === null);
  return {
    name: 'sending',
    words: NOT_ARRIVED,
    share: arrived ? arrived.offset_bytes / arrived.length_bytes : null,
  };
}
