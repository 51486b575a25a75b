/** The steps of signing in with an account of this service. The service keeps what lies between them. */

import { ApiError, errorFrom, NOT_REACHED } from '../api/client.svelte';
import type { InvitationShown, SecondFactors, SetUp, TotpToKeep } from '../api/types';

export const givePassword = (login: string, password: string): Promise<SecondFactors> =>
  post('/api/v1/sign-in/password', { login, password });

export const giveCode = (code: string): Promise<unknown> => post('/api/v1/sign-in/code', { code });

export const giveRecoveryCode = (code: string): Promise<unknown> => post('/api/v1/sign-in/recovery-code', { code });

export const lookAtInvitation = (invitation: string): Promise<InvitationShown> => post('/api/v1/invitations', { invitation });

/** Where to go to sign in; who comes back from there has the account. */
export const openByOrganisation = (invitation: string): Promise<{ address: string }> => post('/api/v1/invitations/organisation', { invitation });

export const choosePassword = (invitation: string, password: string): Promise<TotpToKeep> =>
  post('/api/v1/invitations/password', { invitation, password });

export const showCode = (code: string): Promise<SetUp> => post('/api/v1/invitations/code', { code });

export const beginApp = (password: string): Promise<TotpToKeep> => post('/api/v1/account/app/key', { password });

export const showAppCode = (code: string): Promise<unknown> => post('/api/v1/account/app', { code });

export const removeApp = (password: string): Promise<unknown> => post('/api/v1/account/app/removal', { password });

export const newRecoveryCodes = (password: string): Promise<{ recovery_codes: string[] }> => post('/api/v1/account/recovery-codes', { password });

export const changePassword = (password: string, new_password: string): Promise<unknown> =>
  post('/api/v1/account/password', { password, new_password }, 'PUT');

/** Not by the API's client, which answers every 401 by asking to sign in. Throws ApiError. */
export async function post<T>(path: string, body: object, method: 'POST' | 'PUT' = 'POST'): Promise<T> {
  const answer = await fetch(path, {
    method,
    body: JSON.stringify(body),
    headers: { 'Content-Type': 'application/json' },
  }).catch(() => null);
  if (!answer) throw new ApiError(0, 'not_reached', NOT_REACHED);
  const said = await answer.text();
  if (!answer.ok) throw errorFrom(answer.status, said, answer.headers.get('Retry-After'));
  return (said ? JSON.parse(said) : undefined) as T;
}
