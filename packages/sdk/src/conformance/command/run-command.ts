/** From the command line to a run of the suite and its reports. */
import { readFile, writeFile } from 'node:fs/promises';
import { DpuError } from '../../errors.ts';
import { exec } from '../../linux/exec.ts';
import { allChecks } from '../checks/index.ts';
import type { Mode } from '../groups.ts';
import type { ConformanceOptions } from '../options.ts';
import { select } from '../options.ts';
import { reportJson } from '../report/json.ts';
import { reportJunit } from '../report/junit.ts';
import { progress, summaryText } from '../report/text.ts';
import type { CheckResult } from '../result.ts';
import type { HealthHook } from '../session/health-hook.ts';
import { conformanceSuite } from '../suite.ts';

export interface ConformanceArguments {
  plugin?: string;
  endpoint?: string;
  mode?: string[];
  identifier?: string;
  machine?: string;
  settings?: string;
  secret?: string;
  configMap?: string;
  maxVfs?: string;
  disruptive?: true;
  freePorts?: string;
  nfMacs?: string;
  health?: string;
  carrier?: string;
  only?: string[];
  list?: true;
  ports?: string;
  timeout?: string;
  junit?: string;
  json?: string;
}

const hookMs = 60_000;

/**
 * Answers the exit code.
 *
 * @throws DpuError INVALID_ARGUMENT naming the option, NOT_FOUND when there is no such plugin.
 */
export async function runConformance(given: ConformanceArguments): Promise<number> {
  if (given.list) {
    const lines = select(allChecks, given.only).map(
      ({ id, title, document }) => `${id.padEnd(36)} ${title} (${document})`,
    );
    process.stdout.write(`${lines.join('\n')}\n`);
    return 0;
  }
  const suite = conformanceSuite(await optionsFrom(given));
  const interrupted = new AbortController();
  const interrupt = () => {
    process.stderr.write('\ndpu-vsp: stopping after the check that runs, to remove what the suite made\n');
    interrupted.abort();
  };
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, interrupt);
  const lineOf = progress();
  const onResult = (result: CheckResult) => void process.stdout.write(lineOf(result));
  const report = await suite.run({ onResult, signal: interrupted.signal });
  process.stdout.write(summaryText(report));
  if (given.junit !== undefined) await writeFile(given.junit, reportJunit(report));
  if (given.json !== undefined) await writeFile(given.json, reportJson(report));
  return report.conforms ? 0 : 1;
}

async function optionsFrom(given: ConformanceArguments): Promise<ConformanceOptions> {
  const { plugin, endpoint, mode, identifier, settings, maxVfs, nfMacs, health, only, ports, timeout } = given;
  const { disruptive, freePorts, machine, secret, configMap, carrier } = given;
  return {
    ...(plugin !== undefined && { plugin }),
    ...(endpoint !== undefined && { endpoint }),
    ...(mode && { modes: mode.map(modeFrom) }),
    ...(identifier !== undefined && { identifier }),
    ...(machine !== undefined && {
      machine: (await jsonFrom(machine, '--machine')) as NonNullable<ConformanceOptions['machine']>,
    }),
    ...(settings !== undefined && { settings: await jsonFrom(settings, '--settings') }),
    ...(secret !== undefined && { secretDirectory: secret }),
    ...(configMap !== undefined && { configMapDirectory: configMap }),
    ...(maxVfs !== undefined && { maxVfs: positive(maxVfs, '--max-vfs') }),
    ...(disruptive && { disruptive }),
    ...(freePorts !== undefined && { freePorts: freePorts.split(',') }),
    ...(nfMacs !== undefined && { nfMacs: nfMacs.split(',') }),
    ...(health !== undefined && { health: hookFrom(health) }),
    ...(carrier !== undefined && { carrier: hookFrom(carrier) }),
    ...(only && { only }),
    limits: {
      ...(ports !== undefined && { ports: positive(ports, '--ports') }),
      ...(timeout !== undefined && { timeoutMs: positive(timeout, '--timeout') * 1_000 }),
    },
  };
}

function modeFrom(text: string): Mode {
  if (text === 'host' || text === 'dpu') return text;
  throw new DpuError('INVALID_ARGUMENT', `--mode must be host or dpu, is ${JSON.stringify(text)}`);
}

function positive(text: string, option: string): number {
  const number = Number(text);
  if (Number.isInteger(number) && number > 0) return number;
  throw new DpuError('INVALID_ARGUMENT', `${option} must be a whole number above 0, is ${JSON.stringify(text)}`);
}

async function jsonFrom(text: string, option: string): Promise<unknown> {
  try {
    return JSON.parse(text.startsWith('@') ? await readFile(text.slice(1), 'utf8') : text);
  } catch (cause) {
    throw new DpuError('INVALID_ARGUMENT', `${option}: ${DpuError.from(cause).message}`, { cause });
  }
}

function hookFrom(program: string): HealthHook {
  const run = async (...args: string[]) => {
    await exec(program, args, { timeoutMs: hookMs });
  };
  return { fail: (id) => run('fail', id), repair: (id) => run('repair', id) };
}
