import { setTimeout as sleep } from 'node:timers/promises';
import * as oauth from 'oauth4webapi';
import { callKeycloak } from './call.ts';
import type { ClientContext } from './context.ts';
import { toTokens } from './token-response.ts';
import type { Tokens } from './tokens.ts';

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

/** Where Keycloak names no interval, and for how much longer to wait where it says `slow_down` (RFC 8628 §3.2, §3.5). */
const INTERVAL_SECONDS = 5;

/**
 * Device authorization grant (RFC 8628). `onPrompt` is called once, with what to show; resolves when the person has
 * signed in.
 */
export async function deviceGrant(
  context: ClientContext,
  onPrompt: (prompt: DevicePrompt) => void,
  signal?: AbortSignal,
): Promise<Tokens> {
  return callKeycloak(context, {}, async ({ server, client, authentication, options }) => {
    const scope = { scope: 'openid' };
    const begun = await oauth.deviceAuthorizationRequest(
      server,
      client,
      authentication,
      scope,
      options(signal),
    );
    const started = await oauth.processDeviceAuthorizationResponse(server, client, begun);
    onPrompt({
      userCode: started.user_code,
      verificationUri: started.verification_uri,
      verificationUriComplete: started.verification_uri_complete ?? null,
      expiresInSeconds: started.expires_in,
    });
    let seconds = started.interval ?? INTERVAL_SECONDS;
    for (;;) {
      await sleep(seconds * 1000, undefined, signal === undefined ? {} : { signal });
      const answer = await oauth.deviceCodeGrantRequest(
        server,
        client,
        authentication,
        started.device_code,
        options(signal),
      );
      try {
        return toTokens(await oauth.processDeviceCodeResponse(server, client, answer));
      } catch (error) {
        const said = error instanceof oauth.ResponseBodyError ? error.error : undefined;
        if (said === 'slow_down') seconds += INTERVAL_SECONDS;
        else if (said !== 'authorization_pending') throw error;
      }
    }
  });
}
