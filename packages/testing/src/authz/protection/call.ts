import type { FastifyRequest } from 'fastify';
import type { Provider } from '../../provider.ts';
import type { ProtectionCaller } from './caller.ts';
import { notFound } from './caller.ts';

/** One call: who it is from, and what it brings. */
export interface ProtectionCall {
  readonly provider: Provider;
  readonly request: FastifyRequest;
  readonly caller: ProtectionCaller;
  /** Of the path; empty where it has none. */
  readonly id: string;
  readonly query: URLSearchParams;
  /** The body. */
  readonly text: string;
}

/** The status, and the JSON of the body where there is one. */
export interface ProtectionAnswer {
  readonly status: number;
  readonly json?: unknown;
}

/** The part of a list that the query asks for with `first` and `max`: 100 entries, unless it says more or less. */
export function pageOf<T>(all: readonly T[], query: URLSearchParams): readonly T[] {
  const first = Math.max(numberOf(query, 'first', 0), 0);
  const max = numberOf(query, 'max', 100);
  return all.slice(first, max < 0 ? undefined : first + max);
}

/** @throws {Fault} 404 where it is no number, as for a path that does not exist */
function numberOf(query: URLSearchParams, name: string, otherwise: number): number {
  const text = query.get(name);
  if (text === null || text === '') return otherwise;
  if (!/^-?\d{1,9}$/.test(text)) throw notFound();
  return Number(text);
}
