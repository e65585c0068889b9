import { readFileSync } from 'node:fs';
import { defineConfig } from 'vitepress';
import { SEARCH_OPTIONS, toSearchText } from './search.mts';

/** Written by tools/site/main.ts before VitePress starts. */
const { base, sidebar, version, versions, repository } = JSON.parse(
  readFileSync(new URL('../.pages/site.json', import.meta.url), 'utf8'),
);

/** Ids of headings as GitHub makes them: the pages are read there too, and link to one another. */
const slugify = (heading: string): string =>
  heading
    .trim()
    .toLowerCase()
    .replace(/[^\p{L}\p{N}\s_-]/gu, '')
    .replaceAll(' ', '-');

export default defineConfig({
  title: 'keycloak-guard',
  description: 'Secure HTTP APIs with Keycloak: a library, a service and a command line for Node.js',
  lang: 'en',
  base,
  srcDir: '.pages',
  outDir: 'dist',
  cacheDir: 'node_modules/.cache/vitepress',
  cleanUrls: true,
  // The page for what is not found and the home page have no <main> of their own: theme/index.mts gives them one in the browser too.
  transformHtml: (html) =>
    html.includes('<main') ? html : html.replace('id="VPContent"', 'id="VPContent" role="main"'),
  head: [
    ['link', { rel: 'icon', type: 'image/svg+xml', href: `${base}pictures/mark.svg` }],
    ['meta', { name: 'color-scheme', content: 'light dark' }],
  ],
  markdown: {
    config: (md) => {
      // A head cell without text is no heading for screen readers.
      md.core.ruler.push('empty-heads', ({ tokens }) => {
        tokens.forEach((token, i) => {
          const [text, end] = tokens.slice(i + 1, i + 3);
          if (token.type === 'th_open' && text?.content === '' && end?.type === 'th_close')
            token.tag = end.tag = 'td';
        });
      });
    },
    languageAlias: { mjs: 'js', mts: 'ts' },
    anchor: { slugify },
    toc: { slugify },
    theme: { light: 'github-light-high-contrast', dark: 'github-dark-high-contrast' },
  },
  // The check of tools/site/check.ts reads what was built; this one names the line of a page.
  ignoreDeadLinks: 'localhostLinks',
  themeConfig: {
    nav: [
      { text: 'Start', link: '/start' },
      { text: 'Guides', link: '/sessions' },
      { text: 'Reference', link: '/library' },
      { text: 'Errors', link: '/errors/' },
      { text: version, items: [{ text: 'Changes', link: '/changes' }, ...versions] },
    ],
    sidebar,
    outline: [2, 3],
    editLink: { pattern: ({ frontmatter }) => frontmatter.edit, text: 'Edit this page' },
    ...(repository && { socialLinks: [{ icon: 'github', link: repository }] }),
    search: {
      provider: 'local',
      options: {
        miniSearch: SEARCH_OPTIONS,
        _render: (text, env, md) => toSearchText(md.render(text, env), env.frontmatter ?? {}),
      },
    },
    notFound: { linkText: 'To the start page', linkLabel: 'To the start page' },
    footer: { message: 'MIT license' },
  },
});
