/** How the site searches. tools/site/questions.ts asks its questions with the same options. */
export const SEARCH_OPTIONS = {
  // VitePress sends these functions to the browser as text, so they use nothing from outside themselves.
  options: {
    processTerm: (term: string): string | null => {
      const stops =
        ' a an and are as at be by can do does for from get gets how i if in is it its me my of on or our so that the their them then there they this to was we what when where which who why with you your ';
      const word = term.toLowerCase();
      if (word === '' || stops.includes(` ${word} `)) return null;
      return word.length > 4 ? word.replace(/(?<=..)(?:ies|ing|ed|es|s|e)$/, '') : word;
    },
  },
  searchOptions: {
    fuzzy: 0.15,
    prefix: true,
    boost: { title: 4, titles: 2, text: 1 },
    // Pages of names, and those for whoever changes this project, stand behind the guides.
    boostDocument: (id: string): number =>
      /\/api\//.test(id)
        ? 0.3
        : /\/(?:architecture|contributing|changes|costs|reliability|testing)(?:#|$)/.test(id)
          ? 0.5
          : 1,
  },
};

/** Of pages made from declarations only the names are searched: their text is code. */
export function toSearchText(html: string, frontmatter: Readonly<Record<string, unknown>>): string {
  if (frontmatter.search === false) return '';
  if (frontmatter.search !== 'names') return html;
  return (html.match(/<h[1-6][\s\S]*?<\/h[1-6]>/g) ?? []).join('\n');
}
