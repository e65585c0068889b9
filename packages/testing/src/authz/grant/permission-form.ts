import { Fault, invalidRequest, unexpected } from '../../fault.ts';
import type { DecisionModel } from '../model.ts';
import { findByUri } from '../path-match.ts';

/** A resource by id or name, with scopes. Without a resource: any that has the scopes. */
export interface AskedText {
  readonly resource: string | undefined;
  readonly scopes: readonly string[];
}

/**
 * Reads the fields `permission` of a form: `resource`, `resource#scope,scope` or `#scope`. Duplicates are merged.
 *
 * @param model the resources, if they are asked for by path
 * @throws {Fault} 400 for a path that no resource has, 500 where Keycloak fails
 */
export function readPermissions(form: URLSearchParams, model: DecisionModel | undefined): AskedText[] {
  const texts = form.getAll('permission');
  const format = form.get('permission_resource_format') ?? 'id';
  const asked: AskedText[] = [];
  const add = (resource: string | undefined, scopes: readonly string[]) => {
    const at = resource === undefined ? -1 : asked.findIndex((one) => one.resource === resource);
    const known = asked[at];
    if (known === undefined) asked.push({ resource, scopes });
    else asked[at] = { resource, scopes: [...new Set([...known.scopes, ...scopes])] };
  };
  if (format !== 'id' && format !== 'uri') return asked;
  for (const text of texts) {
    const [name, scopeText] = splitAsJava(text, '#');
    if (name === undefined) throw unexpected();
    const scopes = scopeText === undefined ? [] : splitAsJava(scopeText, ',');
    if (format === 'id') {
      add(name === '' ? undefined : name, scopes);
      continue;
    }
    if (name === '' && scopeText === undefined) throw invalidRequest('You must provide the uri');
    if (name === '') {
      add(undefined, scopes);
      break;
    }
    if (model === undefined) throw unexpected();
    const isPattern = form.get('permission_resource_matching_uri')?.toLowerCase() === 'true';
    const found = findByUri(model, name, isPattern);
    if (found.length === 0) {
      throw new Fault(400, 'invalid_resource', `Resource with uri [${name}] does not exist.`);
    }
    for (const { id } of found) add(id, scopes);
  }
  return asked;
}

/** @throws {Fault} 500 if it is not a number */
export function readLimit(form: URLSearchParams): number {
  const text = form.get('response_permissions_limit');
  if (text === null) return Number.POSITIVE_INFINITY;
  if (!/^[+-]?\d{1,10}$/.test(text)) throw unexpected();
  return Number(text);
}

/** Java's `split` drops empty parts at the end. */
function splitAsJava(text: string, separator: string): string[] {
  const parts = text.split(separator);
  if (text === '') return parts;
  while (parts.at(-1) === '') parts.pop();
  return parts;
}
