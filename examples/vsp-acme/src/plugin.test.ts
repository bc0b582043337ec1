import { definePlugin } from '@dpu-operator/sdk';
import { detect, fakePlatform, startPlugin } from '@dpu-operator/sdk/testing';
import { describe, expect, it } from 'vitest';
import packageJson from '../package.json' with { type: 'json' };
import { create } from './index.ts';
import type { Settings } from './settings.ts';

/** Without the kernel's notifications. */
const plugin = definePlugin<Settings>({ create: (context) => create(context, () => {}) });
/** A node without links, whose `ip` does all that it is told. */
const emptyNode = () => fakePlatform({ exec: { ip: (args) => (args.includes('-batch') ? '' : '[]') } });
const start = (settings: object, platform = emptyNode()) => startPlugin(plugin, { packageJson, settings, platform });

describe('detection', () => {
  const dpusOn = async (value: string) => {
    const labels = { 'acme.example.com/dpu': value };
    const dpus = await detect({ packageJson, node: { name: 'node-1', labels } });
    return dpus.map(({ identifier, side }) => ({ identifier, side }));
  };

  it('is by the label of the node', async () => {
    const identifier = 'acme-dpu-node-1';
    expect(await dpusOn('host')).toEqual([{ identifier, side: 'host' }]);
    expect(await dpusOn('dpu')).toEqual([{ identifier, side: 'dpu' }]);
    expect(await dpusOn('both')).toHaveLength(2);
    expect(await dpusOn('no')).toEqual([]);
  });
});

describe('settings', () => {
  it.each([
    ['settings.peer: must match format "ipv4"', { peer: '192.0.2' }],
    ['settings.vfs: must be <= 128', { vfs: 129 }],
    ['settings.speed: there is no such setting', { speed: 'fast' }],
  ])('are refused: %s', async (message, settings) => {
    await expect(start(settings)).rejects.toThrow(message);
  });
});

describe('the host side', () => {
  it('makes the VFs, and without a peer no tunnels', async () => {
    const platform = emptyNode();
    await using vsp = await start({ vfs: 2 }, platform);
    const address = await vsp.client.init({ dpuMode: false, dpuIdentifier: 'acme-dpu-node-1' });
    expect(address).toEqual({ ip: '127.0.0.1', port: 50151 });
    const input = platform.exec.calls.map((call) => call.input).join('');
    expect(input.match(/^link add acme-vf\d/gm)).toEqual(['link add acme-vf0', 'link add acme-vf1']);
    expect(input).not.toContain('vxlan');
  });

  it('makes a tunnel for each VF to another node', async () => {
    const platform = emptyNode();
    await using vsp = await start({ vfs: 2, peer: '192.0.2.2', vniBase: 100, port: 7000 }, platform);
    const address = await vsp.client.init({ dpuMode: false, dpuIdentifier: 'acme-dpu-node-1' });
    expect(address).toEqual({ ip: '192.0.2.2', port: 50151 });
    const input = platform.exec.calls.map((call) => call.input).join('');
    expect(input.match(/vxlan id .*/g)).toEqual(
      [100, 101].map((vni) => `vxlan id ${vni} local 192.0.2.1 remote 192.0.2.2 dstport 7000 nolearning`),
    );
  });

  it('has no more VFs than there can be, and no bridge', async () => {
    await using vsp = await start({});
    await vsp.client.init({ dpuMode: false, dpuIdentifier: 'acme-dpu-node-1' });
    await expect(vsp.client.setNumVfs(129)).rejects.toMatchObject({ code: 'OUT_OF_RANGE' });
    await expect(vsp.client.listBridgePorts()).rejects.toMatchObject({ code: 'UNIMPLEMENTED' });
  });
});

describe('a change that fails', () => {
  it('is undone and not remembered', async () => {
    let breaks = false;
    const ip = (args: readonly string[]) => {
      if (!args.includes('-batch')) return '[]';
      return breaks ? { exitCode: 1, stderr: 'RTNETLINK answers: No buffer space\nCommand failed -:1' } : '';
    };
    const platform = fakePlatform({ exec: { ip } });
    await using vsp = await start({}, platform);
    await vsp.client.init({ dpuMode: true, dpuIdentifier: 'acme-dpu-node-1' });
    breaks = true;
    const bridge = { name: 'logicalBridges/red-bridge', vlanId: 20 };
    await expect(vsp.client.createLogicalBridge(bridge)).rejects.toMatchObject({ code: 'INTERNAL' });
    expect(await vsp.client.listLogicalBridges()).toEqual([]);
    breaks = false;
    await vsp.client.createLogicalBridge(bridge);
    expect(await vsp.client.listLogicalBridges()).toMatchObject([bridge]);
  });
});
