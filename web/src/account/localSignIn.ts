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

/** Not by the API's client, which answers every 401 by asking to sign in. Throws ApiError. */
export async function post<T>(path: string, body: object): Promise<T> {
  const answer = await fetch(path, {
    method: 'POST',
    body: JSON.stringify(body),
    headers: { 'Content-Type': 'application/json' },
  }).catch(() => null);
  if (!answer) throw new ApiError(0, 'not_reached', NOT_REACHED);
  const said = await answer.text();
  if (!answer.ok) throw errorFrom(answer.status, said, answer.headers.get('Retry-After'));
  return (said ? JSON.parse(said) : undefined) as T;
}
