import { DpuError } from '../../errors.ts';
import type { VfPosition } from '../pci/sysfs.ts';

/**
 * The VF of a bridge port: its name is `bridgePorts/host<pf>-<vf>`, as host sides call it. The port of a second host has
 * eight hex digits behind that.
 *
 * @throws DpuError INVALID_ARGUMENT for another name, FAILED_PRECONDITION for a second host's port: a card is in one host
 */
export function vfOfBridgePort(name: string): VfPosition {
  const [, pf, vf, host] = /^bridgePorts\/host(0|[1-9]\d{0,4})-(0|[1-9]\d{0,4})(-[0-9a-f]{8})?$/.exec(name) ?? [];
  if (host !== undefined) {
    const why = `this DPU is in one host, and another host has the port host${pf}-${vf}`;
    throw new DpuError('FAILED_PRECONDITION', `bridge_port.name: ${JSON.stringify(name)}: ${why}; delete that first`);
  }
  if (pf !== undefined) return { pf: Number(pf), vf: Number(vf) };
  const fault = `bridge_port.name: ${JSON.stringify(name)} names no VF, it must be host<pf>-<vf>`;
  throw new DpuError('INVALID_ARGUMENT', fault);
}
