import { describe, expect, it } from 'vitest';
import { indexIn, macOf, nfPortName, representorName, vfOfBridgePort } from './names.ts';

describe('vfOfBridgePort', () => {
  it('is the number in its name', () => {
    expect(vfOfBridgePort('bridgePorts/host0-12')).toBe(12);
    expect(vfOfBridgePort('bridgePorts/host0-0')).toBe(0);
  });

  it.each(['host1-0', 'host0-01', 'host0', 'eth0', '', 'logicalBridges/host0-1', 'host0-1-x', 'host0-1-0A1B2C3D'])(
    'refuses %j',
    (name) => {
      expect(() => vfOfBridgePort(`bridgePorts/${name}`)).toThrow(
        expect.objectContaining({ code: 'INVALID_ARGUMENT', message: expect.stringContaining('bridge_port.name') }),
      );
    },
  );

  it('refuses the port of a second host, whose frames could not reach that host', () => {
    expect(() => vfOfBridgePort('bridgePorts/host0-3-0a1b2c3d')).toThrow(
      expect.objectContaining({
        code: 'FAILED_PRECONDITION',
        message: expect.stringContaining('another host has the port host0-3; delete that first'),
      }),
    );
  });

  it('says of a VF beyond the last that there is no more', () => {
    expect(() => vfOfBridgePort('bridgePorts/host0-256')).toThrow(
      expect.objectContaining({ code: 'RESOURCE_EXHAUSTED' }),
    );
  });
});

describe('macOf', () => {
  it('is the same again, another for another node or device, unicast and locally administered', () => {
    const macs = ['a', 'b'].flatMap((node) => ['swdpu-vf0', 'swdpu-vf1'].map((device) => macOf(node, device)));
    expect(new Set(macs).size).toBe(4);
    expect(macOf('a', 'swdpu-vf0')).toBe(macs[0]);
    for (const mac of macs) expect(mac).toMatch(/^[0-9a-f][26ae](:[0-9a-f]{2}){5}$/);
  });
});

it('takes the index out of a name', () => {
  expect(indexIn('swdpu-vf17', 'swdpu-vf')).toBe(17);
  expect(indexIn('swdpu-vf017', 'swdpu-vf')).toBeUndefined();
  expect(indexIn('eth0', 'swdpu-vf')).toBeUndefined();
});

it('keeps to the length of a link name', () => {
  for (const name of [representorName(255), nfPortName(255)]) expect(name.length).toBeLessThanOrEqual(15);
});
