/** The host's side: virtual functions by SR-IOV. */
import { DpuError, type Plugin, type PluginContext } from '@dpu-operator/sdk';
import { VfDevices } from '@dpu-operator/sdk/linux';
import { keepChannel } from './channel.ts';
import { daemonAddress, type Settings } from './settings.ts';

export async function createHostSide(context: PluginContext<Settings>): Promise<Plugin> {
  const { dpu, platform, settings, logger, signal } = context;
  if (dpu.pciAddress === undefined) {
    throw new DpuError(
      'FAILED_PRECONDITION',
      'an Intel IPU is served on the host by the PCI function that it was detected by',
    );
  }
  const vfs = new VfDevices({ platform, logger, pfs: [dpu.pciAddress], signal });
  await vfs.start();
  await keepChannel('host', context);
  return {
    address: daemonAddress(settings),
    getDevices: () => vfs.devices(),
    setNumVfs: (count) => vfs.setNumVfs(count),
    virtualFunctions: () => vfs.virtualFunctions(),
    watchDevices: (onChange) => vfs.watch(onChange),
  };
}
