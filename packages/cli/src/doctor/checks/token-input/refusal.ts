import { X509Certificate } from 'node:crypto';
import { AuthError, createVerifier, type Principal } from 'keycloak-guard';
import { findClient } from '../../../admin/connection.ts';
import { audiencesOf, mappersOf } from '../../../admin/mappers.ts';
import { canName, toAudienceCommand } from '../../../setup/audience-command.ts';
import { type Advice, addAudience, check, type Finding, fail, failOn, ok, warn } from '../../check.ts';
import type { Reach } from '../../context.ts';
import { keysOf } from '../../evidence/realm.ts';
import { audienceOf, type DecodedJwt, decodeJwt, namesIn } from '../../evidence/token.ts';

/** Keycloak backdates the certificate of a new key by 100 seconds. */
const BACKDATED_SECONDS = 100;

/** When each key was made, by its certificate. Unit: seconds since 1970. */
function bornOf(keys: Record<string, unknown>[]): number[] {
  return keys.flatMap(({ x5c }) => {
    try {
      const raw = Buffer.from(String((x5c as string[] | undefined)?.[0] ?? ''), 'base64');
      return [Date.parse(new X509Certificate(raw).validFrom) / 1000 + BACKDATED_SECONDS];
    } catch {
      return [];
    }
  });
}

/** Why the realm does not publish the key of a token, as far as its other keys show it, or an admin. */
async function explainUnknownKey(jwt: DecodedJwt | undefined, reach: Reach): Promise<Advice> {
  const { realm, serverUrl } = reach.caller;
  const kid = String(jwt?.header.kid ?? '(none named)');
  const [iss, issuer] = [jwt?.claims.iss, (await reach.realm.discovery()).json?.issuer];
  if (iss !== issuer)
    return {
      cause: `the token is from '${iss}', and this realm issues as '${issuer}': it has no key '${kid}'`,
      fix: 'Log in at the Keycloak and the realm that KEYCLOAK_SERVER_URL and KEYCLOAK_REALM name, or correct those.',
    };
  if ((await reach.realm.certsOfOthers()).some((set) => set.includes(kid)))
    return {
      cause: `${serverUrl} is several Keycloaks that do not share their keys: the token's key '${kid}' is published by one of them, and not by another`,
      fix: oneDatabase(serverUrl),
    };
  const known = await reach.admin?.keys().catch(() => undefined);
  if (known?.some((one) => one.kid === kid))
    return {
      cause: `the key '${kid}' that signed the token is still in the realm '${realm}', but it is disabled, so nobody can verify the token`,
      fix: `Realm settings > Keys > Providers > the key's provider: Enabled ON and Active OFF (passive), until the last old token has expired. Or log in again.`,
    };
  const again = 'Log in again: no old token is good any more.';
  const passive = 'When rotating keys leave the old one passive for longer than a token lives.';
  const born = bornOf(keysOf((await reach.realm.certs()).json) ?? []);
  const issued = Number(jwt?.claims.iat);
  if (born.length > 1 && born.every((at) => at > issued))
    return {
      cause: `the realm '${realm}' was created again after the token was issued (deleted and created, or imported into an empty Keycloak): every key of it is younger than the token, and its key '${kid}' is gone`,
      fix: `${again} Users and sessions of the old realm are gone too. To keep tokens over a restart give Keycloak a database that stays (a volume for /opt/keycloak/data, or KC_DB), or export the realm with its keys.`,
    };
  if (born.some((at) => at <= issued))
    return {
      cause: `the key '${kid}' that signed the token was rotated away or disabled: the realm '${realm}' has older keys than the token, and publishes this one no longer`,
      fix: `${again} ${passive}`,
    };
  return {
    cause: `the realm '${realm}' has no key '${kid}' (any more): the key was rotated away or disabled, or the realm was created again (deleted and created, or imported into an empty Keycloak)`,
    fix: `${again} ${passive}`,
  };
}

export const oneDatabase = (address: string): string =>
  `Let all Keycloaks behind ${address} be one cluster: the same database (KC_DB, KC_DB_URL) and cache (KC_CACHE=ispn), or take the others out of the proxy and out of the DNS name.`;

async function explainRefusal(error: AuthError, jwt: DecodedJwt | undefined, reach: Reach): Promise<Finding> {
  const { clientId } = reach.caller;
  const claims = jwt?.claims ?? {};
  const seen = error.seen === undefined ? error.code : `${error.code}: ${error.seen}`;
  const say = failOn(seen);
  switch (error.code) {
    case 'token_malformed':
      if (error.reason.startsWith('The token is longer'))
        return say(
          `the token is a JWT, but longer than the 64 KB that fit into a header: Keycloak answers 431 to it, and this service 401 or 431`,
          'Make it smaller: take scopes and mappers out of the client that fill it (roles, groups, attributes).',
        );
      return say(
        error.reason,
        'Send the access_token of the login answer, whole: three parts with two dots, no quotes, no line break.',
      );
    case 'token_encrypted':
      return say(
        'the token is encrypted (JWE)',
        `Clients > ${clientId} > Advanced: clear the encryption of access tokens`,
      );
    case 'token_algorithm':
      return say(
        `the token is signed with '${jwt?.header.alg}', which a service with public keys cannot or must not verify`,
        `Clients > ${clientId} > Advanced > Fine grain OpenID Connect configuration > Access token signature algorithm: RS256, or another that is not HS…\nkcadm: attributes."access.token.signed.response.alg"=RS256`,
      );
    case 'token_key_unknown':
      return { ...say('', ''), ...(await explainUnknownKey(jwt, reach)) };
    case 'token_signature':
      return say(
        'the signature does not fit: the token was changed on the way, or was cut',
        'Log in again and send the token as it came.',
      );
    case 'token_issuer':
      return say(
        reach.config.issuer === undefined
          ? `the token is from '${claims.iss}', and this realm issues as '${error.expected ?? 'another issuer'}'`
          : `the token is from '${claims.iss}', and KEYCLOAK_ISSUER is '${reach.config.issuer}': correct it, or leave it out`,
        'Log in at the Keycloak and the realm that this service uses. If it is the same Keycloak under two names (Docker: keycloak:8080 and localhost:8080), set KC_HOSTNAME of Keycloak to its public URL, or, where Keycloak is not yours to set, KEYCLOAK_ISSUER of this service to the issuer of the token.',
      );
    case 'token_type':
      return say(
        `it is not an access token (typ '${claims.typ ?? 'none'}')`,
        'Send the access_token of the login answer, not the id_token and not the refresh_token. A mapper that sets the claim typ must go.',
      );
    case 'token_audience':
      return say(
        `the token is for ${audienceOf(claims).join(', ') || 'nobody'} and was issued to '${claims.azp}': not for this service ('${reach.config.audience?.join("' or '") ?? clientId}'). By itself, Keycloak adds a client only for users who have a role of it`,
        await adviseOnAudience(reach, claims.azp, reach.config.audience),
      );
    case 'token_expired':
      return say(
        `the token expired at ${toTime(claims.exp)}`,
        'Log in again, or refresh. If it is fresh, the clocks differ: keep both machines on NTP.',
      );
    case 'token_not_yet_valid':
      return say(
        `the token is valid from ${toTime(claims.nbf)} on`,
        'The clocks differ: keep both machines on NTP, or raise CLOCK_TOLERANCE_SECONDS for a while.',
      );
    case 'token_bound':
      return say(
        'the token is bound to a key (DPoP or a TLS certificate) and is not valid as a bearer token',
        `Clients > ${claims.azp ?? clientId} > Settings > Capability config > Require DPoP bound tokens OFF`,
      );
    case 'token_revoked':
      return say(
        'the token was good, but its session is over, or its user or client is disabled, or it was revoked',
        'Log in again.',
      );
    default:
      return say(error.reason, 'The words above are what the service itself would log.');
  }
}

function toTime(seconds: unknown): string {
  return typeof seconds === 'number' && Number.isFinite(seconds) && Math.abs(seconds) < 1e11
    ? new Date(seconds * 1000).toISOString()
    : 'no time that can be read';
}

/** How tokens of a client get an audience: by a scope that was not asked for, or by a new mapper. */
export async function adviseOnAudience(
  reach: Reach,
  issuedTo: unknown,
  audiences: readonly string[] = [reach.caller.clientId],
): Promise<string> {
  const { serverUrl, realm, clientId } = reach.caller;
  const client = String(issuedTo ?? clientId);
  const audience = audiences.includes(clientId) ? clientId : String(audiences[0]);
  const scopes = await findAskable(reach, client, audience).catch(() => undefined);
  const [scope] = scopes ?? [];
  if (scope !== undefined)
    return `Ask for scope=${scope} when the token is requested: it is Optional for '${client}', and brings '${audience}'. Or make it Default.`;
  const ask = `Ask for the scope of '${client}' that has an Audience mapper, if there is one. Otherwise: `;
  const add = `${scopes === undefined ? ask : ''}${addAudience(client, audience)}`;
  if (audience !== clientId)
    return `${add} (Included Custom Audience, where no client has that name). Or take KEYCLOAK_AUDIENCE out.`;
  if (issuedTo === undefined || !canName(client)) return add;
  return `${add}\nOr: ${toAudienceCommand({ serverUrl, realm, clientId, callers: [client] })}`;
}

/** Optional client scopes that would have brought the audience; `undefined` without an admin, who alone sees them. */
async function findAskable(
  { admin, caller: { realm } }: Reach,
  clientId: string,
  audience: string,
): Promise<string[] | undefined> {
  if (admin === null) return undefined;
  const { api } = await admin.connection();
  const client = await findClient(api, realm, clientId);
  return (await api.clientScopes.find({ realm }))
    .filter((one) => audiencesOf(mappersOf(client, [one], 'optionalClientScopes')).includes(audience))
    .map(({ name = '' }) => name);
}

export const tokenContent = check('token.content', [], ({ token = '' }) => {
  const jwt = decodeJwt(token);
  if (jwt === undefined) return judgeText(token);
  const { claims, header } = jwt;
  const roles = (claims.realm_access as { roles?: unknown } | undefined)?.roles;
  const parts = [
    `typ ${claims.typ ?? 'none'}`,
    `alg ${header.alg}`,
    `iss ${claims.iss}`,
    `aud ${audienceOf(claims).join(', ') || 'none'}`,
    `azp ${claims.azp ?? 'none'}`,
    `sub ${claims.sub ?? 'none'}`,
    `user ${claims.preferred_username ?? 'not named'}`,
    `scope ${claims.scope ?? 'none'}`,
    `roles ${listOf(roles) || 'none'}`,
    `client roles ${clientRolesOf(claims) || 'none'}`,
    `groups ${listOf(claims.groups) || 'none'}`,
    `issued ${toTime(claims.iat)}`,
    `expires ${toTime(claims.exp)}`,
  ];
  return ok(parts.join('; '));
});

const listOf = (claim: unknown): string => namesIn(claim).join(', ');

/** `orders: reader, writer`, as guards ask for them. */
function clientRolesOf({ resource_access: access }: Record<string, unknown>): string {
  return Object.entries((access ?? {}) as Record<string, { roles?: unknown }>)
    .map(([client, one]) => `${client}: ${listOf(one?.roles)}`)
    .join(', ');
}

function judgeText(token: string) {
  const say = (cause: string, fix: string) => fail(`${token.length} characters`, cause, fix);
  const parts = token.split('.').length;
  if (/\s/.test(token))
    return say(
      'there is white space in it, or more than one token',
      'Pipe in one token, whole, on one line.',
    );
  if (parts === 5)
    return say(
      'the token is encrypted (JWE): only the receiver can read it',
      'Switch the encryption of access tokens off for this client (Clients > Advanced).',
    );
  if (token.startsWith('{'))
    return say(
      'this is a JSON object, perhaps the whole answer to the login',
      "Pipe in the value of 'access_token' alone.",
    );
  if (parts !== 3)
    return say(
      `this is not a JWT: it has ${parts} parts, not 3`,
      'Pipe in the access token whole, as it came. An opaque token is not from Keycloak.',
    );
  return say(
    'this looks like a JWT, but its parts are not JSON: it was cut or changed',
    'Pipe in the access token whole, as it came.',
  );
}

export async function judgeToken(
  token: string,
  reach: Reach,
  toWords: (principal: Principal) => string,
): Promise<Finding> {
  const { serverUrl, realm, clientId } = reach.caller;
  const { issuer, audience, clockToleranceSeconds, timeoutMs } = reach.config;
  const where = { serverUrl, realm, clientId, issuer, audience };
  const verifier = createVerifier({ ...where, clockToleranceSeconds, timeoutMs, tokenCheck: 'local' });
  try {
    return ok(toWords(await verifier.verify(token)));
  } catch (error) {
    if (!(error instanceof AuthError)) throw error;
    return await explainRefusal(error, decodeJwt(token), reach);
  } finally {
    await verifier.close();
  }
}

export const tokenAccepted = check(
  'token.accepted',
  ['token.content', 'keys.signing', 'issuer.discovery'],
  async ({ reach, assumed, token = '' }) => {
    const finding = await judgeToken(token, reach, ({ username, subject }) => {
      const who = username ?? subject ?? 'its bearer';
      return `signature and claims are good: this service would accept it for ${who}`;
    });
    return finding.status === 'ok' && assumed.includes('KEYCLOAK_CLIENT_ID')
      ? warn(
          'signature and claims are good',
          `nobody said for which API: the token's own client '${reach.caller.clientId}' was taken, and any other refuses it unless aud names it`,
          'KEYCLOAK_CLIENT_ID=<the client of your API>',
        )
      : finding;
  },
);
