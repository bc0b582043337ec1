import { chmodSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { addNetwork, delNetwork, type Invocation } from './call-plugin.ts';

let directory: string;
let invocation: Invocation;

beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'call-plugin-'));
  invocation = { command: 'ADD', containerId: 'c', netns: '/n', ifname: 'net1', args: 'A=b', path: directory };
});

afterEach(() => rmSync(directory, { recursive: true }));

/** A plugin that records how it was called and answers as told. */
function plugin(type: string, answer: string, exitCode = 0): { type: string } {
  const record = join(directory, 'calls');
  const script = `#!/bin/sh
echo "${type} $CNI_COMMAND $CNI_CONTAINERID $CNI_NETNS $CNI_IFNAME $CNI_ARGS $(cat)" >> ${record}
printf '%s' '${answer}'
exit ${exitCode}
`;
  writeFileSync(join(directory, type), script);
  chmodSync(join(directory, type), 0o755);
  return { type };
}

const calls = () => readFileSync(join(directory, 'calls'), 'utf8').trim().split('\n');
const configOf = (call: string | undefined) => JSON.parse(call?.slice(call.indexOf('{')) ?? '');

it('hands each plugin the result of the one before', async () => {
  const plugins = [plugin('first', '{"ips":[]}'), plugin('second', '{"ips":[1]}')];
  const result = await addNetwork({ name: 'n', cniVersion: '1.0.0', plugins }, invocation);
  expect(result).toEqual({ ips: [1] });
  expect(calls()[0]).toContain('first ADD c /n net1 A=b');
  expect(configOf(calls()[0])).toEqual({ type: 'first', name: 'n', cniVersion: '1.0.0' });
  expect(configOf(calls()[1]).prevResult).toEqual({ ips: [] });
});

it("passes on a plugin's own error", async () => {
  const plugins = [plugin('bad', '{"code":110,"msg":"no such device","details":"vf7"}', 1)];
  const adding = addNetwork({ name: 'n', cniVersion: '1.0.0', plugins }, invocation);
  await expect(adding).rejects.toMatchObject({ code: 110, message: 'no such device', details: 'vf7' });
});

it('undoes in reverse, and goes on after a failure', async () => {
  const plugins = [plugin('first', ''), plugin('second', '{"code":5,"msg":"stuck"}', 1)];
  const deleting = delNetwork(
    { name: 'n', cniVersion: '1.0.0', plugins },
    { ...invocation, command: 'DEL' },
    { ips: [] },
  );
  await expect(deleting).rejects.toThrow('stuck');
  expect(calls().map((call) => call.split(' ', 2).join(' '))).toEqual(['second DEL', 'first DEL']);
});

it('says which plugin is missing', async () => {
  const network = { name: 'n', cniVersion: '1.0.0', plugins: [{ type: 'absent' }] };
  await expect(addNetwork(network, invocation)).rejects.toThrow('no plugin "absent"');
});
