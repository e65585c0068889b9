import { fork } from 'node:child_process';
import { once } from 'node:events';
import { heapInUse } from '../support/heap.ts';
import { GUARDED, type Sent } from './shapes.ts';

/** Answers by their status; 0: the connection was ended without one. */
export type Statuses = Readonly<Record<string, number>>;

/** Sends requests from another process. */
export interface Sender {
  send(url: string, sent: Sent, count: number): Promise<Statuses>;
  close(): void;
}

export function startSender(): Sender {
  const child = fork(new URL('./sender.mjs', import.meta.url), { execArgv: [] });
  return {
    async send(url, sent, count) {
      child.send({ port: Number(new URL(url).port), sent, count, atOnce: 8 });
      const [statuses] = await once(child, 'message');
      return statuses;
    },
    close: () => child.disconnect(),
  };
}

/** A request of the same length at the same route, or at a guarded one, that asks for nothing special. */
export function plainFor({ method, target = GUARDED, headers = {}, body }: Sent, guarded: string): Sent {
  const route = /^\/auth\/\w+/.exec(target)?.[0] ?? (method === undefined ? guarded : target);
  const length = (text: string) =>
    text.replace(/<<(.*?)>>/gs, (_, part: string) => 'a'.repeat(Math.ceil((part.length * 4) / 3))).length;
  const { 'content-type': type, ...others } = headers;
  const inHead = Object.entries(others).reduce(
    (sum, [name, value]) => sum + length(name) + length(value) + 4,
    0,
  );
  const extra = inHead + length(target) - route.length - 'x-plain: \r\n'.length;
  const filler = extra > 0 ? { 'x-plain': 'a'.repeat(extra) } : {};
  if (method === undefined) return { target: route, headers: filler };
  if (body === undefined || type === undefined) return { method, target: route, headers: filler, body: '' };
  const value = 'a'.repeat(length(body));
  return {
    ...{ method, target: route, headers: { 'content-type': type.slice(0, 40), ...filler } },
    body: type.startsWith('application/json') ? `{"a":"${value}"}` : `a=${value}`,
  };
}

/** Processor time for one request. Unit: microseconds. */
export interface Cost {
  readonly shape: number;
  /** Of a plain request. */
  readonly plain: number;
  /** Of the same request at the framework alone; 0 where there is none. */
  readonly bare: number;
  readonly statuses: Statuses;
}

/** As a multiple of a plain request, or of what the framework itself takes if that is more. */
export const ratioOf = ({ shape, plain, bare }: Cost): number => shape / Math.max(plain, bare);

/** An app, its guarded route, and the address of an app of the framework alone. */
interface Measured {
  readonly url: string;
  readonly bareUrl: string | undefined;
  readonly guarded: string;
}

/** Unit: microseconds for each. */
async function timed(sender: Sender, at: string, sent: Sent, count: number) {
  const before = process.cpuUsage();
  const statuses = await sender.send(at, sent, count);
  const { user, system } = process.cpuUsage(before);
  return { took: (user + system) / count, statuses };
}

/** A first look at a few requests. Nothing is warmed up, and the framework has no part in it: a shape can only look too dear. */
export async function glanceAtCost(
  sender: Sender,
  { url, guarded }: Measured,
  shape: Sent,
  count: number,
): Promise<Cost> {
  const { took, statuses } = await timed(sender, url, shape, count);
  const plain = await timed(sender, url, plainFor(shape, guarded), count);
  return { shape: took, plain: plain.took, bare: 0, statuses };
}

/**
 * Processor time of this process for requests of a shape, for plain ones, and for the same at the framework alone, in turns: what
 * else the machine does is in all of them. Each is a median.
 */
export async function measureCost(
  sender: Sender,
  { url, bareUrl, guarded }: Measured,
  shape: Sent,
  { rounds = 7, count = 40 } = {},
): Promise<Cost> {
  const plain = plainFor(shape, guarded);
  let statuses: Statuses = {};
  const took: Record<'plain' | 'bare' | 'shape', number[]> = { plain: [], bare: [], shape: [] };
  for (let round = 0; round <= rounds; round++) {
    const ofPlain = await timed(sender, url, plain, count);
    const ofBare = bareUrl === undefined ? { took: 0 } : await timed(sender, bareUrl, shape, count);
    const ofShape = await timed(sender, url, shape, count);
    statuses = ofShape.statuses;
    // The first warms up.
    if (round === 0) continue;
    for (const [name, { took: one }] of Object.entries({ plain: ofPlain, bare: ofBare, shape: ofShape }))
      took[name as keyof typeof took].push(one);
  }
  return { plain: medianOf(took.plain), bare: medianOf(took.bare), shape: medianOf(took.shape), statuses };
}

const medianOf = (all: readonly number[]): number => all.toSorted((a, b) => a - b)[all.length >> 1] as number;

/** What is kept once nothing is under way. Unit: bytes. */
export const memoryInUse = (): number => heapInUse() + process.memoryUsage().external;
