import type ClientRepresentation from '@keycloak/keycloak-admin-client/lib/defs/clientRepresentation.js';
import type ClientScopeRepresentation from '@keycloak/keycloak-admin-client/lib/defs/clientScopeRepresentation.js';
import type ProtocolMapperRepresentation from '@keycloak/keycloak-admin-client/lib/defs/protocolMapperRepresentation.js';
import type RealmRepresentation from '@keycloak/keycloak-admin-client/lib/defs/realmRepresentation.js';
import {
  audiencesOf,
  isSatisfiedBy,
  type Mapper,
  mappersOf,
  opensAudience,
  toAudienceMapper,
  toGroupsMapper,
  toOrganizationGroupsMapper,
  toOrganizationMapper,
} from '../mappers.ts';
import {
  added,
  change,
  joinParts,
  newPart,
  type Part,
  type Step,
  switchedOn,
  toChange,
  toCreate,
} from './step.ts';

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
  /** Those of client scopes that it may ask for. */
  readonly askable: readonly ProtocolMapperRepresentation[];
  /** It is created in the same plan, so no rights of existing users grow. */
  readonly isNew: boolean;
}

/** @param known client scopes of the realm */
export function toAppClient(
  client: ClientRepresentation,
  known: readonly ClientScopeRepresentation[],
  isNew: boolean,
): AppClient {
  const { clientId = '', defaultClientScopes = [], optionalClientScopes = [] } = client;
  return {
    clientId,
    scopes: [...defaultClientScopes, ...optionalClientScopes],
    mappers: mappersOf(client, known),
    askable: mappersOf(client, known, 'optionalClientScopes'),
    isNew,
  };
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
  const made = steps.filter(({ action }) => action.type === 'create-scope');
  const others = steps.filter((step) => !made.includes(step));
  // The steps of one client stand together, below the client scopes that it gets.
  const bySubject = subjects.flatMap((one) => others.filter(({ subject }) => subject === one));
  return { ...rest, steps: [...made, ...bySubject] };
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
  for (const { clientId, mappers, askable, isNew } of lacking) {
    const field = how === 'default' ? 'Default client scopes' : 'Optional client scopes';
    const action = { type: 'add-scope', scope: name, how, client: clientId } as const;
    const opens = isNew ? [] : scope.opens(clientId, [...mappers, ...askable]);
    const step = toChange(`client ${clientId}`, [added(field, name)], action, opens);
    part.steps.push(isNew ? { ...step, kind: 'create' } : step);
  }
  return part;
}

/** Keycloak before 26, or one that is started without the feature `organization`. */
export const NO_ORGANIZATIONS = { why: 'this Keycloak has no organizations', fix: 'Keycloak 26 has them' };

/** Whether the server has no such mapper, where its kinds of mapper are known. */
export const isLacking = (mapper: Mapper, types: ReadonlySet<string> | undefined): boolean =>
  types !== undefined && !types.has(mapper.protocolMapper);

/** Turns the organizations of a realm on. */
export const turnOrganizationsOn = (realm: string): Step =>
  toChange(
    `realm ${realm}`,
    [switchedOn('Organizations')],
    { type: 'update-realm', patch: { organizationsEnabled: true } },
    ['the login page of every application of the realm asks for the name first, then for the password'],
  );

/** What the API reads in tokens of the organizations that a person is a member of. */
export interface OrganizationClaims {
  /** Groups in organizations, and the roles that come with them. */
  readonly groups: boolean;
  /** The ids of organizations, beside their aliases. */
  readonly ids: boolean;
}

/** The scopes and mappers of an API that reads organizations in tokens. */
export interface OrganizationPlan extends Part {
  /** Client scopes for every client of the application. */
  readonly scopes: readonly AppScope[];
  /** Those of the realm, as they are after the plan. */
  readonly known: readonly ClientScopeRepresentation[];
}

/** Turns organizations on, and completes the realm's client scope `organization`. */
export function planOrganizationClaims(
  current: {
    readonly realm: RealmRepresentation | null;
    readonly scopes: readonly ClientScopeRepresentation[];
    readonly mapperTypes?: ReadonlySet<string> | undefined;
  },
  goal: { readonly realm: string; readonly organizations?: OrganizationClaims | undefined },
): OrganizationPlan {
  const { realm, scopes, mapperTypes } = current;
  const part = { ...newPart(), scopes: [] as AppScope[], known: [...scopes] };
  const claims = goal.organizations;
  if (claims === undefined) return part;
  if (isLacking(toOrganizationMapper(), mapperTypes)) {
    part.blocked.push({ subject: `realm ${goal.realm}`, ...NO_ORGANIZATIONS });
    return part;
  }
  if (realm !== null && realm.organizationsEnabled !== true) part.steps.push(turnOrganizationsOn(goal.realm));
  // A realm that does not exist yet gets what Keycloak makes.
  const there = scopes.find(({ name }) => name === ORGANIZATION_SCOPE);
  const scope = there ?? (realm === null ? toClientScope(organizationScope) : undefined);
  const plain = toOrganizationMapper();
  const mapper = claims.ids ? { ...plain, config: { ...plain.config, addOrganizationId: 'true' } } : plain;
  part.scopes.push({ ...organizationScope, mapper });
  part.known = scopes.filter((one) => one !== there);
  if (scope !== undefined) {
    part.known.push({ ...scope, protocolMappers: [plain] });
    completeScope(scope, mapper, part, realm === null);
  }
  const groups = toOrganizationGroupsMapper();
  if (!claims.groups || scope?.protocolMappers?.some((one) => isSatisfiedBy(one, groups))) return part;
  if (isLacking(groups, mapperTypes))
    part.blocked.push({
      subject: 'groups in organizations',
      why: 'this Keycloak has none',
      fix: 'Keycloak 26.6 has them: until then guard by roles and groups of the realm',
    });
  else part.scopes.push(organizationGroupsScope);
  return part;
}

/** Another mapper of the same claim would spoil it, so the one that is there is completed, or left to a person. */
function completeScope(
  { protocolMappers = [] }: ClientScopeRepresentation,
  mapper: Mapper,
  { steps, blocked }: Part,
  isNew: boolean,
): void {
  const subject = `client scope ${ORGANIZATION_SCOPE}`;
  const own = protocolMappers.find(({ protocolMapper }) => protocolMapper === mapper.protocolMapper);
  if (own === undefined) {
    const action = { type: 'add-scope-mapper', scope: ORGANIZATION_SCOPE, mapper } as const;
    const opens = ['tokens of every client that asks for organizations name those of the person'];
    steps.push(toChange(subject, [change('Mapper', '+ Organization Membership')], action, opens));
  } else if (!isSatisfiedBy(own, toOrganizationMapper()))
    blocked.push({
      subject,
      why: 'its mapper does not put organizations into access tokens',
      fix: `Client scopes > ${ORGANIZATION_SCOPE} > Mappers > ${own.name}: Token Claim Name organization, Add to access token ON`,
    });
  else if (mapper.config.addOrganizationId === 'true' && own.config?.addOrganizationId !== 'true') {
    const config = { ...mapper.config, ...own.config, addOrganizationId: 'true' };
    const whole = { ...mapper, config };
    const action = { type: 'set-scope-mapper', scope: ORGANIZATION_SCOPE, mapper: whole } as const;
    const opens = [
      'tokens of every client that asks for organizations have their ids: organization is an object by alias there, no list',
    ];
    steps.push(toChange(subject, [switchedOn('Add organization id')], action, isNew ? [] : opens));
  }
}
