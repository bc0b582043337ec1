/** The host's side: virtual functions by SR-IOV. */
import { DpuError, type Plugin, type PluginContext } from '@dpu-operator/sdk';
import { configureChannel } from './channel.ts';
import { daemonAddress, type Settings } from './settings.ts';

export async function createHostSide(context: PluginContext<Settings>): Promise<Plugin> {
  const { dpu, platform, settings, status } = context;
  const { sysfs } = platform;
  const pf = dpu.pciAddress;
  if (pf === undefined) {
    throw new DpuError(
      'FAILED_PRECONDITION',
      'an Intel IPU is served on the host by the PCI function it was detected by',
    );
  }
  await configureChannel('host', settings, platform, status);
  const count = async () => (await sysfs.virtualFunctions(pf)).length;
  return {
    address: daemonAddress(settings),
    getDevices: async () => {
      const addresses = await sysfs.virtualFunctions(pf);
      return addresses.map((id, vf) => ({ id, healthy: true, pf: 0, vf }));
    },
    setNumVfs: async (wanted) => {
      await sysfs.setVirtualFunctions(pf, wanted);
      return count();
    },
    virtualFunctions: async () => ({
      resizing: 'whenUnused',
      physicalFunctions: [{ pf: 0, count: await count(), maximum: await sysfs.maximumVirtualFunctions(pf) }],
    }),
  };
}
