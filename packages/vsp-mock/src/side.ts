/** What host side and DPU side have in common. */
import type { Device, IpPort, PluginContext } from '@dpu-operator/sdk';
import type { Platform } from './platform.ts';
import type { Settings } from './settings.ts';

export interface SideOptions {
  platform: Platform;
  settings: Settings;
  node: { name: string; ip: string };
  stateDirectory: string;
  /** Of VFs and ports for network functions. */
  mtu: number;
  logger: PluginContext<unknown>['logger'];
  /** There are other devices than before, or their health is another. */
  onDevices: () => void;
}

export interface Side {
  start(): Promise<IpPort>;
  devices(): Device[];
  setNumVfs(count: number): Promise<number>;
  healthy(): Promise<boolean>;
  close(): Promise<void>;
}
