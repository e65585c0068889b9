import { after, before, describe, it } from 'node:test';
import { createCaller } from './caller.ts';
import { authorizationGroup } from './groups/authorization.ts';
import { askingGroup } from './groups/authorization-services/asking.ts';
import { decidingGroup } from './groups/authorization-services/deciding.ts';
import { protectionGroup } from './groups/authorization-services/protection.ts';
import { sharingGroup } from './groups/authorization-services/sharing.ts';
import { permissionTokensGroup } from './groups/authorization-services/tokens.ts';
import { clientAuthenticationGroup } from './groups/client-authentication.ts';
import { codeGroup } from './groups/code.ts';
import { deviceGroup } from './groups/device.ts';
import { discoveryGroup } from './groups/discovery.ts';
import { dpopGroup } from './groups/dpop.ts';
import { eventsGroup } from './groups/events.ts';
import { exchangeGroup } from './groups/exchange.ts';
import { exchangeRulesGroup } from './groups/exchange-rules.ts';
import { frontEndGroup } from './groups/front-end.ts';
import { introspectionGroup } from './groups/introspection.ts';
import { lifespansGroup } from './groups/lifespans.ts';
import { logoutGroup } from './groups/logout.ts';
import { metadataDocumentsGroup } from './groups/metadata-documents.ts';
import { organizationLoginGroup, organizationTokensGroup } from './groups/organizations.ts';
import { passwordGroup } from './groups/password.ts';
import { refreshGroup } from './groups/refresh.ts';
import { registrationGroup } from './groups/registration.ts';
import { resourceIndicatorsGroup } from './groups/resource-indicators.ts';
import { revocationGroup } from './groups/revocation.ts';
import { serviceAccountsGroup } from './groups/service-accounts.ts';
import { stateGroup } from './groups/state.ts';
import { userinfoGroup } from './groups/userinfo.ts';
import type { Behaviours, Scene } from './scene.ts';
import type { Target } from './target.ts';

/** A part for each test file on a real Keycloak, where time passes as slowly as it does: one file has a quarter of an hour. */
const PARTS = {
  tokens: {
    'discovery, keys and paths': discoveryGroup,
    'password grant': passwordGroup,
    'userinfo endpoint': userinfoGroup,
    'introspection endpoint': introspectionGroup,
    'refresh grant': refreshGroup,
    'revocation endpoint': revocationGroup,
    'client authentication': clientAuthenticationGroup,
    'client credentials grant': serviceAccountsGroup,
    'token exchange': exchangeGroup,
    'token exchange: its rules': exchangeRulesGroup,
    'organizations in tokens': organizationTokensGroup,
    'events of the admin API': eventsGroup,
    'DPoP-bound tokens': dpopGroup,
  },
  lifespans: {
    'lifespans of tokens and sessions': lifespansGroup,
    'users, clients and realms that change': stateGroup,
  },
  'sign-in': {
    'authorization endpoint': authorizationGroup,
    'code grant and PKCE': codeGroup,
    'signing in for an organization': organizationLoginGroup,
    'device authorization': deviceGroup,
    'clients that register': registrationGroup,
    'what keycloak-js asks for': frontEndGroup,
    'logout endpoint': logoutGroup,
  },
  permissions: {
    'authorization services: asking': askingGroup,
    'authorization services: deciding': decidingGroup,
    'authorization services: tokens that carry permissions': permissionTokensGroup,
    'authorization services: protection API': protectionGroup,
    'authorization services: sharing': sharingGroup,
  },
  features: {
    'resource indicators': resourceIndicatorsGroup,
    'documents of clients': metadataDocumentsGroup,
  },
} satisfies Record<string, Record<string, Behaviours>>;

/** Behaviours that wait, and change no realm, user or session of another: on a real Keycloak some wait at the same time. */
const SIDE_BY_SIDE: readonly Behaviours[] = [lifespansGroup, stateGroup];

export type Part = keyof typeof PARTS;

/**
 * The provider contract: the same body for the embedded provider and for a real Keycloak. The parts that are named; without
 * any, all for which nothing experimental has to be on.
 */
export function defineProviderContract(target: Target, ...parts: readonly Part[]): void {
  const usual = (Object.keys(PARTS) as Part[]).filter((part) => part !== 'features');
  const wanted = parts.length === 0 ? usual : parts;
  const groups: [string, Behaviours][] = wanted.flatMap((part) => Object.entries(PARTS[part]));
  describe(`provider contract: ${target.name}`, () => {
    let scene: Scene;
    before(async () => {
      const realm = await target.open();
      scene = {
        target,
        realm,
        caller: createCaller(realm),
        async withRealm(change, body) {
          const own = await target.open(change);
          try {
            await body(createCaller(own), own);
          } finally {
            await own.close();
          }
        },
      };
    });
    after(() => scene.realm.close());
    for (const [group, behaviours] of groups) {
      const isSlow = target.name === 'keycloak' && SIDE_BY_SIDE.includes(behaviours);
      describe(group, { concurrency: isSlow ? 3 : 1 }, () => {
        for (const [title, body] of Object.entries(behaviours)) it(title, () => body(scene));
      });
    }
  });
}
