import { toShellWord } from '../../terminal/shell-word.ts';
import { type Check, checkOf, fail, type Look, ok, skipped, warn } from '../check.ts';
import type { SpaEvidence } from '../evidence/client.ts';
import { audienceOf, decodeJwt } from '../evidence/token.ts';
import { isAboutUser, refusalOf } from '../words.ts';
import { orBySetup } from './token-input/refusal.ts';

const about = (id: string, needs: readonly string[], look: Look<SpaEvidence>): Check =>
  checkOf({ find: (context) => context.spa, otherwise: 'no single-page app (--spa)' }, id, needs, look);

/** Checks of a single-page app's client (`--spa CLIENT --origin URL`), as its page meets Keycloak. */
export const SPA_CHECKS: readonly Check[] = [
  about('spa.client', ['realm.enabled'], async (spa, { reach }) => {
    if (!(await spa.client.knows(spa.clientId))) {
      return fail(
        (await spa.client.authorization()).words.slice(0, 120),
        `the realm '${reach.caller.realm}' has no client '${spa.clientId}' (the case of the letters counts), or it is disabled`,
        `npx keycloak-guard setup spa ${toShellWord(spa.clientId)} --app ${toShellWord(spa.origin)}`,
      );
    }
    const { words } = await spa.client.authorization();
    if (/standard flow is disabled|not allowed to initiate browser login/i.test(words)) {
      return fail(
        words,
        'the standard flow is off: nobody can sign in with a browser',
        `Clients > ${spa.clientId} > Settings > Capability config > Standard flow ON`,
      );
    }
    const grant = await spa.client.passwordGrant();
    if (/^(unauthorized_client|invalid_client): invalid client/i.test(refusalOf(grant))) {
      return fail(
        refusalOf(grant),
        'the client is confidential: it wants a secret, and a page cannot keep one',
        `Give the page a public client of its own: npx keycloak-guard setup spa NAME --app ${toShellWord(spa.origin)}. Do not make the client of an API public.`,
      );
    }
    if (isAboutUser(grant) || grant.status === 200) {
      return warn(
        'direct access grants are on',
        'pages of this client could collect passwords themselves; with PKCE no single-page app needs that',
        `Clients > ${spa.clientId} > Settings > Capability config > Direct access grants OFF`,
      );
    }
    return ok('public, standard flow');
  }),
  about('spa.redirect-uri', ['spa.client'], async (spa) => {
    const { words } = await spa.client.authorization();
    if (!/parameter\w*:? redirect_uri/i.test(words)) return ok(spa.redirectUri);
    const known = await spa.redirectUris();
    return fail(
      words.slice(0, 120),
      `${spa.redirectUri} is not among the valid redirect URIs of '${spa.clientId}'${known === undefined ? '' : ` (${known.join(', ') || 'none'})`}. It is compared letter by letter: scheme, port, path, a slash at the end`,
      `Clients > ${spa.clientId} > Settings > Valid redirect URIs: add ${spa.redirectUri}. If the page lets sign-ins come back to another address, give that to --origin.`,
    );
  }),
  about('spa.pkce', ['spa.redirect-uri'], async (spa) => {
    const { words } = await spa.client.authorization();
    if (/code.challenge/i.test(words)) {
      return fail(
        words,
        'the client wants another PKCE method than S256, which keycloak-js and oidc-client-ts send',
        `Clients > ${spa.clientId} > Advanced > Proof Key for Code Exchange Code Challenge Method = S256`,
      );
    }
    if (/code.challenge/i.test((await spa.withoutPkce()).words)) return ok('S256 is required');
    return warn(
      'a sign-in without PKCE is taken',
      'a code that leaks can be exchanged by whoever has it: nothing but PKCE ties it to the page',
      `Clients > ${spa.clientId} > Advanced > Proof Key for Code Exchange Code Challenge Method = S256`,
    );
  }),
  about('spa.web-origins', ['spa.client'], async (spa) => {
    const answer = await spa.client.fromOrigin();
    if (answer.status === 0) return skipped(answer.failure ?? 'no answer');
    if ([spa.origin, '*'].includes(answer.headers.get('access-control-allow-origin') ?? ''))
      return ok(spa.origin);
    return fail(
      `no Access-Control-Allow-Origin for ${spa.origin}`,
      `${spa.origin} is not among the web origins of '${spa.clientId}': the browser shows the page no answer of the token endpoint, and reports a CORS error`,
      `Clients > ${spa.clientId} > Settings > Web origins: add ${spa.origin} (no path, no slash at the end; '+' takes the redirect URIs)`,
    );
  }),
  about('spa.audience', ['spa.client'], async (spa, { reach, token, assumed }) => {
    if (assumed.includes('KEYCLOAK_CLIENT_ID'))
      return skipped("the API's client is not known (KEYCLOAK_CLIENT_ID)");
    const piped = decodeJwt(token)?.claims;
    const claims = piped?.azp === spa.clientId ? piped : await spa.exampleClaims();
    if (claims === undefined)
      return skipped(`no token of '${spa.clientId}': an admin and --user, or one by --token -`);
    const audiences = reach.config.audience ?? [reach.caller.clientId];
    const has = audienceOf(claims);
    if (audiences.some((one) => has.includes(one))) return ok(`aud ${has.join(', ')}`);
    return fail(
      `aud ${has.join(', ') || 'none'}`,
      `tokens of '${spa.clientId}' are not for the API ('${audiences.join("' or '")}'): it must refuse them`,
      `Clients > ${spa.clientId} > Client scopes > its dedicated scope > Add mapper > Audience: ${audiences[0]}${orBySetup(reach, spa.clientId)}`,
    );
  }),
];
