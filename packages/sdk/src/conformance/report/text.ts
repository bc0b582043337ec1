/** The report for people. */
import type { CheckResult, ModeReport, Report } from '../result.ts';
import { describeFailure } from './failure.ts';

const marks = { passed: 'ok  ', failed: 'FAIL', skipped: 'skip' } as const;

/** One line as soon as a check is done. */
export function resultLine({ status, id, title, durationMs, reason }: CheckResult): string {
  const tail = status === 'skipped' ? `: ${firstLine(reason ?? '')}` : ` (${duration(durationMs)})`;
  return `  ${marks[status]} ${id.padEnd(34)} ${title}${tail}`;
}

/** Before the first result of a group. */
export function groupLine({ mode, group }: CheckResult): string {
  return `\n${mode} side: ${group}`;
}

/** Failures in full, then what was removed, then the figures. */
export function summaryText(report: Report): string {
  const failed = report.results.filter(({ status }) => status === 'failed');
  const failures = failed.flatMap(({ mode, id, failure }) =>
    failure ? ['', `FAIL ${id} (${mode} side)`, indent(describeFailure(failure))] : [],
  );
  const count = (status: CheckResult['status']) => report.results.filter((result) => result.status === status).length;
  const figures = `${count('passed')} passed, ${count('failed')} failed, ${count('skipped')} skipped`;
  const verdict = report.conforms ? 'conforms to' : 'does not conform to';
  return [
    ...failures,
    '',
    ...report.modes.flatMap(cleanupLines),
    `${report.target} ${verdict} contract ${report.contractVersion}: ${figures} in ${duration(report.durationMs)}`,
    '',
  ].join('\n');
}

/** All of it. */
export function reportText(report: Report): string {
  const lines: string[] = [];
  let before = '';
  for (const result of report.results) {
    const heading = groupLine(result);
    if (heading !== before) lines.push(heading);
    before = heading;
    lines.push(resultLine(result));
  }
  return `${lines.join('\n')}\n${summaryText(report)}`;
}

function cleanupLines({ mode, plugin, removed, left }: ModeReport): string[] {
  const served = plugin?.packageName ? ` (${plugin.packageName} ${plugin.packageVersion})` : '';
  return [
    `${mode} side${served}: ${removed} leftovers of checks removed${left.length > 0 ? ', NOT removed:' : ', nothing left'}`,
    ...left.map((each) => `  ${each}`),
  ];
}

function duration(milliseconds: number): string {
  return milliseconds < 1_000 ? `${milliseconds.toFixed(0)} ms` : `${(milliseconds / 1_000).toFixed(1)} s`;
}

function firstLine(text: string): string {
  return text.split('\n')[0] ?? '';
}

function indent(text: string): string {
  return text.replace(/^/gm, '  ');
}
