/** A DPU as the node remembers it. */
import type { DpuSide, PciPlace } from '@dpu-operator/sdk/manifest';

/** What is known of a DPU that was detected before. */
export interface KnownDpu {
  /** Of its object. It stays the same as long as the DPU is served. */
  name: string;
  side: DpuSide;
  productName: string;
  /** The plugin that detected it; empty where nobody has written that down. */
  plugin: string;
  /** undefined where only an object of an earlier version tells of the DPU. */
  identifier?: string | undefined;
  /** undefined where its rules name no PCI function, or an earlier version detected it. */
  functions?: PciPlace[] | undefined;
  /** Its identifier has the fallback in place of a serial number, which could not be read. */
  byFallback?: true | undefined;
  /** uid of the Node object that there was when it was detected last; undefined where nobody has written that down. */
  nodeUid?: string | undefined;
}
