/** The report for people. */
import { type CheckResult, type ModeReport, type Report, readsOnly } from '../result.ts';
import { describeFailure } from './failure.ts';

const marks = { passed: 'ok  ', failed: 'FAIL', skipped: 'skip' } as const;

/**
 * What to print as soon as a check is done: a heading before the first of a group, and a line. Of those that were left out
 * because they change the VSP only the number is told, at the end.
 */
export function progress(): (result: CheckResult) => string {
  let before = '';
  return (result) => {
    if (result.reason === readsOnly) return '';
    const heading = `\n${result.mode} side: ${result.group}\n`;
    const isNew = heading !== before;
    before = heading;
    return `${isNew ? heading : ''}${resultLine(result)}\n`;
  };
}

function resultLine({ status, id, title, durationMs, reason }: CheckResult): string {
  const tail = status === 'skipped' ? `: ${firstLine(reason ?? '')}` : ` (${duration(durationMs)})`;
  return `  ${marks[status]} ${id.padEnd(34)} ${title}${tail}`;
}

/** Failures in full, then what was removed, then the figures. */
export function summaryText(report: Report): string {
  const failed = report.results.filter(({ status }) => status === 'failed');
  const failures = failed.flatMap(({ mode, id, failure }) =>
    failure ? ['', `FAIL ${id} (${mode} side)`, indent(describeFailure(failure))] : [],
  );
  const leftOut = report.results.filter(({ reason }) => reason === readsOnly).length;
  const count = (status: CheckResult['status']) => report.results.filter((result) => result.status === status).length;
  const figures = `${count('passed')} passed, ${count('failed')} failed, ${count('skipped') - leftOut} skipped`;
  const verdict = report.conforms ? 'conforms to' : 'does not conform to';
  const reach = leftOut > 0 ? ', as far as can be seen by reading' : '';
  return [
    ...failures,
    '',
    ...report.modes.flatMap(cleanupLines),
    `${report.target} ${verdict} contract ${report.contractVersion}${reach}: ${figures} in ${duration(report.durationMs)}`,
    ...(leftOut > 0 ? [`${leftOut} checks change the VSP and were left out; --disruptive runs them`] : []),
    '',
  ].join('\n');
}

/** All of it. */
export function reportText(report: Report): string {
  return `${report.results.map(progress()).join('')}${summaryText(report)}`;
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
