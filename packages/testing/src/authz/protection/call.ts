import type { FastifyRequest } from 'fastify';
import type { Provider } from '../../provider.ts';
import type { ProtectionCaller } from './caller.ts';
import { notFound } from './caller.ts';

/** One call to the protection API. */
export interface ProtectionCall {
  readonly provider: Provider;
  readonly request: FastifyRequest;
  readonly caller: ProtectionCaller;
  /** Id in the path; empty if there is none. */
  readonly id: string;
  readonly query: URLSearchParams;
  /** The body. */
  readonly text: string;
}

/** Status, and the body's JSON if there is one. */
export interface ProtectionAnswer {
  readonly status: number;
  readonly json?: unknown;
}

/** The part of a list that `first` and `max` ask for. Default 100 entries. */
export function pageOf<T>(all: readonly T[], query: URLSearchParams): readonly T[] {
  const first = Math.max(numberOf(query, 'first', 0), 0);
  const max = numberOf(query, 'max', 100);
  return all.slice(first, max < 0 ? undefined : first + max);
}

/** @throws {Fault} 404 if it is not a number, as for an unknown path */
function numberOf(query: URLSearchParams, name: string, otherwise: number): number {
  const text = query.get(name);
  if (text === null || text === '') return otherwise;
  if (!/^-?\d{1,9}$/.test(text)) throw notFound();
  return Number(text);
}
