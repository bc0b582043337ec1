/**
 * `dpu-vsp dev`: hands over to the harness of `@dpu-operator/core`, which a vendor's package has among its
 * devDependencies. The SDK itself does not depend on it: what runs in a VSP's pod stays small.
 */
import { readFile, stat } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { join, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { z } from 'zod';
import { DpuError } from '../errors.ts';
import { faultsText, fieldFaults, inWords } from '../field-fault.ts';
import { omitUndefined } from '../omit-undefined.ts';
import { type StandInMachines, standInMachines } from '../testing/stand-in-machines.ts';

export interface DevOptions {
  plugin: string;
  /** JSON, or the name of a file with JSON after an `@`. */
  hostSettings?: string;
  dpuSettings?: string;
  machine?: string;
  /** Directories with a file for each key. */
  secret?: string;
  configMap?: string;
  once?: boolean;
  verbose?: boolean;
}

const harness = '@dpu-operator/core/dev';

/**
 * Resolves with the exit code when the harness has ended.
 *
 * @throws DpuError FAILED_PRECONDITION when core is not installed, INVALID_ARGUMENT naming an option that is wrong
 */
export async function dev(options: DevOptions, program = process.argv[1] ?? ''): Promise<number> {
  if (options.plugin === '') throw new DpuError('INVALID_ARGUMENT', "--plugin must name a package's directory");
  const directory = resolve(options.plugin);
  const settings = {
    host: await readObject('--host-settings', options.hostSettings),
    dpu: await readObject('--dpu-settings', options.dpuSettings),
  };
  const machines = machinesFrom(await readObject('--machine', options.machine));
  const module: { dev?: unknown } = await import(pathToFileURL(find(directory)).href);
  if (typeof module.dev !== 'function') {
    throw new DpuError('FAILED_PRECONDITION', `${harness} has no harness: install the version of @dpu-operator/sdk`);
  }
  const files = omitUndefined({
    secret: await readDirectory('--secret', options.secret),
    configMap: await readDirectory('--config-map', options.configMap),
  });
  const { once = false, verbose = false } = options;
  return z.int().parse(await module.dev({ directory, program, settings, machines, files, once, verbose }));
}

/** As the plugin's own code would import it. */
function find(directory: string): string {
  try {
    return createRequire(join(directory, 'package.json')).resolve(harness);
  } catch (cause) {
    const advice = 'npm install --save-dev @dpu-operator/core';
    throw new DpuError('FAILED_PRECONDITION', `${directory} does not find ${harness}; run: ${advice}`, { cause });
  }
}

/** Its absolute path. */
async function readDirectory(option: string, path: string | undefined): Promise<string | undefined> {
  if (path === undefined) return undefined;
  const there = await stat(path).catch(() => undefined);
  if (there?.isDirectory()) return resolve(path);
  throw new DpuError('INVALID_ARGUMENT', `${option}: ${path} is no directory`);
}

/** What stands in for the hardware of a side, if anything does. */
function machinesFrom(json: Record<string, unknown>): StandInMachines {
  const parsed = standInMachines.safeParse(json, { error: inWords });
  if (parsed.success) return parsed.data;
  throw new DpuError('INVALID_ARGUMENT', `--machine: ${faultsText(fieldFaults(parsed.error), 'the JSON')}`);
}

async function readObject(option: string, text: string | undefined): Promise<Record<string, unknown>> {
  if (text === undefined) return {};
  const json = text.startsWith('@') ? await readFile(text.slice(1), 'utf8').catch(fail) : text;
  const parsed = z.record(z.string(), z.unknown()).safeParse(parse(json));
  if (parsed.success) return parsed.data;
  throw new DpuError('INVALID_ARGUMENT', `${option} must be a JSON object`);

  function parse(source: string): unknown {
    try {
      return JSON.parse(source);
    } catch (error) {
      return fail(error);
    }
  }
  function fail(error: unknown): never {
    throw new DpuError('INVALID_ARGUMENT', `${option}: ${DpuError.from(error).message}`, { cause: error });
  }
}
