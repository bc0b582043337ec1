/** JUnit XML, as CI systems read it. */
import type { CheckResult, Report } from '../result.ts';
import { describeFailure } from './failure.ts';

/** One test suite a side and group, one test case a check. */
export function reportJunit({ results, target, durationMs }: Report): string {
  const suites = new Map<string, CheckResult[]>();
  for (const result of results) {
    const name = `${result.mode}.${result.group}`;
    suites.set(name, [...(suites.get(name) ?? []), result]);
  }
  return [
    '<?xml version="1.0" encoding="UTF-8"?>',
    `<testsuites ${attributes({ name: `conformance of ${target}`, ...counts(results), time: seconds(durationMs) })}>`,
    ...[...suites].flatMap(([name, members]) => suite(name, members)),
    '</testsuites>',
    '',
  ].join('\n');
}

function suite(name: string, results: readonly CheckResult[]): string[] {
  const time = seconds(results.reduce((sum, { durationMs }) => sum + durationMs, 0));
  return [
    `  <testsuite ${attributes({ name, ...counts(results), time })}>`,
    ...results.flatMap((result) => testCase(name, result)),
    '  </testsuite>',
  ];
}

function testCase(classname: string, { id, title, durationMs, status, reason, failure }: CheckResult): string[] {
  const opening = `    <testcase ${attributes({ classname, name: `${id}: ${title}`, time: seconds(durationMs) })}`;
  if (failure) {
    const { message } = failure;
    const body = escapeXml(describeFailure(failure));
    return [`${opening}>`, `      <failure ${attributes({ message })}>${body}</failure>`, '    </testcase>'];
  }
  if (status !== 'skipped') return [`${opening}/>`];
  return [`${opening}>`, `      <skipped ${attributes({ message: reason ?? '' })}/>`, '    </testcase>'];
}

function counts(results: readonly CheckResult[]) {
  const count = (status: CheckResult['status']) => results.filter((result) => result.status === status).length;
  return { tests: results.length, failures: count('failed'), skipped: count('skipped') };
}

function seconds(milliseconds: number): string {
  return (milliseconds / 1_000).toFixed(3);
}

function attributes(values: Record<string, string | number>): string {
  return Object.entries(values)
    .map(([name, value]) => `${name}="${escapeXml(String(value))}"`)
    .join(' ');
}

const entities: Record<string, string> = { '<': '&lt;', '>': '&gt;', '&': '&amp;', '"': '&quot;', '\n': '&#10;' };

function escapeXml(text: string): string {
  return text
    .replace(/[<>&"\n]/g, (character) => entities[character] ?? '')
    .replace(/[^\t\x20-\ud7ff\ue000-\ufffd\u{10000}-\u{10ffff}]/gu, '\ufffd');
}
