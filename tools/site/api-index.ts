import type { Page } from './page.ts';

/** The page that lists the import paths, made of their pages. */
export function apiIndex(pages: readonly Page[]): Pick<Page, 'path' | 'text'> {
  const rows = pages
    .filter(({ path }) => path.startsWith('api/'))
    .map(({ path, title, text }) => {
      const names = [...text.matchAll(/^## (\w+)$/gm)].map(([, name]) => `\`${name}\``);
      return `| [\`${title}\`](/${path.replace(/\.md$/, '')}) | ${names.slice(0, 8).join(', ')}${names.length > 8 ? ', …' : ''} |`;
    });
  const text = `# API

Every import path with the names it exports. The pages are made from the declarations that users get.

| import path | names |
|---|---|
${rows.join('\n')}
`;
  return { path: 'api/index.md', text };
}
