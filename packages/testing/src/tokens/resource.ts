import { Fault, unexpected } from '../fault.ts';
import { field } from '../http/form.ts';
import type { Realm } from '../realm/realm.ts';

// RFC 8707 as in Keycloak's feature `resource-indicators`: one resource, which is a client.

const UNUSABLE = 'The requested resource is invalid, missing, unknown, or malformed.';
const CHANGED = 'The requested resource is not matching the original request.';
const CLIENT = 'urn:client:';

/**
 * The resource that a token request asks for; `undefined` if there is none, or the feature is off.
 *
 * @throws {Fault} 400 `invalid_target` for a text that cannot be a resource
 */
export function askedResource({ features }: Realm, form: URLSearchParams): string | undefined {
  const asked = features.has('resource-indicators') ? field(form, 'resource') : undefined;
  if (asked !== undefined && !isResource(asked)) throw new Fault(400, 'invalid_target', UNUSABLE);
  return asked;
}

/**
 * The resource of a code or refresh token, which cannot change.
 *
 * @param original the resource that the code or refresh token was issued for
 * @throws {Fault} 400 `invalid_target` if the request asks for another one
 */
export function keptResource(realm: Realm, form: URLSearchParams, original: unknown): string | undefined {
  const asked = askedResource(realm, form);
  if (asked !== undefined && asked !== original) throw new Fault(400, 'invalid_target', CHANGED);
  return typeof original === 'string' ? original : undefined;
}

/**
 * The only audience of a token for a resource: a client that is in the token's audience anyway, found by its id or by the URL
 * in its attribute `resource_url`.
 *
 * @throws {Fault} 400 `invalid_target` if there is none; 500, as in Keycloak, for a token without an audience
 */
export function audienceOf(realm: Realm, resource: string, audience: unknown): string {
  if (audience === undefined) throw unexpected();
  const known = [audience].flat() as string[];
  const isMeant = (id: string) =>
    resource.startsWith(CLIENT)
      ? id === resource.slice(CLIENT.length)
      : realm.client(id)?.attributes.resource_url === resource;
  const found = known.find(isMeant);
  if (found === undefined) throw new Fault(400, 'invalid_target', UNUSABLE);
  return resource.startsWith(CLIENT) ? found : resource;
}

/** RFC 8707 §2: an absolute URI without a fragment. Keycloak allows no query either. */
function isResource(text: string): boolean {
  return /^[a-z][a-z0-9+.-]*:[^\s?#]+$/i.test(text) && (/^urn:/i.test(text) || URL.canParse(text));
}
