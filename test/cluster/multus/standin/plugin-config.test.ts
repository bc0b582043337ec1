import { describe, expect, it } from 'vitest';
import { readNetworkConfig } from './plugin-config.ts';

const fallback = { name: 'fallback', cniVersion: '1.0.0' };

describe('readNetworkConfig', () => {
  it('takes a single plugin for a list of one and hands it the device', () => {
    const config = readNetworkConfig('{"type":"dpu-cni","cniVersion":"0.4.0"}', fallback, { deviceId: '0000:01:00.1' });
    expect(config).toEqual({
      name: 'fallback',
      cniVersion: '0.4.0',
      plugins: [{ type: 'dpu-cni', cniVersion: '0.4.0', deviceID: '0000:01:00.1' }],
    });
  });

  it('hands each plugin of a list the device, and capability values only where announced', () => {
    const text = '{"name":"n","plugins":[{"type":"a","capabilities":{"mac":true}},{"type":"b"}]}';
    const config = readNetworkConfig(text, fallback, { deviceId: 'vf0', capabilityArgs: { mac: 'x', ips: undefined } });
    expect(config).toEqual({
      name: 'n',
      cniVersion: '1.0.0',
      plugins: [
        { type: 'a', deviceID: 'vf0', runtimeConfig: { mac: 'x' } },
        { type: 'b', deviceID: 'vf0' },
      ],
    });
  });

  it.each(['{', '{}', '{"plugins":[{}]}'])('refuses %s', (text) => {
    expect(() => readNetworkConfig(text, fallback)).toThrow('network fallback');
  });
});
