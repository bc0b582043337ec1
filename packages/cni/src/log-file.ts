/**
 * `logFile` and `logLevel` of a network configuration: one line a call, for people who look for a pod's trouble on its
 * node. Whoever may make a network may name the file, so it can only be one that is a log by its name, and is no link.
 */
import { closeSync, constants, fstatSync, openSync, writeSync } from 'node:fs';
import type { Config } from './config.ts';
import type { CniError } from './spec.ts';

export interface CallReport {
  command: string;
  containerId: string | undefined;
  ifName: string | undefined;
  ms: number;
  error?: CniError | undefined;
}

/** Beyond this nothing is added until somebody rotates the file: a node's disk is worth more than the log. */
const maxFileBytes = 16 * 1024 * 1024;
const maxTextCharacters = 1_000;
/** Of the levels that such configurations know (panic, error, warning, info, debug), those that want successes too. */
const levelsOfSuccess = ['info', 'debug'];

/** Never throws: a log that cannot be written is no reason to fail a pod. */
export function logCall(config: Config | undefined, report: CallReport): void {
  const { logFile, logLevel = 'info' } = config ?? {};
  if (typeof logFile !== 'string' || !/^\/[^\0]*\.log$/.test(logFile)) return;
  const level = typeof logLevel === 'string' ? logLevel.toLowerCase() : '';
  if (report.error === undefined && !levelsOfSuccess.includes(level)) return;
  try {
    append(logFile, lineOf(report, new Date()));
  } catch {}
}

function lineOf({ command, containerId, ifName, ms, error }: CallReport, now: Date): string {
  const fields = {
    time: now.toISOString(),
    level: error ? 'error' : 'info',
    command,
    containerId,
    ifName,
    ms: Math.round(ms),
    code: error?.code,
    msg: error?.message.slice(0, maxTextCharacters),
  };
  return `${JSON.stringify(fields)}\n`;
}

function append(path: string, line: string): void {
  // Without O_NONBLOCK, opening a FIFO that nobody reads would never end. The compiler wants the flags here, in full.
  const fd = openSync(
    path,
    constants.O_WRONLY | constants.O_APPEND | constants.O_CREAT | constants.O_NOFOLLOW | constants.O_NONBLOCK,
    0o600,
  );
  try {
    const found = fstatSync(fd);
    if (found.isFile() && found.size < maxFileBytes) writeSync(fd, line);
  } finally {
    closeSync(fd);
  }
}
