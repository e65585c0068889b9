import { isNode, lastNameOf, type SourceFile, type SyntaxNode, walk } from '@keycloak-guard/cli/unstable';
import type { Verdict } from './finding.ts';
import type { Mention } from './imports.ts';

/** The guard that reads what a decorator writes. */
const READERS: Readonly<Record<string, string>> = {
  Roles: 'RoleGuard',
  ...{ Resource: 'ResourceGuard', Scopes: 'ResourceGuard' },
  ...{ ConditionalScopes: 'ResourceGuard', EnforcerOptions: 'ResourceGuard' },
};
const OURS = new Set(['AuthGuard', ...Object.values(READERS)]);

/** The guards of a project of Nest, as far as its files say them. */
export interface NestGuards {
  /** Some file names `Resource`. */
  readonly hasResource: boolean;
  /** Whether the drop-in starts with a decorator of this name: it refuses one that no guard reads. Each reader is told of once. */
  judge(
    name: string,
    around: readonly SyntaxNode[],
    names: ReadonlyMap<string, string>,
  ): Partial<Pick<Verdict, 'blocked' | 'remark'>>;
}

/** @param others texts of the programs that are not parsed */
export function learnGuards(
  read: readonly { readonly source: SourceFile; readonly mentions: readonly Mention[] }[],
  others: Iterable<string>,
): NestGuards {
  const imported = new Set(
    read.flatMap(({ mentions }) => mentions.flatMap((one) => [...one.names.values()])),
  );
  const hasAll = imported.has('*');
  const kinds = new Map([...OURS].map((one) => [one, one]));
  for (const { source, mentions } of read) {
    for (const { names } of mentions)
      for (const [local, from] of names) if (OURS.has(from)) kinds.set(local, from);
    // `class Mine extends RoleGuard` is one.
    for (const { node } of walk(source.program)) {
      const kind =
        /^Class(Declaration|Expression)$/.test(node.type) && kinds.get(lastNameOf(node.superClass) ?? '');
      if (kind) kinds.set(lastNameOf(node.id) ?? '', kind);
    }
  }
  const texts = [...read.map(({ source }) => source.text), ...others];
  const global = new Set(texts.flatMap(globalGuards).map((name) => kinds.get(name) ?? 'another'));
  const isComposed = texts.some((text) => text.includes('applyDecorators'));
  const known = new Set<string>();

  /** Whether a guard stands before the handler: `maybe` where only the running program knows. */
  function isRead(reader: string, around: readonly SyntaxNode[], names: ReadonlyMap<string, string>) {
    if (global.has(reader)) return 'yes';
    const isKnown = hasAll || imported.has(reader);
    const decorators = around.flatMap((one) => (one.decorators as SyntaxNode[] | undefined) ?? []);
    const standing = new Set(global);
    for (const { expression } of decorators) {
      if (lastNameOf(expression) === 'UseGuards' && isNode(expression))
        for (const one of (expression.arguments ?? []) as SyntaxNode[])
          standing.add(kinds.get(lastNameOf(one) ?? '') ?? 'another');
    }
    if (standing.has(reader)) return 'yes';
    const isOpaque =
      decorators.length === 0 ||
      around.some(({ superClass }) => isNode(superClass)) ||
      (isComposed && decorators.some((one) => !isOfFramework(one, names)));
    if (isKnown && isOpaque) return 'yes';
    return standing.has('another') || (isOpaque && decorators.length > 0) ? 'maybe' : 'no';
  }

  return {
    hasResource: hasAll || imported.has('Resource'),
    judge(name, around, names) {
      const reader = READERS[name];
      const answer = reader === undefined ? 'yes' : isRead(reader, around, names);
      if (reader === undefined || answer === 'yes' || known.has(`${answer} ${reader}`)) return {};
      known.add(`${answer} ${reader}`);
      const mend = `add @UseGuards(AuthGuard, ${reader}) wherever it is missing, or ${reader} as APP_GUARD, or remove the decorator`;
      return answer === 'no'
        ? {
            blocked: `No ${reader} stands before it, so it guards nothing today. The drop-in refuses to start: ${mend}.`,
          }
        : {
            remark: `No ${reader} is seen before it. Unless another guard reads it, it guards nothing today: ${mend}. The drop-in refuses to start where no guard stands before it at all, else it warns.`,
          };
    },
  };
}

/** Decorators that bring no guard along: those of Nest, beginning with a name that it has, and those of the package. */
const isOfFramework = (decorator: SyntaxNode, names: ReadonlyMap<string, string>): boolean => {
  const name = lastNameOf(decorator.expression) ?? '';
  return names.has(name) || OF_NEST.test(name);
};
const OF_NEST =
  /^(Controller|Resolver|WebSocketGateway|Injectable|Get|Post|Put|Patch|Delete|All|Head|Options|Query|Mutation|Subscription|ResolveField|SubscribeMessage|MessagePattern|EventPattern|Use\w+|Http\w+|Header|Redirect|Render|Version|Sse|Api\w+|Throttle|SkipThrottle|Cache\w+)$/;

/** Names of the guards that stand before every handler. */
function globalGuards(text: string): string[] {
  const used = [...text.matchAll(/useGlobalGuards\(([^;]{0,500})\)/g)].flatMap(([, inside = '']) =>
    [...inside.matchAll(/\b[A-Z]\w*/g)].map(([name]) => name),
  );
  const provided = [
    ...text.matchAll(
      /\bAPP_GUARD\b[^}]{0,200}?\buse(?:Class|Existing|Factory|Value)\s*:\s*(?:new\s+)?(\w+)/g,
    ),
    ...text.matchAll(/\buse(?:Class|Existing)\s*:\s*(\w+)[^}]{0,200}?\bAPP_GUARD\b/g),
  ].map(([, name = '']) => name);
  // One that a list or a function names, and not the text.
  const isHidden = used.length + provided.length === 0 && /useGlobalGuards\(|\bAPP_GUARD\b/.test(text);
  return [...used, ...provided, ...(isHidden ? ['another'] : [])];
}
