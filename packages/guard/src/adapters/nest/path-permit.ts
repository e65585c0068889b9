import {
  type Decide,
  type Door,
  type NodeRequest,
  type PathEnforcerOptions,
  toNodePath,
} from '../engine/internal.ts';
import { type Call, kindOf } from './call.ts';

/**
 * Decides by the path of a call's request. Messages have no path.
 *
 * @returns `undefined` if nothing is decided by path
 * @throws {OptionsError} for a wrong option or part of the configuration
 * @throws {Error} if permissions are not turned on
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

/** A message's request is that of its connection, whose path says nothing about the message. */
function hasPath({ context, request }: Call): boolean {
  const kind = context && kindOf(context);
  return request !== undefined && (kind === 'http' || kind === 'graphql');
}
