/** A terminal session as a picture that plays once and then stands, readable on a light and on a dark page. Pure. */

export interface ShownLine {
  /** Milliseconds from the start of the picture. */
  atMs: number;
  kind: 'command' | 'output';
  text: string;
}

const fontSize = 14;
/** Of one character; `textLength` holds every font to it, so that columns stay columns. */
const charWidth = 8.4;
const lineHeight = 20;
const margin = 16;

const style = `
.back { fill: #f6f8fa; stroke: #d1d9e0 }
text { font: ${fontSize}px ui-monospace, SFMono-Regular, Menlo, Consolas, 'DejaVu Sans Mono', monospace; fill: #1f2328; white-space: pre }
.command { font-weight: 600; fill: #0550ae }
@media (prefers-color-scheme: dark) {
  .back { fill: #151b23; stroke: #3d444d }
  text { fill: #d1d7e0 }
  .command { fill: #79c0ff }
}
@media (prefers-reduced-motion: no-preference) {
  text { animation: appear 1ms both }
  @keyframes appear { from { opacity: 0 } }
}`;

/** @param title What those hear who do not see it. */
export function terminalSvg(title: string, lines: readonly ShownLine[]): string {
  const columns = Math.max(...lines.map(({ text }) => text.length));
  const width = Math.ceil(columns * charWidth) + 2 * margin;
  const height = lines.length * lineHeight + 2 * margin;
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" width="${width}" height="${height}" role="img">`,
    `<title>${escapeXml(title)}</title>`,
    `<style>${style}\n</style>`,
    `<rect class="back" x="0.5" y="0.5" width="${width - 1}" height="${height - 1}" rx="8"/>`,
    ...lines.flatMap((line, row) => (line.text === '' ? [] : [textElement(line, row)])),
    '</svg>',
    '',
  ].join('\n');
}

function textElement({ atMs, kind, text }: ShownLine, row: number): string {
  const y = margin + (row + 0.75) * lineHeight;
  const length = Math.round(text.length * charWidth * 10) / 10;
  const delay = `animation-delay:${(atMs / 1000).toFixed(2)}s`;
  return `<text class="${kind}" x="${margin}" y="${y}" textLength="${length}" style="${delay}" xml:space="preserve">${escapeXml(text)}</text>`;
}

function escapeXml(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');
}
