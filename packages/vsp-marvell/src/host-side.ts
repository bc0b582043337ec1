/** The host's side: virtual functions of the card's physical ones. */
import type { Plugin, PluginContext } from '@dpu-operator/sdk';
import { keepLinkLocalChannel, reportFirmware, setVfsOfSettings, VfDevices } from '@dpu-operator/sdk/linux';
import { physicalFunctions } from './card.ts';
import type { Settings } from './settings.ts';

export async function createHostSide(context: PluginContext<Settings>): Promise<Plugin> {
  const { dpu, platform, logger, settings, signal, status } = context;
  const pfs = physicalFunctions(dpu, (await platform.sysfs.snapshot()).pci);
  const channel = { side: 'host', pciAddress: pfs[0] ?? '', port: settings.daemonPort } as const;
  const { address, device } = await keepLinkLocalChannel({ platform, logger, signal }, channel);
  await reportFirmware(context, device);
  if (pfs.length > 1) {
    const message = `the card has ${pfs.length} physical functions: its own DPU needs settings.physicalFunctions: ${pfs.length}`;
    status.set({ type: 'PhysicalFunctions', status: 'True', reason: 'Several', message });
  }
  const netdevTimeoutMs = settings.netdevTimeoutSeconds * 1000;
  const vfs = new VfDevices({ platform, logger, signal, pfs, netdevTimeoutMs });
  await vfs.start();
  if ((await vfs.devices()).length === 0) await setVfsOfSettings({ context, vfs, condition: 'VirtualFunctionCount' });
  return {
    address,
    getDevices: () => vfs.devices(),
    setNumVfs: (count) => vfs.setNumVfs(count),
    setNumVfsOf: (pf, count) => vfs.setNumVfsOf(pf, count),
    virtualFunctions: () => vfs.virtualFunctions(),
    watchDevices: (onChange) => vfs.watch(onChange),
  };
}
