/** What pods' set-up needs on the node: the CNI executable and its server, and the devices at the kubelet. */
import { readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import type { Logger } from 'pino';
import { installCni, uninstallCni } from '../install/index.ts';
import type { DeviceInfoFiles } from '../kubelet/device-info.ts';
import { DevicePlugins, type DevicePluginsOptions } from '../kubelet/device-plugins.ts';
import type { ObservedTrust } from '../trust/observed-trust.ts';
import type { PodServices } from './node-state.ts';

/** Serves CNI requests. */
export interface CniService {
  /** A DPU has become ready: what could not be undone before may be now. */
  retry(): void;
  close(): Promise<void>;
}

export interface NodePodServicesOptions {
  cni: { source: string; directory: string };
  startCniServer: () => Promise<CniService>;
  devicePlugins: DevicePluginsOptions;
  deviceInfo: Pick<DeviceInfoFiles, 'removeAll'>;
  /** Writes down again what is taken off the disk, unless it is told. */
  trust: Pick<ObservedTrust, 'takeOffDisk' | 'keepOnDisk'>;
  /** Mounted from the node, so it can be emptied but not removed. */
  daemonDirectory: string;
  logger: Logger;
}

export class NodePodServices implements PodServices {
  readonly #options: NodePodServicesOptions;
  #cniServer: CniService | undefined;
  #devicePlugins: DevicePlugins | undefined;
  #isUninstalled = false;
  #isRemoved = false;

  constructor(options: NodePodServicesOptions) {
    this.#options = options;
  }

  get started(): boolean {
    return this.#devicePlugins !== undefined;
  }

  /** The executable comes last: once it is there, the runtime calls it. A start that failed goes on where it was. */
  async start(): Promise<void> {
    if (this.started) return;
    const { cni, startCniServer, devicePlugins, trust } = this.#options;
    this.#isUninstalled = false;
    this.#isRemoved = false;
    trust.keepOnDisk();
    this.#cniServer ??= await startCniServer();
    await installCni(cni);
    this.#devicePlugins = new DevicePlugins(devicePlugins);
    this.#devicePlugins.start();
  }

  retry(): void {
    this.#cniServer?.retry();
  }

  async uninstall(): Promise<void> {
    if (this.#isUninstalled) return;
    const { cni, deviceInfo, logger } = this.#options;
    const wasInstalled = await uninstallCni(cni);
    await this.close();
    deviceInfo.removeAll();
    this.#isUninstalled = true;
    if (wasInstalled) logger.info('the CNI executable is taken off the node');
  }

  async remove(): Promise<void> {
    if (this.#isRemoved) return;
    const { daemonDirectory, trust, logger } = this.#options;
    await this.uninstall();
    await trust.takeOffDisk();
    for (const name of readdirSync(daemonDirectory)) {
      rmSync(join(daemonDirectory, name), { recursive: true, force: true });
    }
    this.#isRemoved = true;
    logger.info('nothing of the daemon is left on the node');
  }

  /** Ends the services; attachments and the executable stay, which a daemon that restarts relies on. */
  async close(): Promise<void> {
    const [plugins, server] = [this.#devicePlugins, this.#cniServer];
    this.#devicePlugins = undefined;
    this.#cniServer = undefined;
    await Promise.all([plugins?.close(), server?.close()]);
  }
}
