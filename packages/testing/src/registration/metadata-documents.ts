import { PageFault } from '../browser/auth-request.ts';
import type { Clock } from '../clock.ts';
import { Fault } from '../fault.ts';
import type { Realm } from '../realm/realm.ts';
import { stableId } from '../realm/stable-id.ts';
import { type DocumentPolicy, documentPolicyOf } from './document-policy.ts';
import { assertDocument, assertDocumentUrl } from './document-rules.ts';
import { fetchDocument } from './fetch-document.ts';
import { type ClientMetadata, readMetadata, toRepresentation } from './metadata.ts';

/** Clients whose id is the URL of a document that describes them (Client ID Metadata Documents). */
export type MetadataDocuments = ReturnType<typeof createMetadataDocuments>;

const FAILED = 'Client Metadata fetch failed';
/** Whoever can open a sign-in page can have one fetched. Keycloak keeps them all. */
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
      if (redirectUri === null || (redirectUri !== '' && !URL.canParse(redirectUri))) {
        throw new PageFault('Invalid Authorization Request: it does not include redirect_uri parameter');
      }
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
