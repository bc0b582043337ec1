/** A plugin for an SR-IOV card: it has its virtual functions from sysfs, and its ports in memory. */
import { applyEach } from '../../contract/apply-each.ts';
import { type DataPath, definePlugin, type Plugin, type PluginContext } from '../../contract/contract.ts';
import { DpuError } from '../../errors.ts';

const address = { ip: '127.0.0.1', port: 50151 };

export default definePlugin({
  create: (context: PluginContext<unknown>) => (context.dpu.side === 'host' ? hostSide(context) : dpuSide(context)),
});

function hostSide({ dpu, platform }: PluginContext<unknown>): Plugin {
  const { pciAddress } = dpu;
  if (pciAddress === undefined)
    throw new DpuError('FAILED_PRECONDITION', 'the card was not detected by a PCI function');
  return {
    address,
    getDevices: async () => {
      const addresses = await platform.sysfs.virtualFunctions(pciAddress);
      return addresses.map((id, vf) => ({ id, healthy: true, pf: 0, vf }));
    },
    setNumVfs: async (count) => {
      await platform.sysfs.setVirtualFunctions(pciAddress, count);
      return count;
    },
  };
}

/** Its interfaces for network functions are there from the start, and stay. */
function dpuSide({ platform }: PluginContext<unknown>): Plugin {
  const netdevs = async () => (await platform.sysfs.snapshot()).pci.flatMap((each) => each.netdevs);
  return {
    address,
    limits: { maxVfs: 8 },
    getDevices: async () => (await netdevs()).map(({ name }) => ({ id: name, healthy: true })),
    setNumVfs: async () => (await netdevs()).length,
    dataPath: dataPath(async () => new Set((await netdevs()).map(({ mac }) => mac))),
  };
}

function dataPath(macs: () => Promise<ReadonlySet<string>>): DataPath {
  return {
    serves: ['bridge', 'networkFunctions'],
    apply: async (_wanted, call) => {
      const known = await macs();
      return applyEach(call, async ({ kind, after }) => {
        if (kind !== 'networkFunction' || !after) return undefined;
        const missing = [after.input, after.output].find((mac) => !known.has(mac));
        if (missing !== undefined) throw new DpuError('NOT_FOUND', `no interface has ${missing}`);
        return undefined;
      });
    },
  };
}
