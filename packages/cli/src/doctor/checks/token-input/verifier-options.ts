import type { Reach } from '../../context.ts';

/** The options of the service's verifier. */
export function toVerifierOptions({ caller, config }: Reach) {
  const { serverUrl, realm, clientId } = caller;
  const { issuer, audience, clockToleranceSeconds, timeoutMs } = config;
  return {
    serverUrl,
    realm,
    clientId,
    issuer,
    audience,
    clockToleranceSeconds,
    timeoutMs,
    tokenCheck: 'local',
  } as const;
}
