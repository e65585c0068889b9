import type ClientRepresentation from '@keycloak/keycloak-admin-client/lib/defs/clientRepresentation.js';
import type ClientScopeRepresentation from '@keycloak/keycloak-admin-client/lib/defs/clientScopeRepresentation.js';
import type ProtocolMapperRepresentation from '@keycloak/keycloak-admin-client/lib/defs/protocolMapperRepresentation.js';
import {
  audiencesOf,
  isSatisfiedBy,
  type Mapper,
  opensAudience,
  toAudienceMapper,
  toGroupsMapper,
  toOrganizationGroupsMapper,
  toOrganizationMapper,
} from '../mappers.ts';
import { added, change, joinParts, newPart, type Part, toChange, toCreate } from './step.ts';

/**
 * A client scope for every client of an application: pages and services get tokens with their own clients, and the API needs the
 * same claims in all of them.
 */
export interface AppScope {
  readonly name: string;
  /** `default`: in every token. `optional`: only on request. */
  readonly how: 'default' | 'optional';
  readonly mapper?: Mapper;
  readonly puts?: string;
  /** New rights by tokens of a client that existed before. */
  opens(clientId: string, mappers: readonly ProtocolMapperRepresentation[]): string[];
}

export const GROUPS_SCOPE = 'groups';

export const groupsScope: AppScope = {
  name: GROUPS_SCOPE,
  how: 'default',
  mapper: toGroupsMapper(),
  puts: 'groups as full paths',
  opens: (clientId) => [`tokens of ${clientId} say in which ${GROUPS_SCOPE} a person is`],
};

export const ORGANIZATION_SCOPE = 'organization';

/** Keycloak's own scope, which clients that were made before organizations were turned on may lack. */
export const organizationScope: AppScope = {
  name: ORGANIZATION_SCOPE,
  how: 'optional',
  mapper: toOrganizationMapper(),
  puts: 'organizations',
  opens: (clientId) => [`${clientId} can ask in which organizations a person is`],
};

export const ORGANIZATION_GROUPS_SCOPE = 'organization-groups';

/** Apart from `organization`: with the mapper there, the claim of every application of the realm had another shape. */
export const organizationGroupsScope: AppScope = {
  name: ORGANIZATION_GROUPS_SCOPE,
  how: 'default',
  mapper: toOrganizationGroupsMapper(),
  puts: 'groups in organizations, and the roles by them',
  opens: (clientId) => [
    `tokens of ${clientId} that name organizations say in which groups and roles of them a person is: organization is an object by alias there, no list`,
  ],
};

export function audienceScopeOf(clientId: string): AppScope {
  const mapper = toAudienceMapper(clientId);
  return {
    name: `${clientId}-audience`,
    how: 'default',
    mapper,
    puts: mapper.name,
    opens: (caller, mappers) => opensAudience(caller, clientId, mappers),
  };
}

export const ownScopeOf = (name: string): AppScope => ({
  name,
  how: 'optional',
  opens: (clientId) => [`${clientId} can ask people for the scope ${name}`],
});

export function toClientScope({ name, how, mapper }: AppScope) {
  const attributes = {
    'include.in.token.scope': String(how === 'optional'),
    'display.on.consent.screen': String(mapper?.protocolMapper !== 'oidc-audience-mapper'),
  };
  return { name, protocol: 'openid-connect', attributes, protocolMappers: mapper ? [mapper] : [] };
}

export interface AppClient {
  readonly clientId: string;
  readonly scopes: readonly string[];
  readonly mappers: readonly ProtocolMapperRepresentation[];
  readonly askable?: readonly ProtocolMapperRepresentation[] | undefined;
  /** It is created in the same plan, so no rights of existing users grow. */
  readonly isNew: boolean;
}

export function toAppClient(
  { clientId = '', defaultClientScopes = [], optionalClientScopes = [] }: ClientRepresentation,
  mappers: readonly ProtocolMapperRepresentation[],
  isNew: boolean,
): AppClient {
  return { clientId, mappers, isNew, scopes: [...defaultClientScopes, ...optionalClientScopes] };
}

/**
 * Creates missing client scopes, and gives them to every client that lacks them. A client with an equal mapper does not need
 * the scope.
 */
export function planAppScopes(
  scopes: readonly AppScope[],
  known: readonly ClientScopeRepresentation[],
  clients: readonly AppClient[],
): Part {
  const parts = scopes.map((scope) =>
    planAppScope(
      scope,
      known.find(({ name }) => name === scope.name),
      clients,
    ),
  );
  const { steps, ...rest } = joinParts(parts);
  const subjects = [...new Set(steps.map(({ subject }) => subject))];
  const changes = steps.filter(({ kind }) => kind === 'change');
  // The steps of one client stand together, below the client scopes that it gets.
  const bySubject = subjects.flatMap((one) => changes.filter(({ subject }) => subject === one));
  return { ...rest, steps: [...steps.filter(({ kind }) => kind === 'create'), ...bySubject] };
}

function planAppScope(
  scope: AppScope,
  there: ClientScopeRepresentation | undefined,
  clients: readonly AppClient[],
): Part {
  const part = newPart();
  const { name, how, mapper } = scope;
  const works = (list: readonly ProtocolMapperRepresentation[] = []) =>
    mapper !== undefined && list.some((one) => isSatisfiedBy(one, mapper));
  const lacking = clients.filter((one) =>
    how === 'optional' ? !one.scopes.includes(name) : !works(one.mappers),
  );
  if (lacking.length === 0) return part;
  const subject = `client scope ${name}`;
  const own = mapper?.config['included.client.audience'];
  const others = audiencesOf(there?.protocolMappers).filter((one) => one !== own);
  if (there === undefined) {
    const changes = [change(mapper ? 'Mapper' : 'In tokens that ask for it', scope.puts ?? name)];
    part.steps.push(toCreate(subject, { type: 'create-scope', scope: toClientScope(scope) }, changes));
  } else if (others.length > 0 || (mapper !== undefined && !works(there.protocolMappers))) {
    // Otherwise its current clients would get another claim.
    const why =
      others.length > 0
        ? `tokens with it are for ${others.join(', ')}`
        : `it does not put this into access tokens: ${scope.puts}`;
    const fix = `Client scopes > ${name} > Mappers: make them do that alone, or give the scope another name`;
    part.blocked.push({ subject, why: `it is there, and ${why}`, fix });
    return part;
  } else part.kept.push(subject);
  for (const { clientId, mappers, askable = [], isNew } of lacking) {
    const field = how === 'default' ? 'Default client scopes' : 'Optional client scopes';
    const action = { type: 'add-scope', scope: name, how, client: clientId } as const;
    const opens = isNew ? [] : scope.opens(clientId, [...mappers, ...askable]);
    part.steps.push(toChange(`client ${clientId}`, [added(field, name)], action, opens));
  }
  return part;
}
