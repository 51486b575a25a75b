/** Lines of the audit in plain English: who did what, with which family. */

import type { AuditAction, AuditCheck, ShownLine } from '../api/types';
import { count } from '../ui/format';
import { dayOf, nameOfAccount } from '../account/words';

/** What was done, in the past tense; `%` stands for the family or review, `@` for whom. */
const DONE: Record<AuditAction, string> = {
  sign_in: 'signed in',
  sign_out: 'signed out',
  refuse: 'was refused',
  end_session: 'signed out in another browser',
  make_token: 'made an API token',
  revoke_token: 'revoked an API token',
  view: 'looked at %',
  download: 'took away a file of %',
  allow_player: 'let a player fetch a film of %',
  create: 'began %',
  add_moments: 'added moments to %',
  drop_moment: 'left out a moment of % that had not arrived',
  upload: 'sent a film or moment of %',
  delete_upload: 'took back an upload of %',
  prepare: 'had something made of %',
  correct: 'corrected what is written in %',
  trim: 'moved the ends of a moment of %',
  hide: 'hid somebody in a moment of %',
  lift_hiding: 'stopped hiding somebody in a moment of %',
  silence: 'silenced something that is said in a moment of %',
  confirm_hiding: 'confirmed that somebody is hidden in a moment of %',
  write: 'wrote in %',
  rate: 'rated %',
  delete_rating: 'erased a rating of %',
  add_artwork: 'added a photograph to %',
  change_artwork: 'changed the words of a photograph of %',
  delete_artwork: 'erased a photograph of %',
  change_logbook: 'changed a logbook',
  erase: 'erased %',
  change: 'changed something',
  hand_out: 'handed out a copy of %',
  return_copy: 'said that a copy of % is back',
  revoke_link: 'ended a link to %',
  open_link: 'opened %',
  open_family: 'opened %',
  change_family: 'changed what is known of %',
  close_family: 'ended the work with %',
  reopen_family: 'said that the work with % goes on',
  set_retention: 'chose how long % is kept',
  hold_family: 'put % on hold, so that nothing of it is erased',
  release_family: 'released the hold on %',
  give_notice: 'told its guider that % is to be erased soon',
  erase_family: 'erased everything of %',
  erase_output: 'erased what was made of %, as the policy says',
  erase_sources: 'erased what was sent of a film of %, as the policy says',
  read_family: 'read at the command line what is recorded of %',
  heed_consent: 'erased what was said no to in % while it was on hold',
  record_consent: 'wrote down who agreed to what in %',
  add_consent_form: 'added a signed form to %',
  set_people_seen: 'said who can be seen in a moment of %',
  open_subject_access: 'noted that somebody of % asks to see what is held of them',
  decide_subject_access: 'decided what goes into the answer to %',
  check_subject_access: 'said that everything in the answer to % was looked at',
  extend_subject_access: 'noted that the answer to % takes two more months',
  close_subject_access: 'closed a request of % to see',
  share: 'shared % with @',
  stop_sharing: 'stopped sharing % with @',
  hand_over: 'handed % over to @',
  break_glass: 'opened % in an emergency',
  read_people: 'looked at who works here',
  invite: 'invited @',
  withdraw_invitation: 'withdrew an invitation of @',
  open_account: 'opened an account',
  link_identity: 'tied an account to a person of the organisation’s sign-in',
  change_roles: 'changed the roles of @',
  change_account: 'changed an account',
  close_account: 'closed the account of @',
  reset_sign_in: 'made @ set up their sign-in anew',
  confirm_reset: 'confirmed that @ sets up their sign-in anew',
  change_password: 'changed a password',
  add_second_factor: 'added a second step to sign in',
  remove_second_factor: 'removed a second step to sign in',
  new_recovery_codes: 'made new recovery codes',
  use_recovery_code: 'used a recovery code',
  retry: 'had failed work tried again',
  acknowledge: 'took note of failed work',
  cancel: 'cancelled a job',
  hold: 'put a job on hold',
  release: 'released a job',
  priority: 'changed the urgency of a job',
  drain: 'let a worker finish and stop',
  undrain: 'let a worker take jobs again',
  start: 'began to run',
  stop: 'stopped',
  change_setting: 'has another setting',
  migrate: 'brought the database up to date',
  backup: 'made a backup',
  restore: 'restored a backup',
  replay_erasures: 'erased again what had been erased before an older database was put back',
  backup_keys: 'made a backup of the keys',
  restore_keys: 'put keys back',
  rotate_keys: 'changed the master key',
  accept_store: 'accepted the store of films',
  print_key: 'had a key shown on the console',
  print_address: 'had the address with its key shown on the console',
  read_audit: 'read the audit',
  export_audit: 'took the audit away as a file',
  verify_audit: 'checked whether the audit is whole',
};

/** For the filter: `looked at …`, in the order of the alphabet. */
export const ACTIONS: readonly [AuditAction, string][] = (Object.keys(DONE) as AuditAction[])
  .map((action): [AuditAction, string] => [action, DONE[action].replaceAll('%', '…').replaceAll('@', 'somebody')])
  .sort(([, one], [, other]) => one.localeCompare(other));

/** Who did it. */
function actorOf(line: Pick<ShownLine, 'who' | 'account_id'>): string {
  if (line.account_id === 'service' || line.account_id === '') return 'The service';
  if (line.account_id === 'nobody') return 'Somebody who was not signed in';
  if (line.account_id.startsWith('command-line:')) return 'Somebody at the service’s console';
  if (line.account_id === 'link') return 'Somebody with a link';
  return nameOfAccount(line.account_id, line.who);
}

/** Which family or review; what was erased has no code any more. */
function thingOf(line: Pick<ShownLine, 'family' | 'family_id' | 'cycle'>): string {
  if (line.family) return line.cycle === null ? `family ${line.family}` : `family ${line.family}, cycle ${line.cycle}`;
  return line.family_id ? 'a family that was erased' : 'a film or review';
}

/** The whole line without its time. */
export function sentenceOfLine(line: ShownLine): string {
  const done = DONE[line.action as AuditAction] ?? line.action.replaceAll('_', ' ');
  const named = done.replace('%', thingOf(line)).replace('@', line.target_name || 'somebody');
  const how = { api_token: ' by a program with an API token', pass: ' in a player' }[line.via] ?? '';
  const more = line.action === 'refuse' ? refusedOf(line) : figuresOf(line.detail);
  return `${actorOf(line)} ${named}${how}${more}.`;
}

const REFUSED: Record<string, string> = { 401: 'not signed in', 403: 'not allowed', 429: 'asked too often' };

function refusedOf(line: ShownLine): string {
  const status = String(parse(line.detail).status ?? '');
  return ` (${[REFUSED[status] ?? status, line.target].filter(Boolean).join(', ')})`;
}

function figuresOf(detail: string): string {
  const figures = Object.entries(parse(detail));
  if (!figures.length) return detail && !detail.startsWith('{') ? ` (${detail})` : '';
  return ` (${figures.map(([name, value]) => `${name.replaceAll('_', ' ').replace(/ \d+$/, '')}: ${String(value).replaceAll('_', ' ')}`).join(', ')})`;
}

function parse(detail: string): Record<string, unknown> {
  try {
    const read: unknown = JSON.parse(detail);
    return typeof read === 'object' && read !== null ? (read as Record<string, unknown>) : {};
  } catch {
    return {}; // of lines from before: words
  }
}

const FAULTS: Record<AuditCheck['found']['faults'][number]['kind'], string> = {
  broken: 'was changed, moved or added, or the line before it was',
  missing: 'is missing, and perhaps others after it',
  other_key: 'was written with another key, so nothing can be said of it',
  cut: 'was there once and is not any more: the end was cut off',
  differs: 'is another one than it was when it was last vouched for',
  forged: 'was vouched for with a signature that is not ours',
};

/** Whether the audit is whole, in one sentence for the head and one for each place. */
export function verdictOf({ is_whole, found }: AuditCheck): { head: string; places: string[] } {
  const since = found.since ? ` since ${dayOf(found.since)}` : '';
  const compared = found.checkpoints ? `, compared with ${count(found.checkpoints, ['# checkpoint', '# checkpoints'])} kept elsewhere` : '';
  if (is_whole) return { head: `The audit is whole: ${count(found.lines, ['# line', '# lines'])}${since}, none changed, moved or left out${compared}.`, places: [] };
  const places = found.faults.map((fault) => `Line ${fault.sequence} ${FAULTS[fault.kind]}.`);
  return { head: `The audit is wounded at line ${found.faults[0]?.sequence ?? '?'}.`, places };
}
