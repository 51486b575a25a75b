import { describe, expect, it } from 'vitest';

import type { FamilyView, ShareView } from '../api/types';
import { dayFromNow, endOfDay } from '../ui/days';
import { hintOf, lastDayOf, rightTo, seenBy, sharedBy, USUAL_DAYS, whatOf } from './words';

const share = (kind: ShareView['kind'], more: Partial<ShareView> = {}): ShareView =>
  ({ id: '1', account_id: 'b', name: 'Ben', kind, selection_id: null, until: null, reason: '', created_at: '2026-11-28T09:00:00Z', ...more });

const family = (shares: ShareView[], mine = false): FamilyView =>
  ({ id: 'f', code: 'K-104', people: [], opened_at: '2026-11-28T09:00:00Z', ended_at: null, mine, owner: 'Ada', shares });

describe('the last day of a share', () => {
  it('is the day that was chosen, wherever the browser is', () => {
    const until = endOfDay('2026-12-03');
    expect(new Date(until ?? '').getHours()).toBe(0);
    expect(lastDayOf({ until, kind: 'colleague' })).toBe('until 3 Dec 2026');
    expect([endOfDay(''), lastDayOf({ until: null, kind: 'colleague' })]).toEqual([null, '']);
  });

  it('is four weeks from now unless another is chosen, over the end of a year too', () => {
    expect(dayFromNow(USUAL_DAYS, new Date(2026, 11, 20, 23, 59))).toBe('2027-01-17');
  });
});

describe('who sees a family', () => {
  it('is one sentence', () => {
    expect(seenBy([])).toBe('Only you see it');
    expect(seenBy([share('colleague')])).toBe('You and Ben see it');
    expect(seenBy([share('colleague'), share('supervisor', { name: 'Sol' }), share('supervisor')])).toBe('You, Ben and Sol see it');
  });

  it('is told to those with whom it is shared', () => {
    const until = endOfDay('2026-12-03');
    expect(sharedBy(family([share('supervisor', { until })]))).toBe('Ada’s family, shared with you for supervision, until 3 Dec 2026. You can look at everything and change nothing.');
    expect(sharedBy(family([share('supervisor', { until }), share('colleague')]))).toBe('Ada’s family. You work on it together.');
  });

  it('in an emergency is told to the minute', () => {
    const until = new Date(new Date().setHours(23, 59)).toISOString();
    expect(sharedBy(family([share('break_glass', { until })]))).toBe('Ada’s family. You opened it in an emergency, and Ada knows, until today, 23:59.');
  });

  it('says what each may do, and with which review', () => {
    expect(whatOf(share('colleague'))).toBe('sees and works on the whole family');
    expect(whatOf(share('supervisor', { selection_id: 'x' }), 'x')).toBe('sees this review for supervision and changes nothing');
    expect(whatOf(share('supervisor', { selection_id: 'x' }))).toContain('one review');
  });

  it('decides what the page offers', () => {
    expect([rightTo(family([], true)), rightTo(family([share('supervisor'), share('colleague')])), rightTo(family([share('break_glass')]))]).toEqual(['own', 'work', 'see']);
  });
});

describe('a code that may say who somebody is', () => {
  it('is asked about as a name rather than as one without a digit', () => {
    expect(hintOf([])).toBe('');
    expect(hintOf(['no_digit'])).toContain('no digit');
    expect(hintOf(['no_digit', 'like_a_name'])).toContain('Is this a name');
  });
});
