import type { Realm } from '../realm/realm.ts';

/** Which documents of clients a realm takes. */
export interface DocumentPolicy {
  readonly allowHttp: boolean;
  /** Hosts of the document and of every URL in it; `*.` and a domain for all below it too. */
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
 * The policy for a client id: of the realm's first client policy that looks at ids which are URLs (condition `client-id-uri`)
 * and lets documents be fetched (executor `client-id-metadata-document`). `undefined`: the id is a name like any other.
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

/** Every condition has to be met; those that are not known here are not. */
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

export function isPermitted(domains: readonly string[], host: string): boolean {
  return domains.some((one) =>
    one.startsWith('*.') ? host === one.slice(2) || host.endsWith(one.slice(1)) : host === one,
  );
}
