/** Addresses by DHCP: the reference plugin with its daemon, and a server at the other end of the device. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { exec } from '@dpu-operator/sdk/linux';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { ensureDebianPackages } from '../../../cluster/debian.ts';
import { eventually } from '../../../support/eventually.ts';
import { AttachFixture, type Daemon } from './fixture.ts';

/** Of Debian's package; the nodes of the test cluster have no such plugin. */
const dhcpDirectory = '/usr/lib/cni';
const fixture = new AttachFixture('ah');
const daemonSocketPath = join(fixture.directory, 'dhcp.sock');
const leases = join(fixture.directory, 'leases');
const serverSide = `${fixture.prefix}v0p`;
const programs: ChildProcess[] = [];
let daemon: Daemon;

function run(file: string, ...args: string[]): void {
  programs.push(spawn(file, args, { stdio: process.env.LOG_LEVEL ? 'inherit' : 'ignore' }));
}

beforeAll(async () => {
  await ensureDebianPackages(console.log, 'DHCP', ['containernetworking-plugins', 'udhcpd']);
  await fixture.addDevices(1);
  await exec('ip', ['addr', 'add', '10.9.7.1/24', 'dev', serverSide]);
  const settings = [
    'start 10.9.7.50',
    'end 10.9.7.59',
    `interface ${serverSide}`,
    `lease_file ${leases}`,
    `pidfile ${join(fixture.directory, 'udhcpd.pid')}`,
    'option subnet 255.255.255.0',
    'option router 10.9.7.1',
    'option lease 3600',
  ];
  const file = join(fixture.directory, 'udhcpd.conf');
  writeFileSync(file, `${settings.join('\n')}\n`);
  writeFileSync(leases, '');
  run('udhcpd', '-f', file);
  run(join(dhcpDirectory, 'dhcp'), 'daemon', '-socketpath', daemonSocketPath);
  await eventually('the daemon listens', async () => existsSync(daemonSocketPath), Boolean);
  fixture.pluginPath = dhcpDirectory;
  daemon = await fixture.start();
});
afterAll(async () => {
  for (const record of daemon.store.list()) await daemon.engine.del(record);
  await daemon.stop();
  for (const program of programs) {
    if (program.exitCode === null) {
      program.kill();
      await once(program, 'exit');
    }
  }
  await fixture.close();
});

test('an interface has the address that the server gives, and the MTU of its network; DEL gives both back', async () => {
  const netns = await fixture.addNamespace('pod');
  const [deviceID = ''] = fixture.devices;
  const config = { deviceID, mtu: 1400, ipam: { type: 'dhcp', daemonSocketPath } };
  const { output } = await fixture.cni('ADD', { netns, config });
  expect(output).toMatchObject({
    ips: [{ address: expect.stringMatching(/^10\.9\.7\.5\d\/24$/), gateway: '10.9.7.1' }],
  });
  const address: string = output.ips[0].address;
  expect(await fixture.linkIn(netns, 'net1')).toMatchObject({ mtu: 1400, up: true });
  const { stdout } = await exec('ip', ['-n', netns.replace(/.*\//, ''), '-brief', '-4', 'addr', 'show', 'dev', 'net1']);
  expect(stdout).toContain(address);
  expect(await fixture.cni('CHECK', { netns, config: { ...config, prevResult: output } })).toMatchObject({
    exitCode: 0,
  });
  expect(await fixture.cni('DEL', { netns, config })).toMatchObject({ exitCode: 0 });
  expect(await fixture.linkIn(netns, 'net1')).toBeUndefined();
  expect(await fixture.link(deviceID)).toMatchObject({ mtu: 1500 });
  expect((await fixture.cni('ADD', { netns, config })).output).toMatchObject({ ips: [{ address }] });
});

test('a plugin that speaks over the interface is called once the DPU has its port', async () => {
  for (const record of daemon.store.list()) await daemon.engine.del(record);
  const plugins = join(fixture.directory, 'plugins');
  const port = join(fixture.directory, 'port');
  mkdirSync(plugins);
  const script = [
    '#!/bin/sh',
    'test $CNI_COMMAND = ADD || exit 0',
    `test -e ${port} || { echo '{"code":100,"msg":"no port yet"}'; exit 1; }`,
    `echo '{"cniVersion":"1.0.0","ips":[]}'`,
  ];
  writeFileSync(join(plugins, 'speaks'), `${script.join('\n')}\n`, { mode: 0o755 });
  fixture.pluginPath = `${plugins}:${dhcpDirectory}`;
  const netns = await fixture.addNamespace('late');
  const create = fixture.dataPath.createBridgePort.bind(fixture.dataPath);
  fixture.dataPath.createBridgePort = async (asked) => {
    await eventually('net1 is in the pod', () => fixture.linkIn(netns, 'net1'));
    // As long as a call to another node takes.
    await delay(200);
    writeFileSync(port, '');
    await create(asked);
  };
  const [deviceID = ''] = fixture.devices;
  expect(await fixture.cni('ADD', { netns, config: { deviceID, ipam: { type: 'speaks' } } })).toMatchObject({
    exitCode: 0,
  });
  fixture.dataPath.createBridgePort = create;
});

test("where the plugin's daemon is away, ADD says so and the device is back on the node", async () => {
  const netns = await fixture.addNamespace('alone');
  const [deviceID = ''] = fixture.devices;
  for (const record of daemon.store.list()) await daemon.engine.del(record);
  const ipam = { type: 'dhcp', daemonSocketPath: join(fixture.directory, 'nobody.sock') };
  const { exitCode, output } = await fixture.cni('ADD', { netns, config: { deviceID, mtu: 1400, ipam } });
  expect({ exitCode, output }).toMatchObject({ exitCode: 1, output: { msg: expect.stringContaining('nobody.sock') } });
  expect(await fixture.link(deviceID)).toMatchObject({ mtu: 1500 });
});
