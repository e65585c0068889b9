/** A bar chart as SVG, readable on light and on dark pages. */
export interface Bar {
  readonly label: string;
  readonly value: number;
  readonly isOurs: boolean;
  /** The bar that the others are held against. */
  readonly isBaseline?: boolean;
  /** Default: the value as a whole number. */
  readonly text?: string;
  /** A heading above the bar. */
  readonly heading?: string;
}

const WIDTH = 760;
const LABEL = 210;
/** For what stands beside the longest bar. */
const SPACE = 200;
const ROW = 30;
const TOP = 58;

/** @param least where a logarithmic scale begins. Default: the scale is linear, and begins with 0 */
export function toBarChart(title: string, subtitle: string, bars: readonly Bar[], least?: number): string {
  const most = Math.max(...bars.map(({ value }) => value));
  const share = (value: number) =>
    least === undefined ? value / most : Math.log(value / least) / Math.log(most / least);
  let height = TOP;
  const rows = bars.map((bar) => {
    const { label, value, isOurs, isBaseline, heading } = bar;
    const title =
      heading === undefined
        ? ''
        : `  <text class="strong" x="10" y="${height + 19}">${escapeXml(heading)}</text>\n`;
    const y = height + (heading === undefined ? 0 : ROW);
    height = y + ROW;
    const width = Math.max(2, share(value) * (WIDTH - LABEL - SPACE)).toFixed(1);
    const kind = isOurs ? 'ours' : isBaseline ? 'base' : 'other';
    const number = textOf(bar);
    return `${title}  <text class="label${isOurs ? ' strong' : ''}" x="${LABEL - 10}" y="${y + 15}" text-anchor="end">${escapeXml(label)}</text>
  <rect class="${kind}" x="${LABEL}" y="${y + 2}" width="${width}" height="18" rx="3"/>
  <text class="value${isOurs ? ' strong' : ''}" x="${(LABEL + Number(width) + 8).toFixed(1)}" y="${y + 15}">${number}</text>`;
  });
  const description = bars.map((bar) => `${bar.label} ${textOf(bar)}`).join('; ');
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${height + 12}" role="img" aria-label="${escapeXml(`${title}. ${subtitle}. ${description}`)}">
  <style>
    text { font: 13px system-ui, -apple-system, "Segoe UI", sans-serif; fill: #1f2328 }
    .title { font-size: 16px; font-weight: 600 }
    .subtitle, .value { fill: #59636e }
    .strong { font-weight: 600; fill: #1f2328 }
    .ours { fill: #0969da } .base { fill: #afb8c1 } .other { fill: #8c959f }
    @media (prefers-color-scheme: dark) {
      text, .strong { fill: #f0f6fc } .subtitle, .value { fill: #9198a1 }
      .ours { fill: #4493f8 } .base { fill: #484f58 } .other { fill: #6e7681 }
    }
  </style>
  <text class="title" x="10" y="24">${escapeXml(title)}</text>
  <text class="subtitle" x="10" y="44">${escapeXml(subtitle)}</text>
${rows.join('\n')}
</svg>
`;
}

const textOf = ({ value, text }: Bar): string => text ?? Math.round(value).toLocaleString('en-US');

function escapeXml(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('"', '&quot;');
}
