/** What a plugin must not answer of a device. Pure. */
import type { Device, DeviceKind } from '../../contract/contract.ts';

/** Pods get it between commas in a variable, and it is part of file names. */
const deviceId = /^[A-Za-z0-9][A-Za-z0-9._:@+-]{0,62}$/;
const kinds = ['netdev', 'vfio', 'rdma', 'auxiliary', 'vdpa'] satisfies DeviceKind[];
const attributeName = /^[a-z0-9]([a-z0-9.-]{0,61}[a-z0-9])?$/;
const mostAttributes = 16;
const longestValue = 256;
/** VFs of a PF have 16 bits (SR-IOV Specification 1.1, 3.3.5). */
const greatestIndex = 0xffff;

/** In words; undefined for one that is as the contract has it. */
export function deviceFault(device: Device): string | undefined {
  const { id, healthy, reason, numaNode, kind } = device;
  if (typeof id !== 'string' || !deviceId.test(id)) {
    return `the id ${JSON.stringify(id)} is no PCI address and no name of at most 63 characters`;
  }
  const fault = (field: string, value: unknown, wanted: string) =>
    `${field} of device ${id} is ${JSON.stringify(value)} and must be ${wanted}`;
  if (typeof healthy !== 'boolean') return fault('healthy', healthy, 'true or false');
  if (reason !== undefined && typeof reason !== 'string') return fault('reason', reason, 'text');
  if (numaNode !== undefined && !isIndex(numaNode)) return fault('numaNode', numaNode, 'a whole number from 0');
  if (kind !== undefined && !kinds.includes(kind)) return fault('kind', kind, `one of ${kinds.join(', ')}`);
  return positionFault(device) ?? attributesFault(device);
}

/**
 * Two devices of one position would have one bridge port.
 *
 * @param taken The positions of the devices before it, to which this one's is added.
 */
export function positionTaken({ id, pf, vf }: Device, taken: Map<string, string>): string | undefined {
  if (pf === undefined) return undefined;
  const position = `pf ${pf}, vf ${vf}`;
  const other = taken.get(position);
  taken.set(position, id);
  return other === undefined ? undefined : `devices ${other} and ${id} are both ${position}`;
}

function positionFault({ id, pf, vf }: Device): string | undefined {
  if (pf === undefined && vf === undefined) return undefined;
  if (pf === undefined || vf === undefined) return `device ${id} must have both pf and vf, or none of them`;
  const [wrong] = Object.entries({ pf, vf }).filter(([, index]) => !isIndex(index));
  return wrong && `${wrong[0]} of device ${id} is ${wrong[1]} and must be a whole number from 0 to ${greatestIndex}`;
}

function attributesFault({ id, attributes }: Device): string | undefined {
  if (!attributes) return undefined;
  const entries = Object.entries(attributes);
  if (entries.length > mostAttributes) {
    return `device ${id} has ${entries.length} attributes, of which there can be ${mostAttributes}`;
  }
  const name = entries.find(([key]) => !attributeName.test(key))?.[0];
  if (name !== undefined)
    return `the attribute ${JSON.stringify(name)} of device ${id} is not named as the contract has it`;
  const value = entries.find(([, text]) => typeof text !== 'string' || text.length > longestValue);
  return value && `the attribute ${value[0]} of device ${id} must be text of at most ${longestValue} characters`;
}

const isIndex = (value: number): boolean => Number.isInteger(value) && value >= 0 && value <= greatestIndex;
