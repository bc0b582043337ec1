/** What the attach engine needs of the rest of the daemon. */
import type { BridgePort, NetworkFunction } from '@dpu-operator/sdk';
import type { Presence } from '../presence.ts';

/** A network function whose pod has its two interfaces. */
export interface AttachedFunction extends NetworkFunction {
  /** Id of the logical bridge that `bridgeId` stands for; undefined: the default bridge, or none in particular. */
  logicalBridge?: string;
}

/** A DPU's data path. All calls are idempotent: they are repeated after a crash. */
export interface DataPath {
  /** Host side. @throws DpuError UNAVAILABLE while the DPU side is out of reach */
  createBridgePort(port: BridgePort): Promise<void>;
  /** Deleting what is not there is no error. */
  deleteBridgePort(name: string): Promise<void>;
  /** DPU side. @param place where it belongs to a chain, whose other functions may not be there yet */
  createNetworkFunction(nf: AttachedFunction, place?: ChainPlace): Promise<void>;
  /** Deleting what is not there is no error. @param chain the one that it belongs to; no frame passes that afterwards */
  deleteNetworkFunction(nf: AttachedFunction, chain?: string): Promise<void>;
}

/** A network function's place in a chain. */
export interface ChainPlace {
  /** `namespace/name` of the ServiceFunctionChain. */
  chain: string;
  /** Its name there. */
  function: string;
  /** All of the chain in order. */
  functions: readonly string[];
  /** Id of the logical bridge whose frames alone pass the chain; undefined: those of all. */
  logicalBridge?: string | undefined;
  /** The generation of the ServiceFunctionChain that says so. */
  generation: number;
}

export interface ChainMembership {
  /** The place of a network function's pod; undefined for one of no chain. @throws DpuError UNAVAILABLE while that is not known */
  of(pod: { namespace: string; name: string; uid?: string }): Promise<ChainPlace | undefined>;
}

export type Side = 'host' | 'dpu';

export interface DpuEntry {
  dpuName: string;
  side: Side;
  dataPath: DataPath;
  /** Why it cannot serve pods now, for a person; undefined while it can. */
  outOfService?: string | undefined;
}

/** The DpuNetwork that a device belongs to. */
export interface DeviceNetwork {
  name: string;
  /** Id of the logical bridge that its ports are on; undefined: the default bridge. */
  logicalBridge?: string | undefined;
}

/** Where a device sits: its DPU, and which virtual function of which port it is. */
export interface DeviceEntry extends DpuEntry {
  pf: number;
  vf: number;
  network?: DeviceNetwork | undefined;
}

/** The DPUs of this node, by their devices and names. */
export interface DpuIndex {
  find(deviceId: string): DeviceEntry | undefined;
  /** Also one of a DPU that takes no new pods: a pod may have it still. */
  locate(deviceId: string): DeviceEntry | undefined;
  /** By name of the DataProcessingUnit: releasing needs the data path when the device itself is gone already. */
  dpu(dpuName: string): DpuEntry | undefined;
  /** The DPU side that takes pods, where host side and DPU side are on one node. */
  dpuSide(): DpuEntry | undefined;
  /** `gone` only when it was torn down: then nothing of an attachment is left on it. */
  presence(dpuName: string): Presence<DpuEntry>;
  /** All of them, also those that are still to be found again after a start. */
  list(): readonly Omit<DpuEntry, 'dataPath'>[];
}

/** What the kubelet says of who was given which device of this node. */
export interface DeviceAllocations {
  /** `gone` where the kubelet counts the device as nobody's, `unknown` where it does not answer. Never throws. */
  podOf(deviceId: string): Promise<Presence<{ namespace: string; name: string }>>;
}
