// A terminal as a picture: dark by itself, so it reads on a light and on a dark page.

/** A command and what it printed. */
export interface Step {
  readonly command: string;
  readonly output: string;
}

const COLUMNS = 92;
const LINE = 20;
const STYLE = [
  'text { font: 13px ui-monospace, Menlo, Consolas, monospace; fill: #c9d4e0; white-space: pre }',
  '.command { fill: #fff } .prompt { fill: #4fd1a5 } rect { fill: #10171f; stroke: #46566b } circle { fill: #46566b }',
].join(' ');

/** @returns an SVG whose text can be read by a screen reader too */
export function drawTerminal(title: string, steps: readonly Step[]): string {
  const lines = steps.flatMap(({ command, output }) => [
    ...wrap(`$ ${command}`).map((text, at) => ({ text, isCommand: true, isFirst: at === 0 })),
    ...output
      .trimEnd()
      .split('\n')
      .filter((text, at, all) => text !== '' || all.length > at + 1)
      .flatMap(wrap)
      .map((text) => ({ text, isCommand: false, isFirst: false })),
  ]);
  const height = 52 + lines.length * LINE;
  const drawn = lines.map(({ text, isCommand, isFirst }, at) => {
    const place = `x="20" y="${54 + at * LINE}"`;
    if (!isCommand) return `  <text ${place}>${toXml(text)}</text>`;
    const prompt = isFirst ? '<tspan class="prompt">$</tspan>' : '';
    return `  <text ${place} class="command">${prompt}${toXml(isFirst ? text.slice(1) : text)}</text>`;
  });
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 760 ${height}" role="img" aria-labelledby="title">
  <title id="title">${toXml(title)}</title>
  <style>${STYLE}</style>
  <rect x=".5" y=".5" width="759" height="${height - 1}" rx="10"/>
  <circle cx="22" cy="20" r="5"/><circle cx="40" cy="20" r="5"/><circle cx="58" cy="20" r="5"/>
${drawn.join('\n')}
</svg>
`;
}

/** At a blank or behind a comma where there is one, as a person would. */
function wrap(line: string): string[] {
  if (line.length <= COLUMNS) return [line];
  const end = Math.max(line.lastIndexOf(' ', COLUMNS), line.lastIndexOf(',', COLUMNS - 1) + 1);
  const at = end > COLUMNS / 2 ? end : COLUMNS;
  return [line.slice(0, at), ...wrap(`    ${line.slice(at).trimStart()}`)];
}

const toXml = (text: string): string =>
  text
    .replace(/[&<>"]/g, (one) => `&#${one.charCodeAt(0)};`)
    .replace(/ {2,}/g, (all) => '\u00a0'.repeat(all.length));
