// Questions as people ask them (site/questions.json), asked of the site's own search: `npm run docs:build` ends with them.
import { readdirSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { SEARCH_OPTIONS } from '../../site/.vitepress/search.mts';
import { ROOT } from './pages.ts';

interface Question {
  readonly question: string;
  /** Where somebody asked it. */
  readonly source: string;
  /** Addresses of sections of which one has to be found: `/sessions`, or with a heading `/sessions#logout`. */
  readonly answers: readonly string[];
}
interface Search {
  search(query: string): readonly { readonly id: string; readonly score: number }[];
}

const SITE = join(ROOT, 'site');
/** The search shows more, but nobody reads on. */
const FIRST = 3;
const MISSED_AT_MOST = 1;

export async function openSearch(dist: string): Promise<Search> {
  const chunks = join(dist, 'assets/chunks');
  const file = readdirSync(chunks).find((name) => name.startsWith('@localSearchIndexroot'));
  if (file === undefined) throw new Error(`${chunks} has no search index`);
  const { default: index } = (await import(pathToFileURL(join(chunks, file)).href)) as { default: string };
  const installed = createRequire(join(SITE, 'package.json')).resolve('minisearch');
  const { default: MiniSearch } = (await import(pathToFileURL(installed).href)) as {
    default: { loadJSON(json: string, options: object): Search };
  };
  return MiniSearch.loadJSON(index, {
    fields: ['title', 'titles', 'text'],
    storeFields: ['title', 'titles'],
    searchOptions: SEARCH_OPTIONS.searchOptions,
    ...SEARCH_OPTIONS.options,
  });
}

/**
 * @param base Path of the site on its host, which ids begin with
 * @throws if fewer are answered than should be
 */
export async function askQuestions(dist: string, base: string): Promise<void> {
  const questions = JSON.parse(readFileSync(join(SITE, 'questions.json'), 'utf8')) as readonly Question[];
  const index = await openSearch(dist);
  const begun = performance.now();
  const missed = questions.flatMap(({ question, answers }) => {
    const hits = index
      .search(question)
      .slice(0, FIRST)
      .map(({ id }) => `/${id.slice(base.length)}`);
    const isFound = hits.some((hit) =>
      answers.some((answer) => hit === answer || hit.startsWith(`${answer}#`)),
    );
    return isFound ? [] : [`${question}\n  wanted ${answers.join(' or ')}\n  got ${hits.join(', ')}`];
  });
  const took = (performance.now() - begun) / questions.length;
  for (const one of missed) process.stdout.write(`not found: ${one}\n`);
  const count = questions.length - missed.length;
  process.stdout.write(
    `${count} of ${questions.length} questions found in the first ${FIRST} hits, ${took.toFixed(1)} ms each\n`,
  );
  if (missed.length > MISSED_AT_MOST) throw new Error(`more than ${MISSED_AT_MOST} missed`);
}
