// What was built, read as a browser would: no link into nothing, also to a heading, and no request to another host.
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

/** @throws if a link or an address is wrong */
export function checkSite(dist: string, base: string, repository: string | undefined): void {
  const files = readdirSync(dist, { recursive: true, encoding: 'utf8' }).map((file) =>
    file.replaceAll('\\', '/'),
  );
  const pages = new Map(
    files
      .filter((file) => file.endsWith('.html'))
      .map((file) => [file, readFileSync(join(dist, file), 'utf8')]),
  );
  const ids = new Map(
    [...pages].map(([file, html]) => [
      file,
      new Set([...html.matchAll(/ id="([^"]*)"/g)].map(([, id]) => id)),
    ]),
  );
  const wrong: string[] = [];
  for (const [file, html] of pages) {
    for (const [, href = ''] of html.matchAll(/<a [^>]*?href="([^"]*)"/g)) {
      if (/^(?:https?|mailto):/.test(href) || href === '') continue;
      const [path = '', anchor] = decodeURI(href).split('#');
      const target =
        path === '' ? file : toFile(path.startsWith(base) ? path.slice(base.length) : `${path}?`, pages);
      if (target === undefined && !existsSync(join(dist, path.slice(base.length))))
        wrong.push(`${file}: ${href} leads nowhere`);
      else if (target !== undefined && anchor !== undefined && anchor !== '' && !ids.get(target)?.has(anchor))
        wrong.push(`${file}: ${href} has no such heading`);
    }
    // What a browser fetches by itself.
    for (const [tag] of html.matchAll(/<(?:script|img|source|iframe|link)\b[^>]*>/g))
      if (/\b(?:src|href)="(?:https?:)?\/\//.test(tag)) wrong.push(`${file}: ${tag} is of another host`);
    if (repository === undefined && /github\.com\/(?:undefined|null)/.test(html))
      wrong.push(`${file}: a link to no repository`);
  }
  for (const file of files.filter((one) => one.endsWith('.css')))
    if (/url\(["']?(?:https?:)?\/\/|@import ["']http/.test(readFileSync(join(dist, file), 'utf8')))
      wrong.push(`${file}: fetches from another host`);
  if (wrong.length > 0) throw new Error(`${wrong.length} links are wrong:\n${wrong.join('\n')}`);
  process.stdout.write(`${pages.size} pages: no dead link, no request to another host\n`);
}

function toFile(path: string, pages: ReadonlyMap<string, string>): string | undefined {
  return [`${path}.html`, `${path}index.html`, path].find((file) => pages.has(file));
}
