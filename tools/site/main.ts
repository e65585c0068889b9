// The site: npm run docs:build, npm run docs:dev.
//
// Writes the pages of docs/ and those that are made of code into site/.pages/, lets VitePress build or serve them, and checks what
// was built. VitePress is installed when it is first needed, from site/package-lock.json.
//
//   SITE_BASE=/keycloak-guard/      path of the site on its host; default /
//   REPOSITORY_URL=https://…        for edit links and links to code; default: the remote `origin`, if it is one of https
import { execFileSync, spawnSync } from 'node:child_process';
import {
  copyFileSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  watch,
  writeFileSync,
} from 'node:fs';
import { dirname, join } from 'node:path';
import { llmsFullText, llmsText } from './agents.ts';
import { browseSite } from './browse.ts';
import { checkSite } from './check.ts';
import type { Page } from './page.ts';
import { ROOT, readMap, readPages, toAddress } from './pages.ts';
import { askQuestions } from './questions.ts';

const SITE = join(ROOT, 'site');
const PAGES = join(SITE, '.pages');
const DIST = join(SITE, 'dist');
const base = process.env.SITE_BASE ?? '/';
const repository = process.env.REPOSITORY_URL ?? remoteOf();

function remoteOf(): string | undefined {
  const { stdout } = spawnSync('git', ['remote', 'get-url', 'origin'], { cwd: ROOT, encoding: 'utf8' });
  return /^https:\/\/[\w.-]+\/[\w./-]+/.exec(stdout ?? '')?.[0].replace(/\.git$/, '');
}

function install(): void {
  if (['vitepress', 'axe-core'].every((name) => existsSync(join(SITE, 'node_modules', name, 'package.json'))))
    return;
  execFileSync('npm', ['ci', '--no-audit', '--no-fund'], {
    cwd: SITE,
    stdio: ['ignore', 'inherit', 'inherit'],
  });
}

function write(file: string, text: string): void {
  // What has not changed is not built again.
  if (existsSync(file) && readFileSync(file, 'utf8') === text) return;
  mkdirSync(dirname(file), { recursive: true });
  writeFileSync(file, text);
}

function writePages(): Page[] {
  const pages = readPages(repository);
  for (const page of pages) write(join(PAGES, page.path), withFrontmatter(page));
  for (const name of readdirSync(join(ROOT, 'assets'))) {
    const target = join(PAGES, 'public/pictures', name);
    mkdirSync(dirname(target), { recursive: true });
    copyFileSync(join(ROOT, 'assets', name), target);
  }
  const { version } = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8')) as { version: string };
  const versions: unknown = JSON.parse(readFileSync(join(SITE, 'versions.json'), 'utf8'));
  const settings = { base, repository, version, versions, sidebar: sidebar() };
  write(join(PAGES, 'site.json'), JSON.stringify(settings, null, 2));
  return pages;
}

function withFrontmatter({ path, source, title, description, text, search }: Page): string {
  const canEdit = source !== undefined && repository !== undefined && search === undefined;
  const fields = {
    ...{ title, description },
    ...(canEdit ? { edit: `${repository}/edit/main/${source}` } : { editLink: false }),
    ...(search !== undefined && { search, outline: 2 }),
  };
  const lines = Object.entries(fields).map(([name, value]) => `${name}: ${JSON.stringify(value)}`);
  const home = path === 'index.md' ? `\n${readFileSync(join(SITE, 'home.yaml'), 'utf8').trim()}` : '';
  return `---\n${lines.join('\n')}${home}\n---\n\n${home === '' ? text : text.replace(/^# .*$/m, '')}`;
}

interface SidebarItem {
  readonly text: string;
  readonly link?: string;
  readonly items?: readonly SidebarItem[];
}

function sidebar(): SidebarItem[] {
  return readMap().map(({ title, groups }) => ({
    text: title,
    items: groups.flatMap((group): SidebarItem[] => {
      const items = group.links.map((link) => ({ text: link.title, link: toAddress(link.path) }));
      return group.title === undefined ? items : [{ text: group.title, items }];
    }),
  }));
}

function vitepress(command: 'build' | 'dev', ...args: string[]): void {
  const program = join(SITE, 'node_modules/vitepress/bin/vitepress.js');
  const { status } = spawnSync(process.execPath, [program, command, '.', ...args], {
    cwd: SITE,
    stdio: 'inherit',
  });
  if (status !== 0) process.exit(status ?? 1);
}

const command = process.argv[2];
if (command === 'build') {
  install();
  rmSync(PAGES, { recursive: true, force: true });
  const pages = writePages();
  vitepress('build');
  for (const { path, text } of pages) write(join(DIST, path), text);
  write(join(DIST, 'llms.txt'), llmsText(readMap(), pages, process.env.SITE_URL ?? base));
  write(join(DIST, 'llms-full.txt'), llmsFullText(readMap(), pages));
  checkSite(DIST, base, repository);
  await askQuestions(DIST, base);
} else if (command === 'check') {
  // What was built before.
  checkSite(DIST, base, repository);
  await askQuestions(DIST, base);
} else if (command === 'browse') {
  install();
  await browseSite(DIST, join(SITE, 'node_modules/axe-core/axe.min.js'));
} else if (command === 'dev') {
  install();
  writePages();
  for (const folder of ['docs', 'docs/frameworks', 'docs/guide'].filter((one) =>
    existsSync(join(ROOT, one)),
  )) {
    if (statSync(join(ROOT, folder)).isDirectory()) watch(join(ROOT, folder), () => writePages());
  }
  vitepress('dev', ...process.argv.slice(3));
} else {
  process.stderr.write('Say build, dev, check or browse\n');
  process.exit(2);
}
