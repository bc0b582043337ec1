/** The PCI functions of a card, as its host sees them and as it sees itself. Pure. */
import { type Dpu, DpuError } from '@dpu-operator/sdk';
import type { PciFunction, VfPosition } from '@dpu-operator/sdk/linux';

const MARVELL = '177d';
/** On the host: a physical function. */
const PHYSICAL_FUNCTION = 'b900';
/** On the card: an interface that leads to a function of the host (SDP). */
const SYSTEM_INTERFACE = 'a0f7';
/** On the card: a port that leads outside (RPM). */
const NETWORK_PORT = 'a063';

type Ids = Pick<PciFunction, 'address' | 'vendor' | 'device' | 'isVf'>;

/** In the order of their addresses, each of which has as many digits. */
function addressesOf(pci: readonly Ids[], device: string): string[] {
  const matching = pci.filter((each) => each.vendor === MARVELL && each.device === device);
  return matching.map(({ address }) => address).sort();
}

const slotOf = (address: string) => address.slice(0, address.lastIndexOf('.'));

/**
 * The card's physical functions on the host, by their numbers.
 *
 * @throws DpuError FAILED_PRECONDITION where it is not known which card is meant
 */
export function physicalFunctions({ pciAddress }: Dpu, pci: readonly Ids[]): string[] {
  const all = addressesOf(
    pci.filter(({ isVf }) => !isVf),
    PHYSICAL_FUNCTION,
  );
  const slots = new Set(all.map(slotOf));
  const [first] = slots;
  const slot = pciAddress === undefined && slots.size === 1 ? first : slotOf(pciAddress ?? '');
  const found = all.filter((address) => slotOf(address) === slot);
  if (found.length > 0) return found;
  const there = all.length === 0 ? 'there is none' : `there are ${all.join(', ')}`;
  const what = `no physical function ${MARVELL}:${PHYSICAL_FUNCTION} at ${pciAddress ?? 'an address that was told'}`;
  throw new DpuError('FAILED_PRECONDITION', `${what}: ${there}`);
}

/** Addresses of the card's own functions. */
export interface CardFunctions {
  /** One for each physical function of the host, then one for each virtual one, by turns of the physical ones. */
  interfaces: string[];
  ports: string[];
}

export function cardFunctions(pci: readonly Ids[]): CardFunctions {
  return { interfaces: addressesOf(pci, SYSTEM_INTERFACE), ports: addressesOf(pci, NETWORK_PORT) };
}

/**
 * Address of the interface that a VF of the host ends at.
 *
 * @param physical how many physical functions the host sees
 * @throws DpuError INVALID_ARGUMENT for a physical function that there is not, OUT_OF_RANGE for a VF beyond the interfaces
 */
export function interfaceOf({ pf, vf }: VfPosition, physical: number, { interfaces }: CardFunctions): string {
  if (pf >= physical) {
    const why = `the host has ${physical} physical function${physical === 1 ? '' : 's'} by settings.physicalFunctions`;
    throw new DpuError('INVALID_ARGUMENT', `bridge_port.name: host${pf}-${vf}: ${why}, counted from 0`);
  }
  const address = interfaces[physical * (vf + 1) + pf];
  if (address !== undefined) return address;
  const room = vfRoom(physical, interfaces.length);
  const why = `the card has interfaces for ${room} virtual functions of each physical one (${MARVELL}:${SYSTEM_INTERFACE})`;
  throw new DpuError('OUT_OF_RANGE', `bridge_port.name: host${pf}-${vf}: ${why}`);
}

/** How many virtual functions of each physical one the interfaces are enough for. */
export function vfRoom(physical: number, interfaces: number): number {
  return Math.max(0, Math.floor(interfaces / physical) - 1);
}

/** @throws DpuError FAILED_PRECONDITION for a port that the card does not have */
export function uplinkPort({ ports }: CardFunctions, wanted: string | undefined): string | undefined {
  if (wanted === undefined || ports.includes(wanted)) return wanted ?? ports[0];
  const there = ports.length === 0 ? 'it has none' : `it has ${ports.join(', ')}`;
  throw new DpuError('FAILED_PRECONDITION', `settings.uplink: the card has no port ${wanted}: ${there}`);
}
