import { toPublic } from '../../core/internal.ts';
import { disconnectSocket, type SocketIoSocket } from '../engine/internal.ts';
import type { Client } from './to-call.ts';

/** The members of a `ws` client that are used here. */
interface WsClient {
  readonly readyState: number;
  send: Send;
  once(event: 'close', listener: () => void): unknown;
  removeAllListeners(event: 'message'): unknown;
  pause(): void;
  resume(): void;
  close(code: number, reason: string): void;
  terminate(): void;
}

interface SocketIoClient extends SocketIoSocket {
  readonly conn: SocketIoSocket['conn'] & { write: Send };
  /** Adds middleware for incoming events. */
  use(middleware: (event: unknown, next: () => void) => void): unknown;
}

/** A gateway's client, of Socket.IO or of `ws`. */
export type GatewayClient = Client & (SocketIoClient | WsClient);

/** A `ws` client that has not answered the close by then is cut off. Unit: milliseconds. */
const CUT_AFTER_MS = 1_000;
/** `readyState` of `ws` from which on the connection is closing or closed. */
const CLOSING = 2;

/** Most events of a client of Socket.IO that wait for a decision, and most of what waits to be sent to a client: more ends it. */
const MOST_BUFFERED = 100;

const has = (client: object, ...methods: string[]): boolean =>
  methods.every((name) => typeof (client as Record<string, unknown>)[name] === 'function');

/** Whether it is known how a client is held, heard of and ended. An adapter of the application's own may have others. */
export function isKnownClient(client: unknown): client is GatewayClient {
  if (typeof client !== 'object' || client === null) return false;
  return has(client, 'disconnect')
    ? has(client, 'use', 'on', 'emit') && has((client as { conn?: object }).conn ?? {}, 'write')
    : has(client, 'once', 'removeAllListeners', 'pause', 'resume', 'close', 'send', 'terminate');
}

/** Ends a client of an unknown kind, if one of the usual methods does. */
export function endUnknown(client: unknown): void {
  if (typeof client !== 'object' || client === null) return;
  const name = ['terminate', 'disconnect', 'close', 'end', 'destroy'].find((one) => has(client, one));
  try {
    if (name !== undefined) (client as Record<string, () => void>)[name]?.();
  } catch {
    // It has ended, or has no such method.
  }
}

export function isSocketIo(client: GatewayClient): client is Client & SocketIoClient {
  return 'disconnect' in client;
}

/** Whether the client left while its token was being checked. */
export function isOver(client: GatewayClient): boolean {
  return isSocketIo(client) ? client.connected === false : client.readyState >= CLOSING;
}

/** Buffers both directions of a client until a decision is made. */
interface Buffering {
  /** The decision: what it was sent meanwhile is sent, or dropped. */
  decide(isAdmitted: boolean): void;
  /** Passes on the messages that it sent meanwhile. Call it last of all. */
  resume(): void;
}

/**
 * Nest does not wait for `handleConnection`. This holds back what the client sends, and what it is sent with all others: who brings a
 * token of an unknown key is undecided for seconds.
 */
export function buffer(client: GatewayClient): Buffering {
  if (isSocketIo(client)) {
    const { conn } = client;
    return { decide: bufferSent(conn, 'write', () => conn.close()).decide, resume: bufferEvents(client) };
  }
  const outbox = bufferSent(client, 'send', () => isOver(client) || close(client, 1013, 'Too much to send'));
  client.pause();
  return {
    decide: outbox.decide,
    resume: () => outbox.undecided === 0 && client.resume(),
  };
}

/** Several gateways may share a client: all of them have to admit it. */
interface Outbox extends Pick<Buffering, 'decide'> {
  undecided: number;
}

const outboxes = new WeakMap<object, Outbox>();

function bufferSent<N extends 'send' | 'write'>(
  target: { [name in N]: Send },
  name: N,
  end: () => unknown,
): Outbox {
  const outbox = outboxes.get(target) ?? createOutbox(target, name, end);
  outboxes.set(target, outbox);
  outbox.undecided++;
  return outbox;
}

// biome-ignore lint/suspicious/noExplicitAny: what it is given is passed on
type Send = (...args: any[]) => unknown;

/** Calls the callback of a message with an error, as `ws` does when the connection is closed. */
function drop(args: unknown[]): void {
  const callback = args.at(-1);
  if (typeof callback === 'function') process.nextTick(callback, new Error('The client was not let in'));
}

/** @param end nobody would notice a gap: a client for which too much waits has to connect again */
function createOutbox<N extends 'send' | 'write'>(
  target: { [name in N]: Send },
  name: N,
  end: () => unknown,
): Outbox {
  const send = target[name];
  let waiting: unknown[][] | undefined = [];
  const wait: Send = (...args) => {
    if (waiting === undefined) return send.apply(target, args);
    if (waiting.length < MOST_BUFFERED) return waiting.push(args);
    drop(args);
    return end();
  };
  target[name] = wait;
  const outbox = {
    undecided: 0,
    decide(isAdmitted: boolean) {
      outbox.undecided--;
      if (isAdmitted && outbox.undecided > 0) return;
      outboxes.delete(target);
      if (target[name] === wait) target[name] = send;
      const all = waiting ?? [];
      waiting = undefined;
      for (const args of all) isAdmitted ? send.apply(target, args) : drop(args);
    },
  };
  return outbox;
}

/** After a disconnect, Socket.IO drops the events that were held back. */
function bufferEvents(client: SocketIoClient): () => void {
  let waiting: (() => void)[] | undefined = [];
  client.use((_event, next) => {
    if (waiting === undefined) next();
    else if (waiting.length < MOST_BUFFERED) waiting.push(next);
    else if (client.connected !== false) {
      waiting.length = 0;
      client.disconnect(true);
    }
  });
  return () => {
    const events = waiting ?? [];
    waiting = undefined;
    for (const next of events) next();
  };
}

/**
 * Tells Socket.IO the reason by an event, `ws` by the close code: 4401 or 4403 for a refusal, 1013 for "try again later",
 * 1011 for a fault in this server (RFC 6455 §7.4.1).
 */
export function disconnect(client: GatewayClient, reason: unknown): void {
  if (isSocketIo(client)) {
    disconnectSocket(client, reason);
    return;
  }
  const { statusCode, detail } = toPublic(reason);
  // Until the client answers the close, it could send more.
  client.removeAllListeners('message');
  close(client, statusCode < 500 ? 4000 + statusCode : statusCode === 503 ? 1013 : 1011, detail);
}

function close(client: WsClient, code: number, reason: string): void {
  client.close(code, reason);
  setTimeout(() => client.terminate(), CUT_AFTER_MS).unref();
}
