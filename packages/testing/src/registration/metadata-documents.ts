import { isRedirectUri, PageFault } from '../browser/auth-request.ts';
import type { Clock } from '../clock.ts';
import { Fault } from '../fault.ts';
import { toClient } from '../realm/client.ts';
import type { Realm } from '../realm/realm.ts';
import { stableId } from '../realm/stable-id.ts';
import { type ClientMetadata, readMetadata, toRepresentation } from './registration.ts';

/** The client documents that a realm accepts. */
export interface DocumentPolicy {
  readonly allowHttp: boolean;
  /** Allowed hosts of the document and of every URL in it. `*.example.com` stands for all hosts below it. */
  readonly domains: readonly string[];
}

type Config = Readonly<Record<string, unknown>>;

interface Profile {
  readonly name?: string;
  readonly executors?: readonly { readonly executor?: string; readonly configuration?: Config }[];
}

interface Policy {
  readonly enabled?: boolean;
  readonly profiles?: readonly string[];
  readonly conditions?: readonly { readonly condition?: string; readonly configuration?: Config }[];
}

/**
 * The policy for a client id, from the realm's first client policy with the condition `client-id-uri` and the executor
 * `client-id-metadata-document`. `undefined` if the id is an ordinary name.
 *
 * @see Keycloak, Securing Applications: "MCP authorization server"
 */
function documentPolicyOf({ settings }: Realm, clientId: string): DocumentPolicy | undefined {
  const { clientPolicies, clientProfiles } = settings as {
    clientPolicies?: { policies?: readonly Policy[] };
    clientProfiles?: { profiles?: readonly Profile[] };
  };
  const policy = clientPolicies?.policies?.find((one) => one.enabled === true && isFor(one, clientId));
  const config = clientProfiles?.profiles
    ?.filter(({ name }) => policy?.profiles?.includes(name ?? ''))
    .flatMap(({ executors = [] }) => executors)
    .find(({ executor }) => executor === 'client-id-metadata-document')?.configuration;
  if (config === undefined) return undefined;
  return {
    allowHttp: config['cimd-allow-http-scheme'] === true || config['cimd-allow-http-scheme'] === 'true',
    domains: textsOf(config['cimd-allow-permitted-domains']),
  };
}

/** Every condition must be met. An unknown one is not. */
function isFor({ conditions = [] }: Policy, clientId: string): boolean {
  if (!URL.canParse(clientId)) return false;
  const { protocol, hostname } = new URL(clientId);
  return (
    conditions.length > 0 &&
    conditions.every(({ condition, configuration = {} }) => {
      if (condition !== 'client-id-uri') return false;
      const domains = textsOf(configuration['client-id-uri-allow-permitted-domains']);
      return (
        textsOf(configuration['client-id-uri-scheme']).includes(protocol.slice(0, -1)) &&
        isPermitted(domains, hostname)
      );
    })
  );
}

const textsOf = (value: unknown): string[] => [value ?? []].flat().map(String).filter(Boolean);

function isPermitted(domains: readonly string[], host: string): boolean {
  return domains.some((one) =>
    one.startsWith('*.') ? host === one.slice(2) || host.endsWith(one.slice(1)) : host === one,
  );
}

// OAuth Client ID Metadata Document (draft-ietf-oauth-client-id-metadata-document-00) §3, §4.1 and §6, in Keycloak's words.

const FOREIGN = 'Invalid Client ID: domain not allowed.';

/** @throws {PageFault} for a client id that may not be the URL of a document */
function assertDocumentUrl(clientId: string, { allowHttp, domains }: DocumentPolicy): URL {
  const refuse = (what: string) => new PageFault(`Invalid Client ID: ${what}.`);
  // Checks the text: a parsed URL always has a path, and no dot segments.
  const [, scheme, authority = '', path = ''] =
    /^([a-z][a-z0-9+.-]*):\/\/([^/?#]*)([^?#]*)/i.exec(clientId) ?? [];
  if (scheme !== 'https' && !(allowHttp && scheme === 'http')) throw refuse('invalid scheme');
  if (path === '') throw refuse('empty path');
  if (/(\/|%2f|%5c|\\)(%2e|\.){1,2}(\/|%2f|%5c|\\|$)/i.test(path))
    throw refuse('path traverse segment included');
  if (clientId.includes('#')) throw refuse('fragment included');
  if (authority.includes('@')) throw refuse('userinfo included');
  if (clientId.includes('?')) throw refuse('query included');
  const url = new URL(clientId);
  if (!isPermitted(domains, url.hostname)) throw new PageFault(FOREIGN);
  return url;
}

/** @throws {PageFault} for a document of another client, or with members that are not allowed */
function assertDocument(
  metadata: ClientMetadata,
  clientId: string,
  redirectUri: string,
  { domains }: DocumentPolicy,
): void {
  const refuse = (what: string) => new PageFault(`Invalid Client Metadata: ${what}.`);
  const { client_id: id, redirect_uris: redirectUris, token_endpoint_auth_method: method } = metadata;
  if (id === undefined || id === null) throw refuse('no client_id');
  if (id !== clientId) throw refuse('client_id property does not exactly match client_id parameter');
  // Everybody can read the document, so a secret in it is none. Other methods are not supported here.
  if (method !== undefined && method !== 'none')
    throw refuse(
      'token_endpoint_auth_method property in client metadata is not-allowed authentication method.',
    );
  if (metadata.client_secret !== undefined || metadata.client_secret_expires_at !== undefined)
    throw refuse(
      'client_secret or client_secret_expires_at property in client metadata is must not included',
    );
  if (!isListed(clientId, redirectUris, redirectUri))
    throw refuse(
      'redirect_uri parameter does not exactly match the one of redirect_uris property in client metadata',
    );
  const uris = [redirectUris, ...URI_MEMBERS.map((name) => metadata[name])].flat();
  if (!uris.every((uri) => uri === undefined || isPermitted(domains, hostOf(uri))))
    throw new PageFault(FOREIGN);
}

const URI_MEMBERS = [
  'logo_uri',
  'client_uri',
  'tos_uri',
  'policy_uri',
  'jwks_uri',
  'post_logout_redirect_uris',
] as const;

/** Compares as a later login will. */
function isListed(clientId: string, listed: unknown, redirectUri: string): boolean {
  if (!Array.isArray(listed)) return false;
  const redirectUris = listed.map(String);
  const client = toClient('', { clientId, redirectUris }, { default: [], optional: [] });
  return isRedirectUri(client, redirectUri);
}

function hostOf(uri: unknown): string {
  return typeof uri === 'string' && URL.canParse(uri) ? new URL(uri).hostname : '';
}

/** Most bytes read of a document. */
const LONGEST = 5_000;
const TIMEOUT_MS = 5_000;

/** A document, and how long it may be cached. */
interface Fetched {
  readonly text: string;
  /** Unit: seconds. */
  readonly maxAge: number;
}

/**
 * Fetches a URL that a stranger chose. Therefore it follows no redirect, reads at most 5,000 bytes, waits at most five seconds,
 * and reports no details of a failure.
 *
 * @returns `undefined` for anything but a short answer with status 200
 */
async function fetchDocument(url: URL): Promise<Fetched | undefined> {
  if (url.protocol !== 'https:' && !isLoopback(url)) return undefined;
  try {
    const answer = await fetch(url, {
      redirect: 'error',
      credentials: 'omit',
      signal: AbortSignal.timeout(TIMEOUT_MS),
      headers: { accept: 'application/json' },
    });
    if (answer.status !== 200) {
      await answer.body?.cancel();
      return undefined;
    }
    const text = await readShort(answer);
    return text === undefined ? undefined : { text, maxAge: maxAgeOf(answer.headers.get('cache-control')) };
  } catch {
    return undefined;
  }
}

function isLoopback({ protocol, hostname }: URL): boolean {
  return protocol === 'http:' && ['127.0.0.1', 'localhost', '[::1]'].includes(hostname);
}

async function readShort({ body }: Response): Promise<string | undefined> {
  const parts: Uint8Array[] = [];
  let length = 0;
  for await (const part of (body ?? []) as AsyncIterable<Uint8Array>) {
    length += part.byteLength;
    // Returning ends the transfer.
    if (length > LONGEST) return undefined;
    parts.push(part);
  }
  return Buffer.concat(parts).toString('utf8');
}

const SHORTEST_AGE = 300;
const LONGEST_AGE = 3 * 24 * 60 * 60;

/** RFC 9111 §5.2.2, within Keycloak's bounds. */
function maxAgeOf(header: string | null): number {
  const directives = (header ?? '').toLowerCase().replaceAll(/\s/g, '').split(',');
  if (directives.includes('no-cache') || directives.includes('no-store')) return SHORTEST_AGE;
  const seconds = ['s-maxage=', 'max-age=']
    .map((name) => directives.find((one) => one.startsWith(name))?.slice(name.length))
    .find((value) => value !== undefined && /^\d+$/.test(value));
  return Math.min(Math.max(Number(seconds ?? 0), SHORTEST_AGE), LONGEST_AGE);
}

const FAILED = 'Client Metadata fetch failed';
/** A bound: anybody who can open a sign-in page can have one fetched. Keycloak keeps them all. */
const MOST = 1_000;

/** Clients whose id is the URL of a document that describes them (Client ID Metadata Documents). */
export function createMetadataDocuments(realm: Realm, clock: Clock, most = MOST) {
  /** When a cached document expires, by client id; the least recently used comes first. Unit: seconds since 1970. */
  const goodUntil = new Map<string, number>();

  function keep(clientId: string, until: number): void {
    goodUntil.delete(clientId);
    goodUntil.set(clientId, until);
    const [oldest = ''] = goodUntil.keys();
    if (goodUntil.size <= most) return;
    goodUntil.delete(oldest);
    realm.removeClient(oldest);
  }

  async function update(url: URL, clientId: string, redirectUri: string, policy: DocumentPolicy) {
    const fetched = await fetchDocument(url);
    if (fetched === undefined) throw new PageFault(FAILED);
    const metadata = parse(fetched.text);
    assertDocument(metadata, clientId, redirectUri, policy);
    const { id: _, ...client } = toRepresentation(
      { ...metadata, token_endpoint_auth_method: 'none' },
      clientId,
      '',
      { consentRequired: true, fullScope: false },
    );
    realm.addClient({
      ...client,
      id: stableId(realm.name, 'client', clientId),
      attributes: { ...client.attributes, 'consent.screen.text': `The client's hostname is ${url.hostname}` },
    });
    keep(clientId, clock.seconds() + fetched.maxAge);
  }

  return {
    /**
     * Adds the client of an authorization request, if a policy accepts its document.
     *
     * @throws {PageFault} (rejects with one) in Keycloak's words
     */
    async prepare(query: URLSearchParams): Promise<void> {
      const clientId = query.get('client_id') ?? '';
      const policy = realm.features.has('cimd') ? documentPolicyOf(realm, clientId) : undefined;
      if (policy === undefined) return;
      const until = goodUntil.get(clientId);
      // A document does not overwrite a client of the realm file.
      if (until === undefined && realm.client(clientId) !== undefined) return;
      const redirectUri = query.get('redirect_uri');
      if (redirectUri === null || (redirectUri !== '' && !URL.canParse(redirectUri)))
        throw new PageFault('Invalid Authorization Request: it does not include redirect_uri parameter');
      const url = assertDocumentUrl(clientId, policy);
      if (until !== undefined && clock.seconds() <= until) keep(clientId, until);
      else await update(url, clientId, redirectUri, policy);
    },
  };
}

/** As strict as a registration: refuses an unknown member. */
function parse(text: string): ClientMetadata {
  try {
    return readMetadata(text);
  } catch (error) {
    if (error instanceof Fault) throw new PageFault(FAILED);
    throw error;
  }
}
