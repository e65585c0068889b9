import { splitGroupPath, toUrlPath } from '../../admin/connection.ts';
import { toProvider } from '../../admin/credential.ts';
import { toGroupTree } from '../../admin/goal.ts';
import type { Mapper } from '../../admin/mappers.ts';
import type { Action, ActionOf, Plan, Step } from '../../admin/plan/step.ts';
import { toPlainLine, toShellWord } from '../../terminal/output.ts';

/** The place of a plan: a realm, and the client that its steps mean where they name none. */
export interface HandOverTarget {
  readonly serverUrl: string | undefined;
  readonly realm: string;
  readonly clientId: string;
}

const FUNCTIONS = `set -euo pipefail

kcadm() { "\${KCADM:-kcadm.sh}" "$@" -r "$realm"; }

# Creates what the standard input describes. What is there counts as done.
create() {
  local answer
  if answer=$(kcadm create "$@" -f - 2>&1); then
    printf '%s\\n' "$answer"
  elif [[ $answer == *exists* ]]; then
    printf 'There already: %s\\n' "$subject"
  else
    printf '%s\\n' "$answer" >&2
    return 1
  fi
}

# Sets what the standard input describes, and leaves all else.
update() { kcadm update "$1" --merge -f -; }

# id_of LIST FIELD VALUE: the id of the one in a list whose field has that value.
id_of() {
  local list line
  list=$(kcadm get "$1" --fields "id,$2" --format csv --noquotes "\${@:4}")
  while IFS= read -r line; do
    if [ "\${line#*,}" = "$3" ]; then
      printf '%s' "\${line%%,*}"
      return
    fi
  done <<<"$list"
  printf 'There is none in %s: %s\\n' "$1" "$3" >&2
  return 1
}

# The realm has to be there.`;

/** A script for an administrator: a page of bash with a line or two of Keycloak's `kcadm.sh` for each step, which can be run again. */
export function toKcadmPage({ serverUrl, realm, clientId }: HandOverTarget, { steps }: Plan): string {
  const server = toShellWord(serverUrl ?? 'https://sso.example.com');
  const lines = steps.flatMap((step) => [
    '',
    `subject=${toShellWord(toPlainLine(step.subject))}`,
    ...toLines(step, clientId),
  ]);
  return [
    '#!/usr/bin/env bash',
    `# For an administrator of Keycloak: what ${toPlainLine(clientId)} needs in the realm ${toPlainLine(realm)}.`,
    '# It can be run again: what is there stays or is completed, addresses of a client that is there stay, and nothing is deleted.',
    '# The partial import beside it leaves a client that is there as it is: these lines complete it.',
    '# No secret is in it. Sign in, then run it:',
    `#   kcadm.sh config credentials --server ${toPlainLine(server)} --realm master --user <you>`,
    '#   KCADM=<folder of Keycloak>/bin/kcadm.sh bash <this file>',
    `realm=${toShellWord(realm)}`,
    FUNCTIONS,
    `kcadm get ${toShellWord(`realms/${encodeURIComponent(realm)}`)} --fields realm >/dev/null`,
    ...lines,
    ...(needsSecret(steps)
      ? [
          '',
          `# The application needs the secret: Clients > ${toPlainLine(clientId)} > Credentials. Hand it over as you do passwords.`,
        ]
      : []),
    '',
  ].join('\n');
}

/** Whether the client is a new one with a secret, which Keycloak makes up. */
const needsSecret = (steps: readonly Step[]): boolean =>
  steps.some(({ action }) => action.type === 'create-client' && !action.client.publicClient) &&
  !steps.some(({ action }) => action.type === 'update-client');

/** A document as the standard input of a command. No line of it is the word that ends it. */
const withInput = (command: string, document: unknown): string[] => [
  `${command} <<'JSON'`,
  JSON.stringify(document, null, 2),
  'JSON',
];

const toClientLine = (clientId: string): string =>
  `client=$(id_of clients clientId ${toShellWord(clientId)} -q ${toShellWord(`clientId=${clientId}`)})`;

const toScopeLine = (scope: string): string => `scope=$(id_of client-scopes name ${toShellWord(scope)})`;

const toMapperLines = (mapper: Mapper): string[] =>
  withInput('create "clients/$client/protocol-mappers/models"', mapper);

function toLines({ action }: Step, apiId: string): string[] {
  const clientId = ('client' in action && typeof action.client === 'string' && action.client) || apiId;
  switch (action.type) {
    case 'update-realm':
      return withInput('update "realms/$realm"', action.patch);
    case 'set-scope-mapper':
      return [
        toScopeLine(action.scope),
        `mapper=$(id_of "client-scopes/$scope/protocol-mappers/models" protocolMapper ${action.mapper.protocolMapper})`,
        ...withInput('update "client-scopes/$scope/protocol-mappers/models/$mapper"', {
          config: action.mapper.config,
        }),
      ];
    case 'add-scope-mapper':
      return [
        toScopeLine(action.scope),
        ...withInput('create "client-scopes/$scope/protocol-mappers/models"', action.mapper),
      ];
    case 'create-realm-role':
      return withInput('create roles', { name: action.name });
    case 'create-client-role':
      return [toClientLine(clientId), ...withInput('create "clients/$client/roles"', { name: action.name })];
    case 'create-group':
      return toGroupLines(action.path);
    case 'create-client':
      return toNewClientLines(action);
    case 'update-client': {
      const { patch, attributes } = action;
      return [toClientLine(clientId), ...withInput('update "clients/$client"', { ...patch, attributes })];
    }
    case 'put-mapper':
      return [toClientLine(clientId), ...toMapperLines(action.mapper)];
    case 'create-scope':
      return withInput('create client-scopes', action.scope);
    case 'add-scope':
      return [
        toClientLine(clientId),
        toScopeLine(action.scope),
        `kcadm update "clients/$client/${action.how}-client-scopes/$scope" -n -b '{}'`,
      ];
    case 'create-provider':
      return withInput('create identity-provider/instances', toProvider(action));
    default:
      throw new Error(`the page for an administrator has no line for ${action.type}`);
  }
}

function toGroupLines(path: string): string[] {
  const { parent, name } = splitGroupPath(path);
  if (parent === '') return withInput('create groups', { name });
  return [
    `parent=$(kcadm get ${toShellWord(`group-by-path/${toUrlPath(parent)}`)} --fields id --format csv --noquotes)`,
    ...withInput('create "groups/$parent/children"', { name }),
  ];
}

/** Attributes that make a client safer, or are its flow; no addresses. */
const KEPT_ATTRIBUTES = ['pkce.code.challenge.method', 'standard.token.exchange.enabled'];

/** A client that is there gets the flows. Its addresses are its own, and one that is off stays so. */
function toNewClientLines({ client }: ActionOf<'create-client'>): string[] {
  const { protocolMappers = [], clientId, attributes, ...rest } = client;
  const flows = Object.entries(rest).filter(
    ([name, value]) => value === true && /(Flow|Grants|Accounts)Enabled$/.test(name),
  );
  const kept = Object.entries(attributes).filter(([name]) => KEPT_ATTRIBUTES.includes(name));
  const patch = { ...Object.fromEntries(flows), attributes: Object.fromEntries(kept) };
  return [
    ...withInput('create clients', { clientId, ...rest, attributes }),
    toClientLine(clientId),
    ...(flows.length + kept.length > 0 ? withInput('update "clients/$client"', patch) : []),
    ...protocolMappers.flatMap(toMapperLines),
  ];
}

/** The steps that no import can do: settings of the realm, and client scopes that people are asked for. */
export const notImported = ({ steps }: Plan): string[] =>
  steps
    .filter(
      ({ action }) =>
        ['update-realm', 'add-scope-mapper', 'set-scope-mapper'].includes(action.type) ||
        (action.type === 'create-scope' && !action.scope.protocolMappers?.length),
    )
    .map(({ subject }) => subject);

const actionsOf = <T extends Action['type']>({ steps }: Plan, type: T): ActionOf<T>[] =>
  steps.map(({ action }) => action).filter((action): action is ActionOf<T> => action.type === type);

/** A realm file for import. It has no client scopes, so clients have the mappers themselves. */
function toImport(plan: Plan, apiId: string) {
  const scopes = actionsOf(plan, 'create-scope').map(({ scope }) => scope);
  const clients = actionsOf(plan, 'create-client').map(({ client }) => {
    const { clientId, attributes, protocolMappers = [] } = client;
    const isOwn = (action: { readonly client?: string }) => (action.client ?? apiId) === clientId;
    const mappers = actionsOf(plan, 'add-scope')
      .filter(isOwn)
      .flatMap((action) => scopes.find(({ name }) => name === action.scope)?.protocolMappers ?? []);
    const changed = actionsOf(plan, 'update-client').filter(isOwn);
    return {
      ...client,
      ...Object.assign({}, ...changed.map(({ patch }) => patch)),
      attributes: Object.assign({}, attributes, ...changed.map((action) => action.attributes)),
      protocolMappers: [...protocolMappers, ...mappers],
    };
  });
  const roles = actionsOf(plan, 'create-client-role').map(({ name }) => ({ name }));
  return {
    clients,
    roles: {
      realm: actionsOf(plan, 'create-realm-role').map(({ name }) => ({ name })),
      client: roles.length === 0 ? {} : { [apiId]: roles },
    },
    groups: toGroupTree(actionsOf(plan, 'create-group').map(({ path }) => path)),
    identityProviders: actionsOf(plan, 'create-provider').map(toProvider),
  };
}

/** The same for Keycloak's partial import (Realm settings > Action). */
export const toPartialImport = (plan: Plan, apiId: string): object => ({
  ifResourceExists: 'SKIP',
  ...toImport(plan, apiId),
});

/**
 * The plan of a realm that is not there as a RealmRepresentation, for `kc.sh start --import-realm`. It holds the client's secret and the
 * user's password: keep it as safe as the `.env` file. One that named a client scope would have to name all of Keycloak's, and Keycloak's
 * own clients, which it makes before them.
 */
export function toRealmFile(
  plan: Plan,
  { realm, clientId }: Pick<HandOverTarget, 'realm' | 'clientId'>,
): object {
  const [grants] = actionsOf(plan, 'grant-roles');
  return {
    ...actionsOf(plan, 'create-realm')[0]?.realm,
    ...toImport(plan, clientId),
    users: actionsOf(plan, 'create-user').map(({ user }) => ({
      ...user,
      realmRoles: [`default-roles-${realm.toLowerCase()}`, ...(grants?.realmRoles ?? [])],
      clientRoles: { [clientId]: grants?.clientRoles ?? [] },
      groups: actionsOf(plan, 'join-group').map(({ path }) => path),
    })),
  };
}
