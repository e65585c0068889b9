import type {
  AuthorizationSettings,
  PolicyRepresentation,
  ResourceRepresentation,
} from '../realm/authorization-settings.ts';
import type { Client } from '../realm/client.ts';
import type { Realm } from '../realm/realm.ts';
import { isSimpleKind, isUnderstood } from './policies.ts';
import { namesOf, ownerText, WORDS } from './read-settings.ts';

/** Types of policies that apply other policies. */
const APPLYING = new Set(['aggregate', 'resource', 'scope']);

/** Authorization settings of a client that this provider does not support, or Keycloak would not import. */
export function warningsOfAuthorization(client: Client, realm: Realm): string[] {
  const { clientId, representation, isPublic, serviceAccounts } = client;
  if (representation.authorizationServicesEnabled !== true) return [];
  const settings = representation.authorizationSettings ?? {};
  const warnings = [
    isPublic && 'it is public, so it has no authorization services',
    !isPublic &&
      !serviceAccounts &&
      'authorization services need "serviceAccountsEnabled": true beside them, or Keycloak does not import it',
    ...(['policyEnforcementMode', 'decisionStrategy'] as const).map(
      (member) =>
        isOther(WORDS[member], settings[member]) &&
        `"${member}" is "${settings[member]}", which Keycloak does not import: taken as ${WORDS[member][0]}`,
    ),
    ...(settings.resources ?? []).map(
      ({ name, owner }) =>
        owner !== undefined &&
        !isOwner(owner, client, realm) &&
        `the resource "${name}" has an owner that is not in the file: it is the client's here, and Keycloak does not import it`,
    ),
    ...(settings.policies ?? []).flatMap((policy) =>
      warningsOfPolicy(policy, settings, realm).map(
        (what) => `the ${policy.type} policy "${policy.name}" ${what}`,
      ),
    ),
  ];
  return warnings.flatMap((what) => (what ? [`client ${clientId}: ${what}`] : []));
}

/** Whether it is given, and none of these words. */
function isOther(words: readonly string[], word: string | undefined): boolean {
  return word !== undefined && word !== null && !words.includes(word);
}

function isOwner(owner: ResourceRepresentation['owner'], client: Client, realm: Realm): boolean {
  const ownerName = ownerText(owner);
  if (ownerName === undefined || ownerName === client.id || ownerName === client.clientId) return true;
  return (realm.userById(ownerName) ?? realm.userByName(ownerName)) !== undefined;
}

function warningsOfPolicy(
  policy: PolicyRepresentation,
  settings: AuthorizationSettings,
  realm: Realm,
): string[] {
  const { type, config = {} } = policy;
  const wrong = (['logic', 'decisionStrategy'] as const).filter((member) =>
    isOther(WORDS.ofPolicy[member], policy[member]),
  );
  if (wrong.length > 0)
    return wrong.map(
      (member) => `has the ${member} "${policy[member]}", which Keycloak does not import: it denies`,
    );
  if (!APPLYING.has(type) && !isSimpleKind(type))
    return ['is of a type that this provider does not know: it denies'];
  if (!isUnderstood({ type, config }))
    return type === 'regex'
      ? [`has a pattern that JavaScript does not understand (${config.pattern}): it denies`]
      : ['has a list that is no JSON: it denies'];
  const { policies = [], resources = [], scopes = [] } = settings;
  const scopeNames = [...scopes, ...resources.flatMap((one) => one.scopes ?? [])];
  const isKnown: Readonly<Record<string, (name: string) => boolean>> = {
    applyPolicies: (name) => policies.some((one) => one.name === name || one.id === name),
    resources: (name) => resources.some((one) => one.name === name || one._id === name),
    scopes: (name) => scopeNames.some((one) => (typeof one === 'string' ? one : one.name) === name),
    ...(type === 'user'
      ? { users: (name: string) => (realm.userById(name) ?? realm.userByName(name)) !== undefined }
      : {}),
  };
  return Object.entries(isKnown).flatMap(([list, knows]) =>
    namesOf(config, list)
      .filter((name) => !knows(name))
      .map((name) => `names "${name}" under "${list}", which is not in the file`),
  );
}
