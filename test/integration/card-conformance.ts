/** The conformance suite on a card's plugin as built, on stand-ins of the card with a real Open vSwitch: needs root. */
import { cp, mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { exec } from '@dpu-operator/sdk/linux';
import type { FakeMachine, FakeWire } from '@dpu-operator/sdk/testing';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { installPrograms } from '../support/programs.ts';
import { Netns } from './vsp-mock-bed.ts';

export const conformanceVfs = 8;
const packages = join(import.meta.dirname, '../../packages');
const suiteMs = 600_000;

export interface CardConformance {
  /** Of namespaces; another one in each file. */
  prefix: string;
  /** Directory of the plugin's package, below packages. */
  plugin: string;
  /** What stands in, with the wires that lead to the namespace of everything beyond the node. */
  machines: (wire: (peer: string, bridge?: string) => FakeWire) => Record<'host' | 'dpu', FakeMachine>;
  /** Names of devices that outlive the plugin, as pods have them. */
  kept: RegExp;
}

interface Report {
  conforms: boolean;
  modes: { left: string[] }[];
  results: { id: string; status: string }[];
}

/** Declares a test for each side. */
export function itConforms({ prefix, plugin, machines, kept }: CardConformance): void {
  const [node, beyond] = [new Netns('node', prefix), new Netns('beyond', prefix)];
  let directory: string;

  beforeAll(async () => {
    await installPrograms();
    directory = await mkdtemp(join(tmpdir(), `${prefix}-`));
    for (const netns of [node, beyond]) {
      await netns.delete();
      await netns.create();
      await netns.quiet();
    }
    await mkdir(join(directory, 'plugin'));
    await cp(join(packages, plugin, 'package.json'), join(directory, 'plugin/package.json'));
    await cp(join(packages, plugin, 'dist/bundle/index.mjs'), join(directory, 'plugin/index.mjs'));
  });
  afterAll(async () => {
    for (const netns of [node, beyond]) await netns.delete();
    await rm(directory, { recursive: true, force: true });
  });

  it.each(['host', 'dpu'] as const)(`${plugin} conforms on its %s side`, { timeout: suiteMs }, async (mode) => {
    const [json, machineFile] = [join(directory, `${mode}.json`), join(directory, `${mode}-machine.json`)];
    const wire = (peer: string, bridge?: string) => ({
      netns: beyond.path,
      peer,
      ...(bridge !== undefined && { bridge }),
    });
    await writeFile(machineFile, JSON.stringify({ [mode]: machines(wire)[mode] }));
    const command = [process.execPath, join(packages, 'sdk/dist/bundle/dpu-vsp.mjs'), 'conformance'];
    const what = ['--plugin', join(directory, 'plugin'), '--mode', mode, '--machine', `@${machineFile}`];
    const limits = ['--max-vfs', String(conformanceVfs), '--ports', String(conformanceVfs)];
    // A busy machine needs more than 30 s for a hundred changes of the switch.
    const options = [...limits, '--timeout', '120', '--json', json];
    const { stdout, stderr } = await exec('nsenter', [`--net=${node.path}`, ...command, ...what, ...options], {
      timeoutMs: suiteMs,
      allowFailure: true,
    });
    const report: Report = JSON.parse(await readFile(json, 'utf8').catch(() => '{"results":[],"modes":[]}'));
    const of = (status: string) => report.results.filter((each) => each.status === status).map(({ id }) => id);
    expect({ failed: of('failed'), conforms: report.conforms }, `${stdout}${stderr}`).toEqual({
      failed: [],
      conforms: true,
    });
    expect(report.modes.map(({ left }) => left)).toEqual([[]]);
    expect(of('passed')).toEqual(expect.arrayContaining(neverSkipped[mode]));
    expect((await node.names()).filter((name) => !kept.test(name))).toEqual(['lo']);
  });
}

/** With what stands in, all that these need is there. */
const neverSkipped = {
  host: ['devices.count-max', 'leaks.reads'],
  dpu: ['bridge.port-early', 'network-functions.several', 'chains.update', 'leaks.functions', 'leaks.chains'],
};
