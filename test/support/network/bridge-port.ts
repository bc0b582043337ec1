import type { BridgePort } from '@dpu-operator/sdk';

/** As a host asks for that of a VF. @param logicalBridges default: the number that stands for none */
export function bridgePort(vf: number, macAddress: string, ...logicalBridges: string[]): BridgePort {
  return {
    name: `host0-${vf}`,
    macAddress,
    type: 'ACCESS',
    logicalBridges: logicalBridges.length > 0 ? logicalBridges : [`${vf + 2}`],
  };
}
