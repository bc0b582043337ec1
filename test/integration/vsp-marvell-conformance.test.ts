/** The conformance suite on both sides of the Marvell plugin, on stand-ins of the card with a real Open vSwitch: needs root. */
import { cp, mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { groups } from '@dpu-operator/sdk/conformance';
import { exec, Links } from '@dpu-operator/sdk/linux';
import { cards, type FakeMachine } from '@dpu-operator/sdk/testing';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { installPrograms } from '../support/programs.ts';

const [node, other] = ['mrvconf-node', 'mrvconf-other'];
const path = (name: string) => `/var/run/netns/${name}`;
const packages = join(import.meta.dirname, '../../packages');
const suiteMs = 600_000;
const vfs = 8;
/** Those for leaks make thousands of calls, each of which starts programs. */
const checked = groups.filter((group) => group !== 'leaks');
let directory: string;

const wire = (peer: string) => ({ netns: path(other), peer });

function hostMachine(): FakeMachine {
  const machine = cards.marvell.host({ totalVfs: vfs, wire: () => wire('vf{vf}') });
  for (const [index, { netdevs = [] }] of (machine.pci ?? []).entries()) {
    for (const netdev of netdevs) netdev.wire = wire(`pf${index}`);
  }
  return machine;
}

const machine = {
  host: hostMachine(),
  dpu: cards.marvell.dpu({ vfs, wire: (index) => wire(`if${index}`), uplink: wire('outside') }),
};

async function removeNamespaces(): Promise<void> {
  for (const name of [node, other]) await exec('ip', ['netns', 'del', name], { allowFailure: true });
}

beforeAll(async () => {
  await installPrograms();
  directory = await mkdtemp(join(tmpdir(), 'conformance-marvell-'));
  await removeNamespaces();
  for (const name of [node, other]) await exec('ip', ['netns', 'add', name]);
  await new Links(exec, path(node)).batch(['link set lo up']);
  const plugin = join(directory, 'plugin');
  await mkdir(plugin);
  await cp(join(packages, 'vsp-marvell/package.json'), join(plugin, 'package.json'));
  await cp(join(packages, 'vsp-marvell/dist/bundle/index.mjs'), join(plugin, 'index.mjs'));
});
afterAll(async () => {
  await removeNamespaces();
  await rm(directory, { recursive: true, force: true });
});

it.each(['host', 'dpu'] as const)('the Marvell plugin conforms on its %s side', { timeout: suiteMs }, async (mode) => {
  const [json, machineFile] = [join(directory, `${mode}.json`), join(directory, `${mode}-machine.json`)];
  await writeFile(machineFile, JSON.stringify({ [mode]: machine[mode] }));
  const command = [process.execPath, join(packages, 'sdk/dist/bundle/dpu-vsp.mjs'), 'conformance'];
  const options = ['--plugin', join(directory, 'plugin'), '--mode', mode, '--machine', `@${machineFile}`];
  // A busy machine needs more than 30 s for a hundred changes of the switch.
  const limits = [
    '--max-vfs',
    String(vfs),
    '--ports',
    String(vfs),
    '--timeout',
    '120',
    '--json',
    json,
    '--only',
    ...checked,
  ];
  const { stdout, stderr } = await exec('nsenter', [`--net=${path(node)}`, ...command, ...options, ...limits], {
    timeoutMs: suiteMs,
    allowFailure: true,
  });
  const report: { conforms: boolean; modes: { left: string[] }[]; results: { id: string; status: string }[] } =
    JSON.parse(await readFile(json, 'utf8').catch(() => '{"results":[],"modes":[]}'));
  const failed = report.results.filter(({ status }) => status === 'failed').map(({ id }) => id);
  expect({ failed, conforms: report.conforms }, `${stdout}${stderr}`).toEqual({ failed: [], conforms: true });
  expect(report.modes.map(({ left }) => left)).toEqual([[]]);
  // Pairs for network functions outlive the plugin: pods have them.
  const names = (await new Links(exec, path(node)).list()).map(({ name }) => name);
  expect(names.filter((name) => !/^(nf|dp)_interface\d+$/.test(name))).toEqual(['lo']);
});
