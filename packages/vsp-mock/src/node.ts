/** The node that a side works on. */
import type { Logger, Platform } from '@dpu-operator/sdk';
import type { Settings } from './settings.ts';

export interface Node {
  name: string;
  ip: string;
  settings: Settings;
  /** Of VFs and ports for network functions. */
  mtu: number;
  /** Its programs run in the node's network namespace. */
  platform: Platform;
  /** Path of that namespace; undefined where it is that of this process. */
  netns: string | undefined;
  logger: Logger;
}
