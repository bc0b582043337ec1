/** Where the ports of a card are, on the host and on the card itself. Pure. */
import { type Dpu, DpuError } from '@dpu-operator/sdk';
import type { PciFunction } from '@dpu-operator/sdk/linux';

const intel = '8086';
const hostPort = '1599';
const sfpPort = '124d';
const backplanePort = '124c';
/** Where the configuration space has the card's serial number: bytes, as the manifest says it. */
const serial = { offset: 336, length: 8 };

/** Addresses of the ports that the DPU itself has. */
export interface CardPorts {
  sfp: readonly string[];
  /** The first is paired with the host's first port. */
  backplane: readonly string[];
}

/**
 * The first of the host's ports of a card, whose virtual functions pods get.
 *
 * @throws DpuError NOT_FOUND where there is no such card
 */
export function hostPortOf({ pciAddress, identifier }: Dpu, functions: readonly PciFunction[]): string {
  const ports = functions.filter(({ vendor, device, isVf }) => vendor === intel && device === hostPort && !isVf);
  const ofCard = ports.filter((port) =>
    pciAddress === undefined
      ? serialOf(port) === identifier.toLowerCase()
      : slotOf(port.address) === slotOf(pciAddress),
  );
  const first = ofCard.find(({ address }) => address.endsWith('.0'));
  if (first) return first.address;
  const where = pciAddress === undefined ? `with the serial number ${identifier}` : `in slot ${slotOf(pciAddress)}`;
  const found = ports.map(({ address }) => address).join(', ') || 'none';
  throw new DpuError(
    'NOT_FOUND',
    `no function 0 of ${intel}:${hostPort} ${where}; of this machine's there are: ${found}`,
  );
}

/**
 * The ports of the card that this machine is.
 *
 * @throws DpuError NOT_FOUND where it is none
 */
export function cardPortsOf({ pciAddress }: Dpu, functions: readonly PciFunction[]): CardPorts {
  const all = functions.filter(({ vendor, isVf }) => vendor === intel && !isVf);
  const addressesOf = (id: string) => all.filter(({ device }) => device === id).map(({ address }) => address);
  const detected = pciAddress ?? addressesOf(backplanePort)[0];
  if (detected === undefined) throw new DpuError('NOT_FOUND', `no function ${intel}:${backplanePort} on this machine`);
  const inSlot = (id: string) =>
    addressesOf(id)
      .filter((address) => slotOf(address) === slotOf(detected))
      .sort();
  const ports = { sfp: inSlot(sfpPort), backplane: inSlot(backplanePort) };
  if (ports.backplane.length > 0) return ports;
  throw new DpuError('NOT_FOUND', `no function ${intel}:${backplanePort} in slot ${slotOf(detected)}`);
}

function serialOf({ config }: PciFunction): string {
  const { offset, length } = serial;
  return Buffer.from(config.subarray(offset, offset + length)).toString('hex');
}

const slotOf = (address: string): string => address.replace(/\.[0-7]$/, '');
