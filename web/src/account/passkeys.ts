/** Passkeys: made and used by the browser, at the service's asking, which verifies what they sign. */

import { browserSupportsWebAuthn, startAuthentication, startRegistration } from '@simplewebauthn/browser';
import type { PublicKeyCredentialCreationOptionsJSON, PublicKeyCredentialRequestOptionsJSON } from '@simplewebauthn/browser';
import { ApiError } from '../api/client.svelte';
import type { PasskeyOptions, PasskeyView, SetUp } from '../api/types';
import { post } from './localSignIn';

export const canUsePasskeys = browserSupportsWebAuthn;

const NOT_USED = 'No passkey was used. Try again, or choose another way.';
const KNOWN = 'This device holds a passkey of yours already. To add another one, choose another device.';
const ELSEWHERE = 'Passkeys work only under the address that IT support gave this service. Open it by that, or choose another way.';

/** Signs in; after the password with one of that account's, else with the one that its owner chooses. Throws ApiError. */
export async function signInByPasskey(afterPassword: boolean): Promise<void> {
  const { options } = await post<PasskeyOptions>('/api/v1/sign-in/passkey-options', { after_password: afterPassword });
  const optionsJSON = options as unknown as PublicKeyCredentialRequestOptionsJSON;
  const credential = await asked(() => startAuthentication({ optionsJSON }));
  await post('/api/v1/sign-in/passkey', { credential });
}

/** Sets up an invited account with a passkey of this device. Throws ApiError. */
export async function setUpByPasskey(): Promise<SetUp> {
  const made = await make(await post<PasskeyOptions>('/api/v1/invitations/passkey-options', {}));
  return post<SetUp>('/api/v1/invitations/passkey', { name: deviceName(navigator.userAgent), credential: made });
}

/** Throws ApiError. */
export async function addPasskey(name: string, password: string): Promise<PasskeyView> {
  const made = await make(await post<PasskeyOptions>('/api/v1/account/passkey-options', { password }));
  return post<PasskeyView>('/api/v1/account/passkeys', { name, credential: made });
}

/** Throws ApiError. */
export const removePasskey = (id: string, password: string): Promise<unknown> =>
  post(`/api/v1/account/passkeys/${id}/removal`, { password });

/** What its owner will know it by: `Windows computer`, `iPhone`. */
export function deviceName(userAgent: string): string {
  const kinds = [['iPhone', 'iPhone'], ['iPad', 'iPad'], ['Android', 'Android phone'], ['Windows', 'Windows computer'], ['Mac OS', 'Mac']] as const;
  return kinds.find(([sign]) => userAgent.includes(sign))?.[1] ?? 'Computer';
}

function make({ options }: PasskeyOptions): ReturnType<typeof startRegistration> {
  const optionsJSON = options as unknown as PublicKeyCredentialCreationOptionsJSON;
  return asked(() => startRegistration({ optionsJSON }));
}

async function asked<T>(act: () => Promise<T>): Promise<T> {
  try {
    return await act();
  } catch (error) {
    const kind = error instanceof Error ? error.name : '';
    const sentence = kind === 'InvalidStateError' ? KNOWN : kind === 'SecurityError' ? ELSEWHERE : NOT_USED;
    throw new ApiError(0, 'passkey_not_used', sentence);
  }
}
