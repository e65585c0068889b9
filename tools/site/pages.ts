// Which Markdown files of the repository are pages of the site, and under which address. docs/README.md is the map: its sections are
// the order of the site, its links the sidebar.
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join, posix } from 'node:path';
import { fileURLToPath } from 'node:url';
import { apiIndex } from './api-index.ts';
import { errorPages } from './error-pages.ts';
import type { Page, Section } from './page.ts';

export const ROOT = fileURLToPath(new URL('../..', import.meta.url));

/** Pages whose file does not stand in docs/, or whose address is not that of their file. */
const PLACES: Readonly<Record<string, string>> = {
  'docs/README.md': 'index.md',
  'docs/errors.md': 'errors/index.md',
  'ARCHITECTURE.md': 'architecture.md',
  'SECURITY.md': 'security.md',
  'CONTRIBUTING.md': 'contributing.md',
  'CHANGELOG.md': 'changes.md',
  'lab/bench/RESULTS.md': 'costs.md',
  'lab/reliability/RESULTS.md': 'reliability.md',
  'test/README.md': 'testing.md',
};

const read = (file: string): string => readFileSync(join(ROOT, file), 'utf8');

/** Every page of the site by its file in the repository. */
export function sourcePaths(): ReadonlyMap<string, string> {
  const inDocs = readdirSync(join(ROOT, 'docs'), { recursive: true, encoding: 'utf8' })
    .map((file) => `docs/${file.replaceAll('\\', '/')}`)
    .filter((file) => file.endsWith('.md'))
    .map((file): [string, string] => [file, PLACES[file] ?? toSitePath(file)]);
  return new Map([...Object.entries(PLACES), ...inDocs]);
}

/** Names of import paths have dots, which an address would end with. */
const toSitePath = (file: string): string =>
  file
    .replace(/^docs\//, '')
    .replace(/^api\/(.*)\.md$/, (_all, name: string) => `api/${name.replaceAll('.', '-')}.md`);

/** @param repository Address of the repository, for links to what is no page; without one they are text. */
export function readPages(repository: string | undefined): Page[] {
  const paths = sourcePaths();
  const written = [...paths].map(([source, path]): Page => {
    const text = withSiteLinks(read(source), source, paths, repository);
    return { path, source, text, ...describe(text), ...(path.startsWith('api/') && { search: 'names' }) };
  });
  const made = [...errorPages(read('docs/errors.md')), apiIndex(written)].map(({ path, text }): Page => {
    const linked = withSiteLinks(text, 'docs/errors.md', paths, repository);
    return { path, text: linked, ...describe(linked) };
  });
  return [...written, ...made];
}

function describe(text: string): Pick<Page, 'title' | 'description'> {
  const title = /^# (.+)$/m.exec(text)?.[1]?.replaceAll('`', '') ?? 'keycloak-guard';
  const paragraph = text.split(/\n{2,}/).find((block) => /^(?!```)[\w`*[]/.test(block)) ?? '';
  const plain = paragraph
    .replace(/!?\[([^\]]*)\]\([^)]*\)/g, '$1')
    .replace(/[`*]/g, '')
    .replace(/\s+/g, ' ')
    .trim();
  return {
    title,
    description: plain.length > 200 ? `${plain.slice(0, 199).replace(/\s\S*$/, '')} …` : plain,
  };
}

const LINK = /(!?)\[((?:[^[\]]|\[[^\]]*\])*)\]\(([^)\s]+)\)/g;

/** @returns the text with links to pages as addresses of the site, pictures from `/pictures/`, and other files in the repository */
function withSiteLinks(
  text: string,
  source: string,
  paths: ReadonlyMap<string, string>,
  repository: string | undefined,
): string {
  const change = (prose: string): string =>
    prose.replace(LINK, (all, picture: string, label: string, link: string) => {
      if (/^(?:[a-z]+:|#|\/)/.test(link)) {
        // A picture with a link around it has one inside.
        return picture === '' && label.includes('](') ? `[${change(label)}](${link})` : all;
      }
      const [file = '', anchor] = link.split('#');
      const target = posix.normalize(posix.join(dirname(source), file));
      if (picture === '!') return `![${label}](/pictures/${posix.basename(target)})`;
      const path = paths.get(target) ?? paths.get(posix.join(target, 'README.md')) ?? apiFolder(target);
      const hash = anchor === undefined ? '' : `#${anchor}`;
      if (path !== undefined) return `[${label}](${toAddress(path)}${hash})`;
      if (!existsSync(join(ROOT, target))) throw new Error(`${source}: ${link} leads nowhere`);
      return repository === undefined ? label : `[${label}](${repository}/blob/main/${target}${hash})`;
    });
  return text
    .split(/(^```[\s\S]*?^```$)/m)
    .map((part, i) => (i % 2 === 1 ? part : change(part)))
    .join('');
}

const apiFolder = (target: string): string | undefined =>
  /^docs\/api\/?$/.test(target) ? 'api/index.md' : undefined;

/** `errors/index.md` → `/errors/`, `sessions.md` → `/sessions`. */
export const toAddress = (path: string): string => `/${path.replace(/(^|\/)index\.md$|\.md$/, '$1')}`;

/** The map: a section for each `##`, a group for each `###`, a link for each first link of a row or an item. */
export function readMap(paths = sourcePaths()): Section[] {
  return read('docs/README.md')
    .split(/^## /m)
    .slice(1)
    .map((text) => {
      const [title = '', ...rest] = text.split('\n');
      const groups = rest
        .join('\n')
        .split(/^### /m)
        .map((group, i) => {
          const [heading = '', ...lines] = group.split('\n');
          const links = (i === 0 ? group.split('\n') : lines).flatMap((line) => {
            const [, label = '', file = ''] = /^(?:- |\|.*?)\[([^\]]+)\]\(([^)#]+)\)/.exec(line) ?? [];
            const target = posix.normalize(posix.join('docs', file));
            const path = paths.get(target) ?? apiFolder(target);
            return path === undefined ? [] : [{ title: label.replaceAll('`', ''), path }];
          });
          return { ...(i > 0 && { title: heading }), links };
        });
      return { title, groups: groups.filter(({ links }) => links.length > 0) };
    })
    .filter(({ groups }) => groups.length > 0);
}
