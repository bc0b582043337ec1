/** Where an attachment goes: which DPU serves it, and as what. */
import { omitUndefined } from '@dpu-operator/sdk/wire';
import { networkBridgeId } from '../../api/index.ts';
import { CniError, cniCodes } from '../../cni-error.ts';
import type { DeviceEntry, DpuEntry, DpuIndex } from './collaborators.ts';
import type { Attachment } from './record/attachment.ts';

export type Placement = Pick<Attachment, 'role' | 'dpuName' | 'deviceDpu' | 'dpuNetwork' | 'pf' | 'vf'>;

/** A network of this name attaches network functions where one node is host side and DPU side: the Go operator's name for it. */
const networkFunctionNetwork = 'dpunfcni-conf';

/** Why nothing can be attached on this node; undefined while something can. */
export function unavailable(index: DpuIndex): string | undefined {
  const dpus = index.list();
  if (dpus.length === 0) return 'no DPU of this node is ready; see kubectl get dpu';
  if (dpus.some(({ outOfService }) => outOfService === undefined)) return undefined;
  return dpus.map(({ dpuName, outOfService }) => `DPU ${dpuName}: ${outOfService}`).join('; ');
}

/** @throws CniError when no DPU offers the device (any more) */
export function placementOf(index: DpuIndex, deviceId: string, network: string): Placement {
  const device = index.find(deviceId);
  if (!device) throw unknownDevice(index, deviceId);
  return placementIn(index, device, network, index.dpuSide());
}

/** As {@link placementOf}, for a pod that is to go: its DPU may take no new ones. */
export function formerPlacementOf(index: DpuIndex, deviceId: string, network: string): Placement {
  const device = index.locate(deviceId);
  if (!device) throw unknownDevice(index, deviceId);
  const dpuSides = index.list().map(({ dpuName }) => index.dpu(dpuName));
  return placementIn(index, device, network, index.dpuSide() ?? dpuSides.find((dpu) => dpu?.side === 'dpu'));
}

function unknownDevice(index: DpuIndex, deviceId: string): CniError {
  const reason = unavailable(index);
  if (reason !== undefined) return new CniError(cniCodes.tryAgainLater, reason);
  const why = 'no DPU of this node that is ready has it; see kubectl get dpu';
  return new CniError(cniCodes.deviceUnknown, `device ${deviceId}: ${why}`);
}

function placementIn(index: DpuIndex, device: DeviceEntry, network: string, dpuSide: DpuEntry | undefined): Placement {
  const { pf, vf, network: own } = device;
  const dpuNetwork = own && omitUndefined({ name: own.name, logicalBridge: own.logicalBridge });
  const isForDpuSide = network === networkFunctionNetwork && index.list().some(({ side }) => side === 'dpu');
  if (device.side === 'dpu' || !isForDpuSide) {
    return {
      role: device.side === 'dpu' ? 'networkFunction' : 'hostPort',
      dpuName: device.dpuName,
      ...(dpuNetwork && { dpuNetwork }),
      pf,
      vf,
    };
  }
  if (!dpuSide) throw new CniError(cniCodes.tryAgainLater, "this node's DPU side is not ready; see kubectl get dpu");
  return {
    role: 'networkFunction',
    dpuName: dpuSide.dpuName,
    deviceDpu: device.dpuName,
    ...(dpuNetwork && { dpuNetwork }),
    pf,
    vf,
  };
}

/** @throws CniError while the DPU cannot serve pods */
export function refuseOutOfService(index: DpuIndex, { dpuName }: Placement): void {
  const reason = index.dpu(dpuName)?.outOfService;
  if (reason !== undefined) throw new CniError(cniCodes.tryAgainLater, `DPU ${dpuName}: ${reason}`);
}

/** @throws CniError where a network names another bridge than that of the DpuNetwork which its device belongs to */
export function refuseOtherBridge(bridgeId: string | undefined, deviceId: string, { dpuNetwork }: Placement): void {
  if (bridgeId === undefined || (dpuNetwork && networkBridgeId(dpuNetwork.name) === bridgeId)) return;
  const whose = dpuNetwork ? `of DpuNetwork ${dpuNetwork.name}` : 'of no DpuNetwork';
  const why = `device ${deviceId} is ${whose}: the pod must request the resource of the network that it names`;
  throw new CniError(cniCodes.invalidConfig, `network configuration: BridgeID: ${bridgeId}: ${why}`);
}

/** The name of the host's bridge port on the DPU side, as the Go operator forms it; undefined where there is none to make. */
export function bridgePortOf({ role, pf, vf }: Placement): string | undefined {
  return role === 'hostPort' ? `host${pf}-${vf}` : undefined;
}
