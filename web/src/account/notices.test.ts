import { describe, expect, it } from 'vitest';

import type { Notice } from '../api/types';
import { sentencesOf } from './notices';

const notice = (more: Partial<Notice>): Notice => ({
  id: '1', kind: 'handed_over', at: '2026-11-28T09:00:00Z', family_id: 'f', family_code: 'K-104', by: 'Mo', to: 'Ben', is_mine_now: false, reason: 'Ada leaves', is_done_here: false, seen_at: null, ...more,
});

describe('a notice', () => {
  it.each([
    [notice({}), 'Mo gave your family K-104 to Ben. Why: “Ada leaves”'],
    [notice({ is_mine_now: true, by: 'command-line:0' }), 'Somebody at the service’s console gave you family K-104. It is yours now, and shared with nobody until you share it: links that there were have ended. Why: “Ada leaves”'],
    [notice({ family_code: null }), 'Mo gave your family that was erased since to Ben. Why: “Ada leaves”'],
    [notice({ kind: 'glass_broken', to: null, reason: 'A call in the night' }), 'Mo opened family K-104 in an emergency, for four hours. Why: “A call in the night” Its guider can end that under Families.'],
    [notice({ kind: 'sign_in_reset', reason: 'forgot_password', confirmed_by: 'Cy' }), 'Mo had your sign-in set up anew, because the password was forgotten. Cy confirmed that it was you who opened it. If you did not ask for that, tell your service’s manager at once.'],
    [notice({ kind: 'no_written_down', by: 'Ben' }), 'Ben wrote down that somebody of family K-104 said no. What was made for that is erased, or waits while the family is on hold. Who said it to what stands under Families, Who agreed.'],
    [notice({ kind: 'passkey_added', device: 'Edge on Windows' }), 'A passkey was added to your account, in Edge on Windows. If that was not you, change your password, sign out everywhere, and tell your service’s manager at once.'],
    [notice({ kind: 'recovery_code_used' }), 'Somebody signed in to your account with a recovery code. If that was not you, change your password, sign out everywhere, and tell your service’s manager at once.'],
  ])('says who did what and why: %#', (given, sentences) => expect(sentencesOf(given)).toBe(sentences));
});
