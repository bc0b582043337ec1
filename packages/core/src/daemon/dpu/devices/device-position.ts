import type { Device } from '@dpu-operator/sdk';
import type { Sysfs, VfPosition } from '@dpu-operator/sdk/linux';

/**
 * Where a device sits on its card: as its plugin says, and else as sysfs says of a PCI device. Netdevs of plugins that do
 * not say are numbered by their names (`swdpu-vf3`), all on one physical function. What is neither counts as the first.
 */
export async function devicePosition(
  sysfs: Pick<Sysfs, 'vfPosition'>,
  { id, pf, vf }: Pick<Device, 'id' | 'pf' | 'vf'>,
): Promise<VfPosition> {
  if (pf !== undefined && vf !== undefined) return { pf, vf };
  const onBus = await sysfs.vfPosition(id);
  if (onBus) return onBus;
  return { pf: 0, vf: Number(/(\d+)$/.exec(id)?.[1] ?? 0) };
}
