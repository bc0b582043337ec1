/** What a VSP serves: as it says itself, or where it says nothing by trying. */
import type { Capability, PluginInfo } from '../../contract.ts';
import { DpuError } from '../../errors.ts';
import {
  bridgePortService,
  deviceAllocationService,
  deviceWatchService,
  logicalBridgeService,
  networkConfigService,
  networkFunctionService,
  pluginInfoService,
  serviceChainService,
} from '../../wire/definitions.ts';
import { pluginInfoFromWire } from '../../wire/plugin-info.ts';
import type { Vsp } from '../vsp.ts';

export interface Announced {
  /** undefined for an older image, which does not tell. */
  info?: PluginInfo;
  capabilities: ReadonlySet<Capability>;
}

type Probed = Parameters<Vsp['callBytes']>[0];

/** All methods of each capability. */
export const methodsOf: Readonly<Record<Capability, readonly Probed[]>> = {
  bridge: [...Object.values(bridgePortService), ...Object.values(logicalBridgeService)],
  networkFunctions: Object.values(networkFunctionService),
  chains: Object.values(serviceChainService),
  networkConfig: Object.values(networkConfigService),
  deviceWatch: [deviceWatchService.WatchDevices],
  deviceAllocation: Object.values(deviceAllocationService),
};

export async function announcedBy(vsp: Vsp): Promise<Announced> {
  try {
    const info = pluginInfoFromWire(await vsp.call(pluginInfoService.GetPluginInfo, {}));
    return { info, capabilities: new Set(info.capabilities) };
  } catch (error) {
    if (DpuError.from(error).code !== 'UNIMPLEMENTED') throw error;
  }
  const capabilities = new Set<Capability>();
  for (const [capability, [method]] of Object.entries(methodsOf) as [Capability, readonly Probed[]][]) {
    if (method && (await serves(vsp, method))) capabilities.add(capability);
  }
  return { capabilities };
}

/** The start of a field that does not follow: servers refuse it before the method could do anything. */
const broken = Buffer.from([0x0a]);

/** Whether there is such a method. */
export async function serves(vsp: Vsp, method: Probed): Promise<boolean> {
  try {
    await vsp.callBytes(method, broken);
    return true;
  } catch (error) {
    return DpuError.from(error).code !== 'UNIMPLEMENTED';
  }
}
