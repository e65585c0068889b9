import type { VerifierOptions } from '../../core/index.ts';
import type { Settings } from './settings.ts';

/** The options of one realm: what the resolvers name, or else the settings. */
export async function toTenantOptions(
  { verifier, multiTenant }: Pick<Settings, 'verifier' | 'multiTenant'>,
  realm: string,
  request: unknown,
): Promise<Partial<VerifierOptions>> {
  const { realmSecretResolver, realmAuthServerUrlResolver, realmClientIdResolver } = multiTenant ?? {};
  return {
    ...verifier,
    realm,
    clientSecret: (await realmSecretResolver?.(realm, request)) ?? verifier.clientSecret,
    serverUrl: (await realmAuthServerUrlResolver?.(realm, request)) ?? verifier.serverUrl,
    clientId: (await realmClientIdResolver?.(realm, request)) ?? verifier.clientId,
  } as Partial<VerifierOptions>;
}
