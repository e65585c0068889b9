import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parse } from '@babel/parser';
import { ROOT } from './source-imports.ts';

/** A place in the sources from which something is sent to another program. */
export interface Outgoing {
  /** Relative to `packages/`. */
  readonly file: string;
  /** What is called: `fetch`, `oauth.refreshTokenGrantRequest`, `new AdminClient`, `tls.connect`. */
  readonly calls: string;
  /** `redirect` of the call itself; `undefined` if it does not say. */
  readonly redirect: string | undefined;
}

/** Modules by which a program calls others, with what they have that only listens, or calls nobody. */
const MODULES: Readonly<Record<string, RegExp>> = {
  http: /^(createServer|Server|ServerResponse|IncomingMessage|STATUS_CODES|METHODS|validateHeader\w+)$/,
  https: /^(createServer|Server)$/,
  http2: /^(createServer|createSecureServer|constants)$/,
  net: /^(createServer|Server|isIP|isIPv4|isIPv6|BlockList|SocketAddress)$/,
  tls: /^(createServer|Server|rootCertificates|getCACertificates|checkServerIdentity|createSecureContext)$/,
  dgram: /^$/,
  undici: /^$/,
  // What only reads an answer, or makes a key, sends nothing.
  oauth4webapi: /^(?!.*Request$).*$/,
};
/** Functions and classes that send, whoever brought them along. */
const SENDERS =
  /^(fetch|fetchWithError|AdminClient|WebSocket|EventSource|sendBeacon|connectAdmin|createRealmCalls|fetchBounded|fetchJson)$/;
/** Names that send only if they come from there. */
const BY_SOURCE: readonly (readonly [name: string, from: RegExp])[] = [
  ['call', /(keycloak|\.)\/call\.ts$/],
  ['createClient', /keycloak-guard\/client$|client\/(index|internal)\.ts$|^@redis\/client$/],
];

/** A text without any of these words sends nothing: it is not parsed. */
const MAY_SEND = new RegExp(
  [
    `['":](${Object.keys(MODULES).join('|')})['"]`,
    `\\b(${BY_SOURCE.map(([name]) => name).join('|')})\\b`,
    SENDERS.source.replace('^', '\\b').replace('$', '\\b'),
  ].join('|'),
);

// biome-ignore lint/suspicious/noExplicitAny: a syntax tree has as many shapes as there are kinds of nodes.
type Node = any;

/** Finds every call that sends. */
export function findOutgoing(
  file: string,
  text: string = readFileSync(join(ROOT, 'packages', file), 'utf8'),
): Outgoing[] {
  if (!MAY_SEND.test(text)) return [];
  const imported = new Map<string, string>();
  const found: Outgoing[] = [];
  const visit = (node: Node): void => {
    if (node === null || typeof node !== 'object') return;
    if (Array.isArray(node)) {
      node.forEach(visit);
      return;
    }
    if (node.type === 'ImportDeclaration' && node.importKind !== 'type') {
      // A function that is imported by its name may be called by another: it counts where it comes in.
      for (const calls of readImport(node, imported)) found.push({ file, calls, redirect: undefined });
    }
    if (node.type === 'VariableDeclarator' && node.id.type === 'ObjectPattern')
      readDynamicImport(node, imported);
    if (/^(Optional)?CallExpression$|^NewExpression$/.test(node.type)) {
      const calls = senderOf(node.callee, imported);
      const prefix = node.type === 'NewExpression' ? 'new ' : '';
      if (calls !== undefined) found.push({ file, calls: prefix + calls, redirect: redirectOf(node) });
    }
    for (const [key, value] of Object.entries(node)) if (key !== 'loc') visit(value);
  };
  visit(
    parse(text, { sourceType: 'module', plugins: ['typescript', 'decorators'], attachComment: false })
      .program,
  );
  return found;
}

/** Keeps what a module brings along that can send. Returns what counts by its import alone. */
function readImport({ source, specifiers }: Node, imported: Map<string, string>): string[] {
  const module = source.value.replace(/^node:/, '');
  const counted: string[] = [];
  for (const { type, local, imported: name, importKind } of specifiers) {
    if (BY_SOURCE.some(([wanted, from]) => wanted === name?.name && from.test(module)))
      imported.set(local.name, name.name);
    if (!(module in MODULES) || importKind === 'type') continue;
    if (type !== 'ImportSpecifier') imported.set(local.name, module);
    else if (!MODULES[module]?.test(name.name)) counted.push(`${module}.${name.name}`);
  }
  return counted;
}

/** `const { createClient } = await import('…')`. */
function readDynamicImport({ id, init }: Node, imported: Map<string, string>): void {
  const source = init?.argument?.source ?? init?.argument?.arguments?.[0];
  if (init?.type !== 'AwaitExpression' || source?.type !== 'StringLiteral') return;
  for (const { key, value } of id.properties) {
    if (BY_SOURCE.some(([wanted, from]) => wanted === key?.name && from.test(source.value)))
      imported.set(value.name, key.name);
  }
}

/** The name of what sends, if this does. */
function senderOf(callee: Node, imported: ReadonlyMap<string, string>): string | undefined {
  if (callee.type === 'Identifier') {
    return imported.get(callee.name) ?? (SENDERS.test(callee.name) ? callee.name : undefined);
  }
  if (!/MemberExpression$/.test(callee.type) || callee.property.type !== 'Identifier') return undefined;
  const { name } = callee.property;
  const module = callee.object.type === 'Identifier' ? imported.get(callee.object.name) : undefined;
  if (module !== undefined) return MODULES[module]?.test(name) ? undefined : `${module}.${name}`;
  return SENDERS.test(name) ? name : undefined;
}

/** `redirect` in the last argument, where that is an object. */
function redirectOf({ arguments: args }: Node): string | undefined {
  const last = args.at(-1);
  if (last?.type !== 'ObjectExpression') return undefined;
  const property = last.properties.findLast((one: Node) => one.key?.name === 'redirect');
  if (property === undefined) return undefined;
  return property.value.type === 'StringLiteral' ? property.value.value : 'its own';
}
