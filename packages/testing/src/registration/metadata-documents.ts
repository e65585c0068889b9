import { PageFault } from '../browser/auth-request.ts';
import type { Clock } from '../clock.ts';
import { Fault } from '../fault.ts';
import type { Realm } from '../realm/realm.ts';
import { stableId } from '../realm/stable-id.ts';
import {
  assertDocument,
  assertDocumentUrl,
  type DocumentPolicy,
  documentPolicyOf,
} from './document-policy.ts';
import { type ClientMetadata, readMetadata, toRepresentation } from './metadata.ts';

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

/** Clients whose id is the URL of a document that describes them (Client ID Metadata Documents). */
const FAILED = 'Client Metadata fetch failed';
/** A bound: anybody who can open a sign-in page can have one fetched. Keycloak keeps them all. */
const MOST = 1_000;

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
