import { Fault } from '../../fault.ts';
import { readRepresentation } from '../../http/json-body.ts';
import type { Provider } from '../../provider.ts';
import type { Resource } from '../model.ts';
import { scopeName } from '../read-settings.ts';
import type { ResourceServer } from '../resource-servers.ts';

const MEMBERS = new Set(
  '_id name displayName type uri uris icon_uri owner ownerManagedAccess attributes scopes resource_scopes'.split(
    ' ',
  ),
);

/** A resource as a caller describes it. Missing members are `undefined` or empty. */
export type ResourceBody = Omit<Resource, 'id' | 'name' | 'ownerId' | 'attributes'> & {
  readonly id: string | undefined;
  readonly name: string | undefined;
  readonly attributes: Resource['attributes'] | undefined;
};

/** @throws {Fault} 400 in Keycloak's words */
export function readResourceBody(text: string): ResourceBody {
  const body = readRepresentation(text, 'UmaResourceRepresentation', MEMBERS);
  const uris = [...listOf(body.uris), ...(typeof body.uri === 'string' ? [body.uri] : [])].map(String);
  for (const uri of uris) assertTemplate(uri);
  return {
    id: textOf(body._id),
    name: textOf(body.name),
    displayName: textOf(body.displayName),
    type: textOf(body.type),
    uris: [...new Set(uris)],
    iconUri: textOf(body.icon_uri),
    isOwnerManaged: body.ownerManagedAccess === true,
    scopes: [...new Set(listOf(body.resource_scopes ?? body.scopes).map(scopeText))],
    attributes: body.attributes as Resource['attributes'] | undefined,
  };
}

/** Keycloak's members for a new resource, for one asked for by id, and for one in a list. */
export function describeResource(
  { realm }: Pick<Provider, 'realm'>,
  server: ResourceServer,
  resource: Resource,
  as: 'new' | 'one' | 'listed',
): Record<string, unknown> {
  const { id, name, displayName, type, uris, iconUri, ownerId, isOwnerManaged, attributes } = resource;
  const ownerName = ownerId === server.clientId ? server.name : realm.userById(ownerId)?.username;
  const scopes = resource.scopes.map((one) => {
    const known = as === 'one' ? {} : { id: server.scopes.get(one)?.id };
    return { ...known, name: one };
  });
  return {
    name,
    type,
    owner: { id: ownerId, ...(as === 'one' ? {} : { name: ownerName }) },
    ownerManagedAccess: isOwnerManaged,
    displayName,
    ...(as === 'new' ? {} : { attributes }),
    _id: id,
    uris,
    ...(as === 'listed' ? {} : { resource_scopes: scopes }),
    ...(scopes.length === 0 ? {} : { scopes }),
    icon_uri: iconUri,
  };
}

const textOf = (value: unknown): string | undefined => (typeof value === 'string' ? value : undefined);
const listOf = (value: unknown): unknown[] => (Array.isArray(value) ? value : []);
const scopeText = (value: unknown): string => scopeName(value as string | { name: string });

/** @throws {Fault} 400 for a path that would match nothing */
function assertTemplate(uri: string): void {
  const why = whyNoTemplate(uri);
  if (why === undefined) return;
  throw new Fault(400, 'invalid_request', `URI [${uri}] is not a valid template: ${why}`);
}

function whyNoTemplate(uri: string): string | undefined {
  let name: string | undefined;
  for (const character of uri) {
    if (character === '{') {
      if (name !== undefined) return "nested '{'";
      name = '';
    } else if (character === '}') {
      if (!name) return "unexpected '}' or empty parameter name";
      name = undefined;
    } else if (name !== undefined) {
      if (character === '/') return "parameter name contains '/'";
      name += character;
    }
  }
  if (name !== undefined) return "missing closing '}'";
  const isWildcard = !uri.includes('*') || /^[^*]*\/\*$/.test(uri) || /^[^*]*\/\*\.[^*/]+$/.test(uri);
  return isWildcard
    ? undefined
    : "wildcard '*' is only supported as trailing '/*' or as a suffix pattern '/*.ext'";
}
