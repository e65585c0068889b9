import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parse } from '@babel/parser';

/** An interface of options that users can import, as it stands in the sources. */
export interface PublicOptions {
  /** Name and folder: two rooms may have the same name. */
  readonly name: string;
  readonly members: readonly string[];
}

const PACKAGES = fileURLToPath(new URL('../../packages/', import.meta.url));
/** A room of the library, or the package of the old adapters' successors. */
const folderOf = (room: string): string =>
  join(PACKAGES, room === 'connect' ? 'connect/src' : `guard/src/${room}`);

/** The exported interfaces named `…Options`, those of parts of a configuration, of tenants, and `Requirements`, of these rooms, with all members. */
export function publicOptionsOf(...rooms: string[]): PublicOptions[] {
  return rooms.flatMap((room) => {
    const files = readdirSync(folderOf(room), { recursive: true, encoding: 'utf8' })
      .filter((file) => file.endsWith('.ts'))
      .map((file) => join(folderOf(room), file));
    // An adapter exports again what it has of `internal.ts`.
    const exported = ['index.ts', 'internal.ts']
      .map((file) => join(folderOf(room), file))
      .filter((file) => existsSync(file))
      .map(withWholeFiles)
      .join('');
    return files
      .flatMap(interfacesOf)
      .filter(({ name }) => new RegExp(`\\b${name}\\b`).test(exported))
      .map(({ name, members }) => ({ name: `${room}: ${name}`, members }));
  });
}

/** The text of a barrel, with that of each file that it exports whole, and how the functions are called that it names. */
function withWholeFiles(barrel: string): string {
  const text = readFileSync(barrel, 'utf8');
  const whole = [...text.matchAll(/^export \* from '(.+)';$/gm)].map(([, path = '']) =>
    join(barrel, '..', path),
  );
  const signatures = barrel.endsWith('internal.ts')
    ? []
    : [...text.matchAll(/^export \{([^}]+)\} from '(.+)';$/gm)].flatMap(([, names = '', path = '']) => {
        const file = readFileSync(join(barrel, '..', path), 'utf8');
        const functions = file.match(/^export (?:async )?function \w+[^{]*/gm) ?? [];
        return functions.filter((one) =>
          new RegExp(
            `\\b(?:${names
              .split(',')
              .map((name) => name.trim())
              .filter(Boolean)
              .join('|')})\\b`,
          ).test(one.slice(0, 60)),
        );
      });
  return [text, ...whole.map((file) => readFileSync(file, 'utf8')), ...signatures].join('');
}

interface Declared {
  readonly type: string;
  readonly id: { readonly name: string };
  readonly body: {
    readonly body: readonly {
      readonly type: string;
      readonly key: { readonly name?: string; readonly value?: string };
    }[];
  };
}

function interfacesOf(file: string): PublicOptions[] {
  const text = readFileSync(file, 'utf8');
  if (!/^export interface /m.test(text)) return [];
  const { program } = parse(text, { sourceType: 'module', plugins: ['typescript'], attachComment: false });
  return program.body
    .flatMap((one) => ('declaration' in one ? [one.declaration as unknown as Declared | null] : []))
    .filter((one): one is Declared => one?.type === 'TSInterfaceDeclaration')
    .filter(({ id }) => /^(\w+Options|Requirements|\w+Config|TenantSettings)$/.test(id.name))
    .map(({ id, body }) => ({
      name: id.name,
      members: body.body
        .filter(({ type }) => type === 'TSPropertySignature')
        .map(({ key }) => key.name ?? String(key.value)),
    }));
}
