import { isRedirectUri, PageFault } from '../browser/auth-request.ts';
import { toClient } from '../realm/client.ts';
import type { Realm } from '../realm/realm.ts';
import type { ClientMetadata } from './metadata.ts';

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
export function documentPolicyOf({ settings }: Realm, clientId: string): DocumentPolicy | undefined {
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
export function assertDocumentUrl(clientId: string, { allowHttp, domains }: DocumentPolicy): URL {
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
export function assertDocument(
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
  if (!isListed(redirectUris, redirectUri))
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
function isListed(listed: unknown, redirectUri: string): boolean {
  if (!Array.isArray(listed)) return false;
  const redirectUris = listed.map(String);
  const client = toClient('', { clientId: '', redirectUris }, { default: [], optional: [] });
  return isRedirectUri(client, redirectUri);
}

function hostOf(uri: unknown): string {
  return typeof uri === 'string' && URL.canParse(uri) ? new URL(uri).hostname : '';
}
