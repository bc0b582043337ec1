import { cards, fakeSysfs } from '@dpu-operator/sdk/testing';
import { describe, expect, it } from 'vitest';
import { cardFunctions, interfaceOf, physicalFunctions, uplinkPort, vfRoom } from './card.ts';

const functions = {
  interfaces: Array.from({ length: 9 }, (_, index) => `0002:0f:0${index >> 3}.${index & 7}`),
  ports: ['0002:02:00.0', '0002:03:00.0'],
};

async function pciOf(machine: Parameters<typeof fakeSysfs>[0]) {
  await using sysfs = await fakeSysfs(machine);
  return (await sysfs.snapshot()).pci;
}

describe('the interface of a VF', () => {
  it.each([
    [0, 0, 1, '0002:0f:00.1'],
    [0, 7, 1, '0002:0f:01.0'],
    [0, 0, 2, '0002:0f:00.2'],
    [1, 0, 2, '0002:0f:00.3'],
    [1, 2, 2, '0002:0f:00.7'],
  ])('of physical function %i, VF %i, of %i', (pf, vf, physical, address) => {
    expect(interfaceOf({ pf, vf }, physical, functions)).toBe(address);
  });

  it('is none beyond the last, or of a physical function that there is not', () => {
    expect(() => interfaceOf({ pf: 0, vf: 8 }, 1, functions)).toThrow(
      expect.objectContaining({ code: 'OUT_OF_RANGE', message: expect.stringContaining('for 8 virtual functions') }),
    );
    expect(() => interfaceOf({ pf: 1, vf: 0 }, 1, functions)).toThrow(
      expect.objectContaining({ code: 'INVALID_ARGUMENT', message: expect.stringContaining('1 physical function by') }),
    );
  });

  it('has room for as many as come out even', () => {
    expect([vfRoom(1, 9), vfRoom(2, 9), vfRoom(2, 1), vfRoom(1, 0)]).toEqual([8, 3, 0, 0]);
  });
});

it('knows its own functions by their ids, in the order of their addresses', async () => {
  const { interfaces, ports } = cardFunctions(await pciOf(cards.marvell.dpu({ pfs: 2, vfs: 4 })));
  expect(interfaces).toHaveLength(10);
  expect(interfaces).toEqual(interfaces.toSorted());
  expect(ports).toEqual(['0002:02:00.0']);
});

it('takes the first port for the uplink, or the one that is set', () => {
  expect(uplinkPort(functions, undefined)).toBe('0002:02:00.0');
  expect(uplinkPort(functions, '0002:03:00.0')).toBe('0002:03:00.0');
  expect(uplinkPort({ ...functions, ports: [] }, undefined)).toBeUndefined();
  expect(() => uplinkPort(functions, '0002:04:00.0')).toThrow(
    expect.objectContaining({ code: 'FAILED_PRECONDITION', message: expect.stringContaining('settings.uplink') }),
  );
});

describe('the physical functions on the host', () => {
  const dpu = { side: 'host' as const, identifier: 'marvell-dpu-0000:01:00.0' };

  it('are those of the slot, without virtual ones', async () => {
    const pci = await pciOf(cards.marvell.host({ pfs: ['0000:01:00.0', '0000:01:00.1', '0000:02:00.0'], numVfs: 2 }));
    const at = (pciAddress: string) => physicalFunctions({ ...dpu, pciAddress }, pci);
    expect(at('0000:01:00.0')).toEqual(['0000:01:00.0', '0000:01:00.1']);
    expect(at('0000:02:00.0')).toEqual(['0000:02:00.0']);
    expect(() => physicalFunctions(dpu, pci)).toThrow(expect.objectContaining({ code: 'FAILED_PRECONDITION' }));
  });

  it('of the only card need no address', async () => {
    expect(physicalFunctions(dpu, await pciOf(cards.marvell.host()))).toEqual(['0000:01:00.0']);
    expect(() => physicalFunctions(dpu, [])).toThrow('there is none');
  });
});
