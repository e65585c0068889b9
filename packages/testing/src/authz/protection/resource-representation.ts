import { Fault, unexpected } from '../../fault.ts';
import {
  each,
  flag,
  listOf,
  object,
  readRepresentation,
  text,
  texts,
  textsByName,
  wrongShape,
} from '../../http/json-body.ts';
import type { Provider } from '../../provider.ts';
import type { Resource } from '../model.ts';
import type { ResourceServer } from '../resource-servers.ts';

const scopes = listOf((one) => {
  if (one === null) throw unexpected();
  if (typeof one === 'string') return one;
  const { name } = object(one) as { name?: unknown };
  if (name === undefined) throw new Fault(409, 'conflict', 'Duplicate resource error');
  return text(name);
});
const owner = (value: unknown) => {
  if (typeof value === 'string') return value;
  if (Object.keys(object(value) as object).some((name) => name !== 'id' && name !== 'name'))
    throw wrongShape();
  return value;
};
const SHAPES = {
  ...each('_id name displayName type uri icon_uri', text),
  ...{ uris: texts, ownerManagedAccess: flag, attributes: textsByName, owner },
  ...each('scopes resource_scopes', scopes),
};

/** A resource as a caller describes it. Missing members are `undefined` or empty. */
export type ResourceBody = Omit<Resource, 'id' | 'name' | 'ownerId' | 'attributes'> & {
  readonly id: string | undefined;
  readonly name: string | undefined;
  readonly attributes: Resource['attributes'] | undefined;
};

/** @throws {Fault} 400 in Keycloak's words */
export function readResourceBody(given: string): ResourceBody {
  const body = readRepresentation(given, 'UmaResourceRepresentation', SHAPES) as Body;
  const uris = [...(body.uris ?? []), ...(body.uri === undefined ? [] : [body.uri])];
  for (const uri of uris) assertTemplate(uri);
  return {
    id: body._id,
    name: body.name,
    displayName: body.displayName,
    type: body.type,
    uris: [...new Set(uris)],
    iconUri: body.icon_uri,
    isOwnerManaged: body.ownerManagedAccess === true,
    scopes: [...new Set(body.resource_scopes ?? body.scopes)],
    attributes: body.attributes,
  };
}

interface Body extends Partial<Record<'_id' | 'name' | 'displayName' | 'type' | 'uri' | 'icon_uri', string>> {
  readonly uris?: readonly string[];
  readonly scopes?: readonly string[];
  readonly resource_scopes?: readonly string[];
  readonly ownerManagedAccess?: boolean;
  readonly attributes?: Resource['attributes'];
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
