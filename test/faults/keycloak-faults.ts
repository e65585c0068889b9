import type { Fault } from '../support/fault-proxy.ts';

/** Something that can be wrong with Keycloak. */
export interface KeycloakFault {
  readonly name: string;
  /** `dns`: its host name is gone. */
  readonly fault: Fault | 'dns';
  /** Concerns the keys alone: logins go on. */
  readonly isAboutKeys?: true;
  /** Tried by `npm test` too. */
  readonly isQuick?: true;
}

const MEGABYTE = Buffer.alloc(1024 * 1024, ' ');

const http = (status: string, type: string, body: string): (() => string[]) => {
  const head = `HTTP/1.1 ${status}\r\ncontent-type: ${type}\r\ncontent-length: ${body.length}\r\nconnection: close\r\n\r\n`;
  return () => [head + body];
};

function* hugeJwks() {
  yield 'HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ntransfer-encoding: chunked\r\nconnection: close\r\n\r\n';
  for (let i = 0; i < 40; i++) {
    yield `${MEGABYTE.length.toString(16)}\r\n`;
    yield MEGABYTE;
    yield '\r\n';
  }
  yield 'd\r\n{"keys": [ ] }\r\n0\r\n\r\n';
}

const keys = { when: / \S*\/certs /, kind: 'answer' } as const;

export const KEYCLOAK_FAULTS: readonly KeycloakFault[] = [
  { name: 'slow: each answer takes 300 ms longer', fault: { kind: 'slow', delayMs: 300 } },
  { name: 'hangs: accepts, never answers', fault: { kind: 'hang' }, isQuick: true },
  { name: 'refuses connections', fault: { kind: 'refuse' }, isQuick: true },
  { name: 'resets before it answers', fault: { kind: 'reset', afterBytes: 0 } },
  { name: 'resets in the middle of an answer', fault: { kind: 'reset', afterBytes: 200 } },
  { name: 'half a body, then the end', fault: { kind: 'cut', afterBytes: 200 }, isQuick: true },
  {
    name: '500',
    fault: {
      kind: 'answer',
      chunks: http('500 Oops', 'application/json', '{"error":"unknown_error"}'),
    },
  },
  {
    name: '503, a page of a proxy',
    fault: { kind: 'answer', chunks: http('503 Service Unavailable', 'text/html', '<h1>503</h1>') },
  },
  {
    name: '200 with HTML',
    fault: { kind: 'answer', chunks: http('200 OK', 'text/html', '<title>Sign in to the network</title>') },
    isQuick: true,
  },
  {
    name: 'something that is not HTTP (TLS)',
    fault: { kind: 'answer', chunks: () => ['\x15\x03\x03\x00\x02\x02\x46'] },
  },
  { name: 'its host name is gone (DNS)', fault: 'dns', isQuick: true },
  {
    name: 'a JWKS without keys',
    fault: { ...keys, chunks: http('200 OK', 'application/json', '{"keys":[]}') },
    isAboutKeys: true,
    isQuick: true,
  },
  { name: 'a JWKS of 40 MB', fault: { ...keys, chunks: hugeJwks }, isAboutKeys: true, isQuick: true },
];
