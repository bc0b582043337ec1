/** What the host's side and the DPU's side have in common. */
import type { Device, IpPort, PluginContext } from '@dpu-operator/sdk';
import type { WatchLinks } from './node-links.ts';
import type { Settings } from './settings.ts';

export interface SideOptions {
  context: PluginContext<Settings>;
  /** There are other devices than before, or their health is another. */
  onDevices: () => void;
  watch?: WatchLinks;
}

export interface Side {
  start(): Promise<IpPort>;
  devices(): Device[];
  setNumVfs(count: number): Promise<number>;
  healthy(): boolean;
  close(): Promise<void>;
}
