import { initiateDeviceAuthorization, pollDeviceAuthorizationGrant } from 'openid-client';
import { callKeycloak } from './call.ts';
import type { ClientContext } from './context.ts';
import { type Tokens, toTokens } from './tokens.ts';

/** What a person needs to sign in on another device. */
export interface DevicePrompt {
  readonly userCode: string;
  /** Where the code is typed in. */
  readonly verificationUri: string;
  /** The same with the code in it, or `null`. */
  readonly verificationUriComplete: string | null;
  /** Unit: seconds. */
  readonly expiresInSeconds: number;
}

/**
 * Device authorization grant (RFC 8628). `onPrompt` is called once, with what to show; resolves when the person has
 * signed in.
 */
export async function deviceGrant(
  context: ClientContext,
  onPrompt: (prompt: DevicePrompt) => void,
  signal?: AbortSignal,
): Promise<Tokens> {
  return callKeycloak(context, {}, async (configuration) => {
    const started = await initiateDeviceAuthorization(configuration, { scope: 'openid' });
    onPrompt({
      userCode: started.user_code,
      verificationUri: started.verification_uri,
      verificationUriComplete: started.verification_uri_complete ?? null,
      expiresInSeconds: started.expires_in,
    });
    const options = signal === undefined ? {} : { signal };
    return toTokens(await pollDeviceAuthorizationGrant(configuration, started, undefined, options));
  });
}
