import { describe, expect, it } from 'vitest';
import { nfPortName, representorName, vfOfBridgePort } from './names.ts';

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

it('keeps to the length of a link name', () => {
  for (const name of [representorName(255), nfPortName(255)]) expect(name.length).toBeLessThanOrEqual(15);
});
