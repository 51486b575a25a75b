/** Accounts, roles and scopes in a guider's words. */

import type { OwnAccount, ResetReason, Role, Scope, SignedIn, WaitingReset } from '../api/types';
import { count } from '../ui/format';

const MACHINE = `${'0'.repeat(31)}1`;
const SHARED_GUIDER = `${'0'.repeat(31)}2`;
/** Of ten. */
const FEW_CODES = 4;
const SHARED_IT = `${'0'.repeat(31)}3`;

export const ROLES: Record<Role, string> = {
  guider: 'Guider',
  supervisor: 'Supervisor',
  manager: 'Service manager',
  governance: 'Information governance',
  it: 'IT support',
};

export const SCOPES: Record<Scope, string> = {
  'reviews:read': 'see reviews and take what was made of them',
  'reviews:write': 'make, change and erase reviews',
  'operations:read': 'see how the service is',
  'operations:write': 'act on jobs and workers',
  'people:read': 'see who works here',
  'people:write': 'invite people and change their roles',
  'people:confirm': 'say as a second person who somebody is',
  'reports:read': 'see counts and logbooks',
  'audit:read': 'read the audit',
};

/** Why a sign-in is made anew, after somebody's name. */
export const REASONS: Record<ResetReason, string> = {
  lost_second_factor: 'lost the phone or key of the second step',
  forgot_password: 'forgot the password',
  seen_by_others: 'somebody else may know it',
};

/** What somebody who may be the second person is told of a new invitation that waits to be confirmed. */
export function waitingSentence({ name, by, is_opened, can_be_mine }: WaitingReset): string {
  const made = `${by} invited ${name} anew.`;
  if (!is_opened) return `${made} The invitation has not been used yet.`;
  const closed = `Nothing opens for ${name} until`;
  return can_be_mine
    ? `${made} ${closed} somebody has asked ${name} in person whether they used it, and confirms it here.`
    : `${made} ${closed} another manager or information governance confirms it, or IT at the service’s console.`;
}

/** Whether it is one person's machine: its user is signed in. */
export const isOnOwnMachine = (who: SignedIn): boolean => who.account_id === MACHINE;

/** Whether an account is one person's, and no machine's or shared one. */
export const isPerson = (who: SignedIn): boolean => ![MACHINE, SHARED_GUIDER, SHARED_IT].includes(who.account_id);

/** `On this computer`, `Guiders of this service`, or a person's name. */
export const nameOf = (who: SignedIn): string => nameOfAccount(who.account_id, who.name);

/** The same of an account by its id; `name` is what its owner is called. */
export function nameOfAccount(id: string, name: string): string {
  if (id === MACHINE) return 'On this computer';
  if (id === SHARED_GUIDER) return 'Guiders of this service';
  if (id === SHARED_IT) return 'IT of this service';
  return name;
}

/** What an account is, in half a sentence. */
export function kindOf(who: SignedIn): string {
  if (who.account_id === MACHINE) return 'Whoever can use this computer can use vigpack.';
  if (!isPerson(who)) return 'Everybody who has the shared key uses this account.';
  return who.roles.map((role) => ROLES[role]).join(', ') || 'No role yet';
}

/** `today, 14:05`, `3 Nov, 14:05`, `3 Nov 2025`. */
export function whenOf(iso: string, now = new Date()): string {
  const then = new Date(iso);
  const time = then.toLocaleTimeString('en-GB', { hour: '2-digit', minute: '2-digit' });
  if (then.toDateString() === now.toDateString()) return `today, ${time}`;
  if (then.getFullYear() !== now.getFullYear()) return dayOf(iso);
  return `${then.toLocaleDateString('en-GB', { day: 'numeric', month: 'short' })}, ${time}`;
}

/** What somebody has beside the password, in half a sentence. */
export const appState = (factors: OwnAccount['factors']): string =>
  factors.includes('code') ? 'A code of your phone’s app lets you in.' : 'No phone’s app is set up.';

/** How many recovery codes are left, and whether that is few. */
export function codesLeft(left: number): string {
  if (!left) return 'None is left. Make new ones while you can sign in.';
  const said = count(left, ['# code is left.', '# codes are left.']);
  return left < FEW_CODES ? `${said} Make new ones soon.` : said;
}

export const dayOf = (iso: string): string => new Date(iso).toLocaleDateString('en-GB', { day: 'numeric', month: 'short', year: 'numeric' });
