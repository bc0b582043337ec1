import type { Sysfs, VfPosition } from '@dpu-operator/sdk/linux';

/**
 * Where a device sits on its card. PCI devices say so in sysfs; netdevs are numbered by their names (`swdpu-vf3`),
 * all on one physical function. What is neither counts as the first.
 */
export async function devicePosition(sysfs: Pick<Sysfs, 'vfPosition'>, id: string): Promise<VfPosition> {
  const onBus = await sysfs.vfPosition(id);
  if (onBus) return onBus;
  return { pf: 0, vf: Number(/(\d+)$/.exec(id)?.[1] ?? 0) };
}
