/** For the tests here: runs the suite against the plugin in memory. */
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { pino } from 'pino';
import { onTestFinished } from 'vitest';
import { serve, temporaryDirectory } from '../../host/testing.ts';
import type { ConformanceOptions } from '../options.ts';
import type { Report } from '../result.ts';
import { conformanceSuite } from '../suite.ts';
import { breakingProxy, type Faults } from './breaking-proxy.ts';
import type { BrokenBy } from './broken-vsp.ts';
import { type MemoryVsp, maxPorts, maxVfs, nfMacs } from './memory-vsp.ts';

/** A busy machine is no fault of the plugin: a Ping has a sixth of the time that a call has. */
export const limits = { timeoutMs: 180_000, shutdownMs: 180_000, ports: maxPorts + 50, leakCalls: 50 };
export const known = { nfMacs, maxVfs, limits };

/** In this process; by way of a proxy where something is broken on the wire. */
export async function examine(plugin: MemoryVsp, options: ConformanceOptions, faults?: Faults): Promise<Report> {
  const { socketPath } = await serve(plugin, { logger: pino({ level: 'silent' }) });
  let endpoint = socketPath;
  if (faults) {
    endpoint = join(await temporaryDirectory(), 'proxy.sock');
    const proxy = await breakingProxy(socketPath, endpoint, faults);
    onTestFinished(() => proxy.close());
  }
  const health = {
    fail: async (id: string) => plugin.break(id, true),
    repair: async (id: string) => plugin.break(id, false),
  };
  const carrier = {
    fail: async (id: string) => plugin.unplug(id, true),
    repair: async (id: string) => plugin.unplug(id, false),
  };
  return conformanceSuite({
    endpoint: `unix://${endpoint}`,
    modes: ['dpu'],
    disruptive: true,
    ...known,
    health,
    carrier,
    ...options,
  }).run();
}

/**
 * A package that the suite can start, by default in a directory that goes with the test: tests that run at the same time
 * remove theirs themselves.
 */
export async function memoryPackage(given?: string): Promise<string> {
  const directory = given ?? (await temporaryDirectory());
  const settings = {
    type: 'object',
    properties: { fault: { type: 'string' } },
    additionalProperties: false,
  };
  const dpu = {
    contract: '^1.1.0',
    hostApi: '^1.0.0',
    products: [{ name: 'Memory', dpu: { detect: { dmiProductContains: 'Test' }, identifier: 'memory-{node}' } }],
    settings,
  };
  const json = { name: 'vsp-memory', version: '1.2.3', type: 'module', dpu };
  await writeFile(join(directory, 'package.json'), JSON.stringify(json));
  const module = join(import.meta.dirname, 'broken-vsp.ts');
  await writeFile(join(directory, 'index.mjs'), `export { default } from ${JSON.stringify(module)};`);
  return directory;
}

/** In a process of its own. */
export async function examineProcess(
  plugin: string,
  fault: BrokenBy | undefined,
  options: ConformanceOptions,
): Promise<Report> {
  const settings = fault === undefined ? {} : { fault };
  return conformanceSuite({ plugin, settings, ...known, ...options }).run();
}

export function failedIds({ results }: Report): string[] {
  return results.filter(({ status }) => status === 'failed').map(({ id }) => id);
}

/** The groups of these checks: what broke one must not be found by its neighbours. */
export function groupsOf(ids: readonly string[]): string[] {
  return [...new Set(ids.map((id) => id.split('.')[0] ?? id))];
}
