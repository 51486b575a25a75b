/** What was done with one's families or account, in plain sentences. */

import type { Notice } from '../api/types';

const CONSOLE = 'command-line:';
const BY_RECOVERY_CODE = 'recovery-code';
const RESETS: Record<string, string> = {
  lost_second_factor: 'the phone or key of the second step was lost',
  forgot_password: 'the password was forgotten',
  seen_by_others: 'somebody else may have known it',
};

const CHANGES: Partial<Record<Notice['kind'], string>> = {
  password_changed: 'Your password was changed',
  passkey_added: 'A passkey was added to your account',
  passkey_removed: 'A passkey of your account was removed',
  app_set_up: 'A phone’s app was set up for your account',
  app_removed: 'The phone’s app of your account was removed',
  recovery_codes_made: 'New recovery codes were made for your account',
  recovery_code_used: 'Somebody signed in to your account with a recovery code',
};

/** What was changed of one's own sign-in, and in which browser; null for any other notice. */
export function changeOf({ kind, device }: Notice): string | null {
  const what = CHANGES[kind];
  return what === undefined ? null : `${what}${device ? `, in ${device}` : ''}`;
}

const nameOf = (by: string): string => (by.startsWith(CONSOLE) ? 'Somebody at the service’s console' : by || 'Somebody');

/** One notice, with its reason. */
export function sentencesOf(notice: Notice): string {
  const by = nameOf(notice.by);
  const change = changeOf(notice);
  if (change !== null) return `${change}. If that was not you, change your password, sign out everywhere, and tell your service’s manager at once.`;
  if (notice.kind === 'sign_in_reset') {
    const why = RESETS[notice.reason] ?? notice.reason;
    const confirmed =
      notice.confirmed_by === BY_RECOVERY_CODE ? ' It was opened with a recovery code from before.'
      : notice.confirmed_by ? ` ${nameOf(notice.confirmed_by)} confirmed that it was you who opened it.`
      : '';
    return `${by} had your sign-in set up anew, because ${why}.${confirmed} If you did not ask for that, tell your service’s manager at once.`;
  }
  const family = notice.family_code ? `family ${notice.family_code}` : 'a family that was erased since';
  const why = notice.reason ? ` Why: “${notice.reason}”` : '';
  if (notice.kind === 'no_written_down') return `${by} wrote down that somebody of ${family} said no. What was made for that is erased, or waits while the family is on hold. Who said it to what stands under Families, Who agreed.`;
  if (notice.kind === 'glass_broken') return `${by} opened ${family} in an emergency, for four hours.${why} Its guider can end that under Families.`;
  if (notice.is_mine_now) return `${by} gave you ${family}. It is yours now, and shared with nobody until you share it: links that there were have ended.${why}`;
  return `${by} gave your ${family.replace('a family', 'family')} to ${notice.to ?? 'another guider'}.${why}`;
}
