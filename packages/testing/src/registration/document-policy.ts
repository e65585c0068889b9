import type { Realm } from '../realm/realm.ts';

/** Which client documents a realm accepts. */
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

export function isPermitted(domains: readonly string[], host: string): boolean {
  return domains.some((one) =>
    one.startsWith('*.') ? host === one.slice(2) || host.endsWith(one.slice(1)) : host === one,
  );
}
