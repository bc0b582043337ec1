/** What a VSP serves: as it says itself, or where it says nothing by trying. */
import type { Capability, Limits, PluginInfo, VirtualFunctions } from '../../contract/contract.ts';
import { limitsOf } from '../../contract/features.ts';
import { DpuError } from '../../errors.ts';
import { pluginInfoService, virtualFunctionService } from '../../wire/grpc/definitions.ts';
import { servicesOf } from '../../wire/grpc/services.ts';
import { capabilities, pluginInfoFromWire } from '../../wire/mapping/plugin-info.ts';
import { virtualFunctionsFromWire } from '../../wire/mapping/virtual-functions.ts';
import type { Vsp } from '../vsp/vsp.ts';

export interface Announced {
  /** undefined for an older image, which does not tell. */
  info?: PluginInfo;
  capabilities: ReadonlySet<Capability>;
  /** What it cannot pass, as far as it says so. */
  limits: Limits;
  /** How many it has and can have; undefined where it does not say so. */
  virtualFunctions?: VirtualFunctions;
}

type Probed = Parameters<Vsp['callBytes']>[0];

export function methodsOf(capability: Capability): Probed[] {
  return servicesOf[capability].flatMap((service) => Object.values<Probed>(service));
}

export async function announcedBy(vsp: Vsp): Promise<Announced> {
  try {
    const info = pluginInfoFromWire(await vsp.call(pluginInfoService.GetPluginInfo, {}));
    return { info, capabilities: new Set(info.capabilities), limits: limitsOf(info.features) };
  } catch (error) {
    if (DpuError.from(error).code !== 'UNIMPLEMENTED') throw error;
  }
  const found = new Set<Capability>();
  for (const capability of capabilities) {
    const [method] = methodsOf(capability);
    if (method && (await serves(vsp, method))) found.add(capability);
  }
  return { capabilities: found, limits: {} };
}

/** undefined where the VSP does not serve it. Only after Init. */
export async function virtualFunctionsOf(vsp: Vsp): Promise<VirtualFunctions | undefined> {
  try {
    return virtualFunctionsFromWire(await vsp.call(virtualFunctionService.GetVirtualFunctions, {}));
  } catch (error) {
    if (DpuError.from(error).code !== 'UNIMPLEMENTED') throw error;
    return undefined;
  }
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
