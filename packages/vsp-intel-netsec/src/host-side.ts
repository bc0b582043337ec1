/** The host's side: virtual functions of the card's first port. */
import { DpuError, type Plugin, type PluginContext } from '@dpu-operator/sdk';
import {
  type KeptChannel,
  keepLinkLocalChannel,
  reportFirmware,
  setVfsOfSettings,
  VfDevices,
} from '@dpu-operator/sdk/linux';
import { hostPortOf } from './card.ts';
import type { Settings } from './settings.ts';
import { reportVfs } from './status.ts';
import { setUpVfs } from './vf-setup.ts';

export async function createHostSide(context: PluginContext<Settings>, open?: KeptChannel['open']): Promise<Plugin> {
  const { dpu, platform, logger, settings, status, signal } = context;
  const { sysfs, sriov } = platform;
  const pf = hostPortOf(dpu, (await sysfs.snapshot()).pci);
  const channel = { side: 'host', pciAddress: pf, port: settings.daemonPort } as const;
  const { address, device } = await keepLinkLocalChannel({ platform, logger, signal, open }, channel);
  await reportFirmware(context, device);
  const vfs = new VfDevices({
    platform,
    logger,
    signal,
    pfs: [pf],
    // A driver that was loaded anew has forgotten both.
    configure: async (port, count) => {
      await useVepa();
      await setUpVfs(platform, port, count);
    },
    netdevTimeoutMs: settings.netdevTimeoutSeconds * 1000,
  });
  vfs.watch(() => void reportVfs(context, vfs));
  await vfs.start();
  if ((await vfs.devices()).length === 0) await setVfsOfSettings({ context, vfs, condition: 'VirtualFunctionCount' });
  return {
    address,
    getDevices: () => vfs.devices(),
    setNumVfs: (count) => vfs.setNumVfs(count),
    virtualFunctions: () => vfs.virtualFunctions(),
    watchDevices: (onChange) => vfs.watch(onChange),
  };

  /** Frames between functions of one VLAN would else not leave the host. */
  async function useVepa(): Promise<void> {
    try {
      await sriov.setBridgeMode(pf, 'vepa');
      status.clear('Vepa');
    } catch (error) {
      const { code, message } = DpuError.from(error);
      if (code !== 'UNIMPLEMENTED') throw error;
      logger.warn({ err: error }, 'the driver has no VEPA');
      const text = `${message}; pods are kept apart by their VLANs alone. A newer driver of the card has it`;
      status.set({ type: 'Vepa', status: 'False', reason: 'NotSupported', message: text });
    }
  }
}
