// For coding agents: llms.txt (a list of the pages), llms-full.txt (all that is written), and each page as Markdown.
import type { Page, Section } from './page.ts';

const INTRODUCTION = `# keycloak-guard

> Secure HTTP APIs with Keycloak: a library for Express, Nest, Fastify, Hono, Koa, hapi, Next.js and every server of \`Request\`, with browser login, permissions, MCP, tenants and a provider for tests; a ready-made service; and a command line that sets up Keycloak (\`setup\`), finds faults (\`doctor\`). A package of its own moves applications over from keycloak-connect.

The packages are not on npm yet: \`install\` says how they are packed. Each page is Markdown at its address with \`.md\`. Every code of a refusal has a page: \`errors/<code>.md\`.`;

/** @param base Address of the site, with a slash at its end */
export function llmsText(map: readonly Section[], pages: readonly Page[], base: string): string {
  const byPath = new Map(pages.map((page) => [page.path, page]));
  const sections = map.map(({ title, groups }) => {
    const lines = groups
      .flatMap(({ links }) => links)
      .map((link) => `- [${link.title}](${base}${link.path}): ${byPath.get(link.path)?.description ?? ''}`);
    return `## ${title}\n\n${lines.join('\n')}`;
  });
  return `${[INTRODUCTION, ...sections].join('\n\n')}\n`;
}

/** What people wrote, in the order of the map; the pages of declarations and of single codes are at their addresses. */
export function llmsFullText(map: readonly Section[], pages: readonly Page[]): string {
  const byPath = new Map(pages.map((page) => [page.path, page]));
  const texts = map
    .flatMap(({ groups }) => groups.flatMap(({ links }) => links))
    .flatMap(({ path }) => byPath.get(path) ?? [])
    .filter(({ search }) => search === undefined)
    .map(({ path, text }) => `<!-- ${path} -->\n\n${text.trim()}`);
  return `${[INTRODUCTION, ...new Set(texts)].join('\n\n---\n\n')}\n`;
}
