/** What a developer sees: a line for each step, each call of the plugin, and each line that it prints. */
import { styleText } from 'node:util';
import { z } from 'zod';
import type { CallLine } from './format-call.ts';

export type SideName = 'host' | 'dpu';

const logLine = z.looseObject({ level: z.number(), msg: z.string().default('') });
/** Known already, or of no interest here. */
const hidden = new Set(['level', 'msg', 'time', 'pid', 'hostname', 'dpu', 'plugin']);
const levels: Readonly<Record<number, string>> = {
  10: 'trace',
  20: 'debug',
  30: 'info',
  40: 'warn',
  50: 'error',
  60: 'fatal',
};
const warn = 40;

export class Report {
  readonly #write: (line: string) => void;
  readonly #verbose: boolean;
  readonly #heartbeats = new Map<SideName, string>();
  readonly #failed: string[] = [];

  constructor(write: (line: string) => void, verbose: boolean) {
    this.#write = write;
    this.#verbose = verbose;
  }

  /** Another round: what failed since the last one ended is of what ran then. */
  begin(text: string): void {
    this.#failed.length = 0;
    this.title(text);
  }

  /**
   * Says how it went since the last time.
   *
   * @param words where no step has failed
   * @returns whether none has
   */
  outcome(text: string): boolean {
    const failed = [...new Set(this.#failed.splice(0))];
    this.title(failed.length > 0 ? `failed: ${failed.join('; ')}` : text);
    return failed.length === 0;
  }

  title(text: string): void {
    this.#write(styleText('bold', text));
  }

  say(text: string): void {
    this.#write(`  ${text}`);
  }

  passed(step: string, detail: string): void {
    this.#write(`${styleText('green', '✓')} ${step}${detail ? styleText('dim', `: ${detail}`) : ''}`);
  }

  failed(step: string, why: string): void {
    this.#failed.push(step);
    this.#write(`${styleText('red', '✗')} ${step}: ${why}`);
  }

  skipped(step: string, why: string): void {
    this.#write(`${styleText('yellow', '-')} ${step}: skipped, ${why}`);
  }

  /** A heartbeat whose answer is that of the one before is left out. */
  call(side: SideName, { method, milliseconds, code, request, answer }: CallLine): void {
    if (method === 'Heartbeat.Ping' && !this.#verbose) {
      const outcome = `${code} ${/healthy: \w+/.exec(answer)?.[0]}`;
      if (this.#heartbeats.get(side) === outcome) return;
      this.#heartbeats.set(side, outcome);
    }
    const took = milliseconds === undefined ? '' : ` ${milliseconds} ms`;
    const status = code === 'OK' ? styleText('green', code) : styleText('red', code);
    this.#write(`  ${prefix(side)} ${method}${took} ${status} ${styleText('dim', `${request} -> ${answer}`)}`);
  }

  /** Of the plugin: log lines of the SDK in short, everything else as it is. */
  printed(side: SideName, line: string): void {
    const entry = parseLog(line);
    if (!entry) this.#write(`  ${prefix(side)} plugin: ${line}`);
    else this.#write(`  ${prefix(side)} plugin ${describeLog(entry)}`);
  }

  /** Of the daemon's managers: warnings and worse. */
  daemonLog(side: SideName, line: string): void {
    const entry = parseLog(line);
    if (entry && entry.level < warn && !this.#verbose) return;
    this.#write(`  ${prefix(side)} daemon ${entry ? describeLog(entry) : line}`);
  }

  output(text: string): void {
    for (const line of text.trimEnd().split('\n')) this.#write(`  ${styleText('dim', '|')} ${line}`);
  }

  verbose(text: string): void {
    if (this.#verbose) this.output(text);
  }
}

const prefix = (side: SideName): string => styleText(side === 'host' ? 'cyan' : 'magenta', side.padEnd(4));

type LogLine = z.infer<typeof logLine>;

function parseLog(line: string): LogLine | undefined {
  if (!line.startsWith('{')) return undefined;
  try {
    return logLine.safeParse(JSON.parse(line)).data;
  } catch {
    return undefined;
  }
}

function describeField(value: unknown): string | undefined {
  // A stack has lines of its own.
  if (isError(value)) return value.stack;
  return typeof value === 'string' ? value : JSON.stringify(value);
}

function describeLog(entry: LogLine): string {
  const fields = Object.entries(entry).flatMap(([key, value]) => {
    if (hidden.has(key)) return [];
    return `${key}=${describeField(value)}`;
  });
  return [`${levels[entry.level] ?? entry.level}: ${entry.msg}`, ...fields].join(' ');
}

const isError = (value: unknown): value is { stack: string } =>
  typeof value === 'object' && value !== null && 'stack' in value && typeof value.stack === 'string';
