/** The Intel IPU's plugin and its IMC: a real SSH server that is slow, busy, lying, or away. */
import { copyFile, mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { BridgePort } from '@dpu-operator/sdk';
import { cliLine, FakeIp, linuxNetworking, P4RuntimeServer, startAcc } from '@dpu-operator/vsp-intel-ipu/testing';
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { Imc } from '../../support/cards/imc.ts';

let imc: Imc;
let server: P4RuntimeServer;

const vfMac = (vf: number) => `02:00:00:00:00:${(0x40 + vf).toString(16)}`;
const port = (vf: number): BridgePort => ({
  name: `bridgePorts/host0-${vf}`,
  macAddress: vfMac(vf),
  type: 'ACCESS',
  logicalBridges: [],
});

/** The interfaces of the ACC, and this many VFs of the host. */
function tableOf(vfs: number): string {
  const own = [...new FakeIp().links.values()].map(({ mac }, index) => cliLine(mac, index + 1));
  const hosts = Array.from({ length: vfs }, (_, vf) => cliLine(vfMac(vf), 0x100 + vf, true));
  return `${[...own, ...hosts].join('\n')}\n`;
}

const start = (settings: object = {}, secretDirectory = imc.secretDirectory) =>
  startAcc(server.address, {
    settings: { vsiFromMac: false, imc: { host: '127.0.0.1', port: imc.port, hostKey: imc.hostKey, ...settings } },
    secretDirectory,
  });
type Acc = Awaited<ReturnType<typeof start>>;
const isReady = (acc: Acc) => expect.poll(() => acc.conditions().Healthy).toBe('Programmed');
const messageOf = (acc: Acc, type: string) => acc.status?.conditions.find((each) => each.type === type)?.message;

beforeAll(async () => {
  imc = await Imc.start(tableOf(2));
});

beforeEach(async () => {
  server = await new P4RuntimeServer({ p4info: linuxNetworking }).start();
  await imc.setTable(tableOf(2));
  await imc.set('ok');
  return () => server.stop();
});

afterAll(() => imc[Symbol.asyncDispose]());

test('the VSI of a port is the one that the IMC tells, asked one call at a time', async () => {
  await using acc = await start();
  await isReady(acc);
  await expect.poll(() => acc.conditions().Imc).toBe('Answers');
  const { client } = acc.vsp;
  await Promise.all([client.createBridgePort(port(0)), client.createBridgePort(port(1))]);
  expect(
    server.updates.some(({ entity }) => entity?.tableEntry?.match[0]?.ternary?.value.toString('hex') === '0101'),
  ).toBe(true);
  expect(await imc.overlapped()).toBe(false);
});

test('a tool that is busy is asked again', async () => {
  await imc.set('busy 3');
  await using acc = await start();
  await isReady(acc);
  expect(await imc.calls()).toBe(4);
});

test('a tool that says that all is well and prints an error is not believed', async () => {
  await using acc = await start();
  await isReady(acc);
  await imc.set('lying');
  await expect(acc.vsp.client.createBridgePort(port(0))).rejects.toMatchObject({
    code: 'UNAVAILABLE',
    message: expect.stringContaining('no answer from the control plane'),
  });
  expect(await imc.calls()).toBeGreaterThanOrEqual(6);
  await expect.poll(acc.conditions).toMatchObject({ Imc: 'ToolFailed', Healthy: 'Programmed' });
  await imc.set('failing');
  await expect(acc.vsp.client.createBridgePort(port(0))).rejects.toThrow('cli_client -cq on the IMC ended with 1');
  await imc.set('ok');
  await acc.vsp.client.createBridgePort(port(0));
  await expect.poll(() => acc.conditions().Imc).toBe('Answers');
});

test('a tool that stays busy is told of, and asked on until it is not', async () => {
  await using acc = await start();
  await isReady(acc);
  await imc.set('busy 1000');
  await expect(acc.vsp.client.createBridgePort(port(0))).rejects.toMatchObject({ code: 'UNAVAILABLE' });
  await expect.poll(acc.conditions).toMatchObject({ Imc: 'Busy', Healthy: 'Programmed' });
  await imc.set('ok');
  // Nobody asks for a port.
  await expect.poll(() => acc.conditions().Imc).toBe('Answers');
});

test('a slow tool is waited for, and what comes meanwhile goes together', async () => {
  await using acc = await start();
  await isReady(acc);
  await imc.set('waiting');
  const { client } = acc.vsp;
  const both = Promise.all([client.createBridgePort(port(0)), client.createBridgePort(port(1))]);
  await expect.poll(() => imc.calls()).toBe(1);
  await imc.set('ok');
  await both;
  expect(await imc.overlapped()).toBe(false);
});

test('a port is pending until the IMC knows its function', async () => {
  await using acc = await start();
  await isReady(acc);
  const made = await acc.vsp.client.createBridgePort(port(3));
  expect(made).toMatchObject({ operStatus: 'DOWN', components: [{ status: 'PENDING' }] });
  await imc.setTable(tableOf(4));
  await expect.poll(async () => (await acc.vsp.client.getBridgePort(port(3).name)).operStatus).toBe('UP');
  await expect(acc.vsp.client.createNetworkFunction({ input: vfMac(8), output: vfMac(9) })).rejects.toMatchObject({
    code: 'NOT_FOUND',
  });
});

test('an IMC that reboots is told of, and goes on by itself', async () => {
  await imc.shutDown();
  await using acc = await start();
  await expect.poll(acc.conditions).toMatchObject({ Imc: 'NoAnswer', Healthy: 'NotProgrammed' });
  expect(messageOf(acc, 'Imc')).toContain(`ssh root@127.0.0.1:${imc.port}`);
  expect(server.entries).toEqual([]);
  await imc.boot();
  await isReady(acc);
  await expect.poll(() => acc.conditions().Imc).toBe('Answers');
});

test('credentials that are refused and another host key are told apart, and mended without a restart', async () => {
  const secret = join(imc.directory, 'other-secret');
  await using other = await start({ hostKey: `SHA256:${'A'.repeat(43)}` });
  await expect.poll(other.conditions).toMatchObject({ Imc: 'OtherHostKey' });
  expect(messageOf(other, 'Imc')).toContain(`the host key is ${imc.hostKey}, not SHA256:AAA`);
  await other.vsp.close();

  await mkdir(secret);
  await writeFile(join(secret, 'password'), 'wrong');
  await using acc = await start({}, secret);
  await expect.poll(acc.conditions).toMatchObject({ Imc: 'CredentialsRefused' });
  await writeFile(join(secret, 'ssh-key'), 'no key');
  await expect.poll(() => messageOf(acc, 'Imc')).toContain("the Secret's ssh-key cannot be used");
  await copyFile(join(imc.secretDirectory, 'ssh-key'), join(secret, 'ssh-key'));
  await isReady(acc);
});
