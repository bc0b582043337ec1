import { parsePluginManifest } from '@dpu-operator/sdk/manifest';
import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import packageJson from '../package.json' with { type: 'json' };
import { daemonAddress, parseSettings, settingsSchema } from './settings.ts';

describe('the manifest', () => {
  it('is valid', () => {
    expect(parsePluginManifest(packageJson).products.map((product) => product.name)).toEqual(['Software DPU']);
  });

  it('has the schema of the settings', () => {
    const { $schema: _, ...schema } = z.toJSONSchema(settingsSchema, { io: 'input', target: 'draft-7' });
    expect(packageJson.dpu.settings).toEqual(schema);
  });
});

describe('parseSettings', () => {
  it('fills in defaults', () => {
    expect(parseSettings({})).toEqual({
      vfs: 8,
      networkFunctionPorts: 8,
      uplink: 'dpu-uplink',
      vxlanPort: 4790,
      vniBase: 7_000_000,
    });
  });

  it('spells an IPv6 peer as the kernel does', () => {
    expect(parseSettings({ peer: 'FD00:0:0::1' }).peer).toBe('fd00::1');
  });

  it.each([
    ['peer', { peer: 'dpu.example' }],
    ['vfs', { vfs: 257 }],
    ['dpuAddress', { dpuAddress: 'nowhere' }],
    ['uplink', { uplink: 'a name with spaces' }],
    ['colour', { colour: 'red' }],
  ])('names %s when it is wrong', (name, settings) => {
    expect(() => parseSettings(settings)).toThrow(
      expect.objectContaining({ code: 'INVALID_ARGUMENT', message: expect.stringContaining(name) }),
    );
  });
});

describe('daemonAddress', () => {
  const across = parseSettings({ peer: '192.0.2.9' });

  it('is the DPU node, seen from both sides', () => {
    expect(daemonAddress(across, 'host', '192.0.2.1')).toEqual({ ip: '192.0.2.9', port: 50151 });
    expect(daemonAddress(across, 'dpu', '192.0.2.1')).toEqual({ ip: '192.0.2.1', port: 50151 });
  });

  it('is the loopback address where host and DPU are one node', () => {
    expect(daemonAddress(parseSettings({}), 'host', '192.0.2.1').ip).toBe('127.0.0.1');
    expect(daemonAddress(parseSettings({}), 'dpu', '192.0.2.1').ip).toBe('127.0.0.1');
  });

  it('is what the settings say', () => {
    const set = parseSettings({ peer: '192.0.2.9', dpuAddress: '[fe80::1%25eth0]:6000' });
    expect(daemonAddress(set, 'host', '192.0.2.1')).toEqual({ ip: '[fe80::1%25eth0]', port: 6000 });
  });

  it('puts IPv6 in brackets', () => {
    expect(daemonAddress(parseSettings({ peer: 'fd00::9' }), 'host', 'fd00::1').ip).toBe('[fd00::9]');
  });
});
