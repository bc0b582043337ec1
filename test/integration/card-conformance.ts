/** The conformance suite on a card's plugin as built, on stand-ins of the card with a real Open vSwitch: needs root. */
import { cp, mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { groups } from '@dpu-operator/sdk/conformance';
import { exec } from '@dpu-operator/sdk/linux';
import type { FakeMachine, FakeWire } from '@dpu-operator/sdk/testing';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { Netns } from '../support/network/netns.ts';
import { installPrograms } from '../support/programs/programs.ts';

export type Side = 'host' | 'dpu';

export interface CardConformance {
  /** Of namespaces; another one in each file. */
  prefix: string;
  /** Directory of the plugin's package, below packages. */
  plugin: string;
  /** How many virtual functions there is room for. */
  vfs: number;
  /** What stands in, with the wires that lead to the namespace of everything beyond the node. */
  machines: (wire: (peer: string, bridge?: string) => FakeWire) => Record<Side, FakeMachine>;
  /** Whether the checks for leaks run: thousands of calls, half of the time. What cards share is checked with one of them. */
  leaks: boolean;
  /** Names of devices that outlive the plugin, as pods have them. */
  kept: RegExp;
}

interface Report {
  conforms: boolean;
  modes: { left: string[] }[];
  results: { id: string; status: string }[];
}

const packages = join(import.meta.dirname, '../../packages');
const suiteMs = 1_500_000;

/** Checks for which all is there that they need. */
const neverSkipped: Record<Side, string[]> = {
  host: ['devices.count-max'],
  dpu: ['bridge.port-early', 'network-functions.several', 'chains.update'],
};
const leakChecks: Record<Side, string[]> = { host: ['leaks.reads'], dpu: ['leaks.functions', 'leaks.chains'] };

/** Declares a test for each side. */
export function itConforms({ prefix, plugin, vfs, machines, leaks, kept }: CardConformance): void {
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

  it.each<Side>(['host', 'dpu'])(`${plugin} conforms on its %s side`, { timeout: suiteMs }, async (side) => {
    const [json, machineFile] = [join(directory, `${side}.json`), join(directory, `${side}-machine.json`)];
    const wire = (peer: string, bridge?: string): FakeWire => {
      const end = { netns: beyond.path, peer };
      return bridge === undefined ? end : { ...end, bridge };
    };
    await writeFile(machineFile, JSON.stringify({ [side]: machines(wire)[side] }));
    const command = [process.execPath, join(packages, 'sdk/dist/bundle/dpu-vsp.mjs'), 'conformance'];
    const what = ['--plugin', join(directory, 'plugin'), '--mode', side, '--machine', `@${machineFile}`];
    // A busy machine needs more than 30 s for a hundred changes of the switch.
    const limits = ['--max-vfs', `${vfs}`, '--ports', `${vfs}`, '--timeout', '120', '--json', json];
    const only = ['--only', ...groups.filter((group) => leaks || group !== 'leaks')];
    const { stdout, stderr } = await exec('nsenter', [`--net=${node.path}`, ...command, ...what, ...limits, ...only], {
      timeoutMs: suiteMs,
      allowFailure: true,
    });
    const report: Report = JSON.parse(await readFile(json, 'utf8').catch(() => '{"results":[],"modes":[]}'));
    const of = (status: string) => report.results.filter((each) => each.status === status).map(({ id }) => id);
    const outcome = { failed: of('failed'), conforms: report.conforms };
    expect(outcome, `${stdout}${stderr}`).toEqual({ failed: [], conforms: true });
    expect(report.modes.map(({ left }) => left)).toEqual([[]]);
    expect(of('passed')).toEqual(expect.arrayContaining([...neverSkipped[side], ...(leaks ? leakChecks[side] : [])]));
    expect((await node.names()).filter((name) => !kept.test(name))).toEqual(['lo']);
  });
}
