import type { LinkChange } from '@dpu-operator/sdk/linux';

/**
 * Whether a change of a link may be one of a DPU. Hardware has no kind (IFLA_INFO_KIND of rtnetlink(7)): veths, bridges
 * and VXLAN devices, which come and go with pods, have one. Virtual functions go into pods and come back.
 *
 * @param virtualFunctions PCI addresses of those that the last look saw
 */
export function mattersForDetection(change: LinkChange, virtualFunctions: ReadonlySet<string>): boolean {
  const { kind, pciAddress } = change;
  return kind === undefined && !(pciAddress !== undefined && virtualFunctions.has(pciAddress));
}
