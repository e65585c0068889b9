import {
  type Decide,
  type Door,
  type NodeRequest,
  type PathEnforcerOptions,
  toNodePath,
} from '../adapter/internal.ts';
import { type Call, kindOf } from './call.ts';

/**
 * Decides by the path of the request that a call came by. Messages have none.
 *
 * @returns `undefined` where nothing is decided by path
 * @throws {OptionsError} for an option or a part of the configuration that is wrong; {Error} where permissions are not turned on
 */
export function toPathPermit(
  permits: Door<Call, Call>['permits'],
  options: Omit<PathEnforcerOptions, 'permissions'> | undefined,
): Decide<Call> | undefined {
  if (options === undefined) return undefined;
  const decide = permits.enforcePaths(options, ({ request, credentials }) => ({
    ...toNodePath(credentials as NodeRequest),
    body: (request as { body?: unknown }).body,
  }));
  return (call, principal) => (hasPath(call) ? decide(call, principal) : undefined);
}

/** A message comes by the path of its connection, which says nothing about the message. */
function hasPath({ context, request }: Call): boolean {
  const kind = context && kindOf(context);
  return request !== undefined && (kind === 'http' || kind === 'graphql');
}
