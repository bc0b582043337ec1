/** Metrics of others, in the text format of Prometheus (version 0.0.4), on their way through the daemon's. Pure. */

export interface Sample {
  name: string;
  /** Labels, their values as they stand between the quotes. */
  labels: readonly (readonly [name: string, value: string])[];
  value: string;
}

export interface Family {
  name: string;
  help?: string;
  type?: string;
  samples: Sample[];
}

const name = '[a-zA-Z_:][a-zA-Z0-9_:]*';
const quoted = '"(?:[^"\\\\]|\\\\.)*"';
const sampleLine = new RegExp(`^(${name})(?:\\{((?:[^"}]|${quoted})*)\\})?[ \\t]+(\\S+)(?:[ \\t]+-?\\d+)?[ \\t]*$`);
const labelPair = new RegExp(`^[ \\t]*([a-zA-Z_][a-zA-Z0-9_]*)[ \\t]*=[ \\t]*(${quoted})[ \\t]*(?:,|$)`);
const commentLine = new RegExp(`^#[ \\t]+(HELP|TYPE)[ \\t]+(${name})(?:[ \\t]+(.*))?$`);
const types: ReadonlySet<string> = new Set(['counter', 'gauge', 'histogram', 'summary', 'untyped']);
/** What names of samples of a histogram, summary or counter have behind the name of their family. */
const suffixes = ['', '_bucket', '_sum', '_count', '_total', '_created'];

/** @throws Error naming the first line that is none; timestamps are left out */
export function parseMetrics(text: string): Family[] {
  const families = new Map<string, Family>();
  const familyOf = (key: string): Family => {
    const family = families.get(key) ?? { name: key, samples: [] };
    families.set(key, family);
    return family;
  };
  let current: Family | undefined;
  for (const line of text.split('\n')) {
    const bare = line.trimEnd();
    if (bare === '') continue;
    if (bare.startsWith('#')) {
      const comment = commentLine.exec(bare);
      if (!comment) continue;
      current = familyOf(comment[2] ?? '');
      if (comment[1] === 'HELP') current.help = comment[3] ?? '';
      else if (types.has(comment[3] ?? '')) current.type = comment[3] ?? '';
      continue;
    }
    const sample = parseSample(bare);
    const isCurrents = current && suffixes.some((suffix) => sample.name === `${current?.name}${suffix}`);
    (isCurrents && current ? current : familyOf(sample.name)).samples.push(sample);
  }
  return [...families.values()];
}

function parseSample(line: string): Sample {
  const parts = sampleLine.exec(line);
  const value = parts?.[3] ?? '';
  if (!parts || !isValue(value)) throw new Error(`this is no sample: ${line.slice(0, 200)}`);
  return { name: parts[1] ?? '', labels: parseLabels(parts[2] ?? '', line), value };
}

function parseLabels(text: string, line: string): [string, string][] {
  const labels: [string, string][] = [];
  for (let rest = text.trim(); rest !== ''; ) {
    const pair = labelPair.exec(rest);
    if (!pair) throw new Error(`these are no labels: ${line.slice(0, 200)}`);
    const label = pair[1] ?? '';
    // One of either kind, and the whole scrape would be refused.
    if (label.startsWith('__') || labels.some(([name]) => name === label)) {
      throw new Error(`these are no labels, for ${label}: ${line.slice(0, 200)}`);
    }
    labels.push([label, (pair[2] ?? '').slice(1, -1)]);
    rest = rest.slice(pair[0].length).trimStart();
  }
  return labels;
}

/** Longer than any number: what a plugin says is not to keep the daemon busy. */
const longestValue = 64;

function isValue(text: string): boolean {
  if (text.length > longestValue) return false;
  return /^[+-]?(\d+(\.\d*)?([eE][+-]?\d+)?|\.\d+([eE][+-]?\d+)?|Inf|NaN)$/i.test(text);
}

/**
 * All families of several sources as one text: each family once, each series once. A source's own labels of the same names
 * give way to those that are given, and names without the prefix get it, so that they cannot be taken for another's.
 */
export function mergeMetrics(
  sources: readonly { families: readonly Family[]; labels: Readonly<Record<string, string>> }[],
  prefix: string,
): string {
  const prefixed = (one: string) => (one.startsWith(prefix) ? one : `${prefix}${one}`);
  const merged = new Map<string, { head: Family; lines: Map<string, string> }>();
  for (const { families, labels } of sources) {
    const given = Object.entries(labels).map(([key, value]) => [key, escapeLabel(value)] as const);
    for (const family of families) {
      const key = prefixed(family.name);
      const into = merged.get(key) ?? { head: family, lines: new Map<string, string>() };
      merged.set(key, into);
      for (const sample of family.samples) {
        const own = sample.labels.filter(([label]) => !Object.hasOwn(labels, label));
        const pairs = [...given, ...own].map(([label, value]) => `${label}="${value}"`);
        const series = `${prefixed(sample.name)}{${pairs.join(',')}}`;
        if (!into.lines.has(series)) into.lines.set(series, sample.value);
      }
    }
  }
  const text: string[] = [];
  for (const [key, { head, lines }] of merged) {
    if (lines.size === 0) continue;
    if (head.help !== undefined) text.push(`# HELP ${key} ${head.help}`);
    if (head.type !== undefined) text.push(`# TYPE ${key} ${head.type}`);
    for (const [series, value] of lines) text.push(`${series} ${value}`);
  }
  return text.length === 0 ? '' : `${text.join('\n')}\n`;
}

function escapeLabel(value: string): string {
  return value.replaceAll('\\', '\\\\').replaceAll('"', '\\"').replaceAll('\n', '\\n');
}
