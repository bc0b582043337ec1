/** The conformance suite on the software DPU, with its own Open vSwitch, in a node of its own: needs root. */
import { cp, mkdir, mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type ExecResult, exec, Links } from '@dpu-operator/sdk/linux';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { installPrograms } from '../support/programs.ts';

const netns = 'conformance-mock';
const address = '192.0.2.1';
const packages = join(import.meta.dirname, '../../packages');
const suiteMs = 1_500_000;
let directory: string;

/** The software DPU as its image has it, without a workspace around. */
async function pluginDirectory(): Promise<string> {
  const plugin = join(directory, 'plugin');
  await mkdir(plugin, { recursive: true });
  await cp(join(packages, 'vsp-mock/package.json'), join(plugin, 'package.json'));
  await cp(join(packages, 'vsp-mock/dist/bundle/index.mjs'), join(plugin, 'index.mjs'));
  return plugin;
}

/** In the node's network namespace, with the suite in it, too. */
function conformance(...args: string[]): Promise<ExecResult> {
  const command = [process.execPath, join(packages, 'sdk/dist/bundle/dpu-vsp.mjs'), 'conformance', ...args];
  const env = { ...process.env, NODE_IP: address, K8S_NODE: netns };
  return exec('nsenter', [`--net=/var/run/netns/${netns}`, ...command], {
    env: Object.fromEntries(Object.entries(env).flatMap(([key, value]) => (value === undefined ? [] : [[key, value]]))),
    timeoutMs: suiteMs,
    allowFailure: true,
  });
}

async function leftLinks(): Promise<string[]> {
  const links = await new Links(exec, `/var/run/netns/${netns}`).list();
  return links.map(({ name }) => name).filter((name) => !['lo', 'node0', 'node1'].includes(name));
}

async function removeNetns(): Promise<void> {
  await exec('ip', ['netns', 'del', netns], { allowFailure: true });
}

beforeAll(async () => {
  await installPrograms();
  directory = await mkdtemp(join(tmpdir(), 'conformance-mock-'));
  await removeNetns();
  await exec('ip', ['netns', 'add', netns]);
  const links = new Links(exec, `/var/run/netns/${netns}`);
  const node0 = [
    'link add node0 type veth peer name node1',
    'link set node1 up',
    `addr add ${address}/24 dev node0`,
    'link set node0 up',
  ];
  await links.batch(['link set lo up', ...node0]);
});

afterAll(async () => {
  await removeNetns();
  await rm(directory, { recursive: true, force: true });
});

it.each(['host', 'dpu'])('the software DPU conforms on its %s side', { timeout: suiteMs }, async (mode) => {
  const json = join(directory, `${mode}.json`);
  // A machine that does much else at the same time needs more than 30 s for 100 changes of the switch.
  const settings = ['--settings', '{"peer":"192.0.2.2"}', '--max-vfs', '256', '--timeout', '180'];
  const { stdout, stderr } = await conformance(
    '--plugin',
    await pluginDirectory(),
    '--mode',
    mode,
    ...settings,
    '--json',
    json,
  );
  const report: { conforms: boolean; modes: { left: string[] }[]; results: { id: string; status: string }[] } =
    JSON.parse(await readFile(json, 'utf8').catch(() => '{"results":[],"modes":[]}'));
  const failed = report.results.filter(({ status }) => status === 'failed').map(({ id }) => id);
  expect({ failed, conforms: report.conforms }, `${stdout}${stderr}`).toEqual({ failed: [], conforms: true });
  expect(report.modes.map(({ left }) => left)).toEqual([[]]);
  // What it cannot do, and what cannot be done to it.
  const skipped = report.results.filter(({ status }) => status === 'skipped').map(({ id }) => id);
  const onDpu = mode === 'dpu' ? ['network-config.set', 'network-config.again'] : [];
  expect(skipped).toEqual(['devices.allocate', 'devices.virtual-functions', 'devices.health', ...onDpu]);
  await expect(leftLinks()).resolves.toEqual([]);
});
